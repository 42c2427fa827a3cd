"""For each repair template a wrong program, and the right one; none is from a benchmark."""

CASES: dict[str, tuple[str, str, str]] = {
    "comparator": (
        "def fits(load, limit):\n    return load < limit\n",
        "load < limit",
        "load <= limit",
    ),
    "boundary": (
        "def alone(guests):\n    if len(guests) == 0:\n        return True\n    return False\n",
        "len(guests) == 0",
        "len(guests) <= 1",
    ),
    "arithmetic": (
        "def area(width, height):\n    return width + height\n",
        "width + height",
        "width * height",
    ),
    "connective": (
        "def open_at(hour):\n    return hour > 8 or hour < 18\n",
        "or",
        "and",
    ),
    "negation": (
        "def tag(done):\n    if done:\n        return 'open'\n    return 'done'\n",
        "if done",
        "if not done",
    ),
    "number": ("def dozen():\n    return 11\n", "11", "12"),
    "fixed number": (
        "def crowded(guests, chairs):\n    return guests > 8\n",
        "guests > 8",
        "guests > chairs",
    ),
    "flag": (
        "def newest(entries):\n    return sorted(entries, reverse=False)\n",
        "reverse=False",
        "reverse=True",
    ),
    "text": (
        "def pole(south):\n    return 'N' if not south else 'N' + 'S'\n",
        "'N' + 'S'",
        "'S' + 'S'",
    ),
    "first value": (
        "def warmest(days):\n    best = 0\n    for day in days:\n        if day > best:\n"
        "            best = day\n    return best\n",
        "best = 0",
        "best = float('-inf')",
    ),
    "mutable default": (
        "def note(word, words=[]):\n    words.append(word)\n    return words\n",
        "words=[]):\n",
        "words=None):\n    if words is None:\n        words = []\n",
    ),
    "variable": (
        "def gap(start, stop):\n    return stop - stop\n",
        "stop - stop",
        "stop - start",
    ),
    "target": (
        "def count(rows):\n    red = 0\n    blue = 0\n    for row in rows:\n        red += row\n"
        "        red += 1\n    return red, blue\n",
        "red += 1",
        "blue += 1",
    ),
    "function": (
        "def complete(parts):\n    return any(part.ready for part in parts)\n",
        "any(",
        "all(",
    ),
    "attribute": (
        "def label(box):\n    return f'{box.width_mm} x {box.width_mm} {box.width_cm}'\n",
        "{box.width_cm}",
        "{box.width_mm}",
    ),
    "opposite": (
        "def leaf(node):\n    return node.left is None\n",
        "node.left",
        "node.right",
    ),
    "argument order": (
        "def ago(now, then):\n    return elapsed(now, then)\n",
        "elapsed(now, then)",
        "elapsed(then, now)",
    ),
    "operand order": (
        "def change(paid, price):\n    return price - paid\n",
        "price - paid",
        "paid - price",
    ),
    "needless call": (
        "def names(rows):\n    return list(reversed(rows))\n",
        "list(reversed(rows))",
        "list(rows)",
    ),
    "missing call": (
        "class Shelf:\n    def books(self):\n        return self.kept\n",
        "return self.kept",
        "return list(self.kept)",
    ),
    "missing bound": (
        "def left(stock, sold):\n    rest = stock - sold\n    return rest\n",
        "rest = stock - sold",
        "rest = max(0, stock - sold)",
    ),
    "keyword": (
        "def ranking(scores):\n    return sorted(scores)\n",
        "sorted(scores)",
        "sorted(scores, reverse=True)",
    ),
    "recursion argument": (
        "def total(prices):\n    if not prices:\n        return 0\n"
        "    return prices[0] + total(prices)\n",
        "total(prices)\n",
        "total(prices[1:])\n",
    ),
    "relative argument": (
        "def seat(row, offset):\n    return find(row)\n",
        "find(row)",
        "find(row - offset)",
    ),
    "off by one": (
        "def last(rows):\n    return rows[len(rows)]\n",
        "rows[len(rows)]",
        "rows[len(rows) - 1]",
    ),
    "slice bounds": (
        "def tail(rows, n):\n    return rows[:n]\n",
        "rows[:n]",
        "rows[n:]",
    ),
    "range bounds": (
        "def months():\n    return [name(m) for m in range(12)]\n",
        "range(12)",
        "range(1, 12 + 1)",
    ),
    "loop over": (
        "def drop(jars):\n    for key in jars:\n        if key < 0:\n            del jars[key]\n",
        "in jars:",
        "in list(jars):",
    ),
    "null guard": (
        "def city(person):\n    if person.address:\n        return person.address.city\n"
        "    return ''\n",
        "if person.address",
        "if person and person.address",
    ),
    "condition case": (
        "def skip(line):\n    if line.startswith('#'):\n        return True\n    return False\n",
        "if line.startswith('#')",
        "if line.startswith('#') or not line",
    ),
    "condition part": (
        "def mine(pet, owner):\n    return pet.owner == owner and pet.tame\n",
        "pet.owner == owner and pet.tame",
        "pet.owner == owner",
    ),
    "loop end": (
        "def drain(queue):\n    while True:\n        print(queue.pop())\n",
        "while True",
        "while queue",
    ),
    "early exit": (
        "def mean(values):\n    return sum(values) / len(values)\n",
        "    return sum",
        "    if not values:\n        return 0\n    return sum",
    ),
    "skip": (
        "def words(lines):\n    found = []\n    for line in lines:\n"
        "        found.append(line.split()[0])\n    return found\n",
        "        found.append",
        "        if not line:\n            continue\n        found.append",
    ),
    "fixed result": (
        "def even(marks):\n    odd = 0\n    for mark in marks:\n        odd ^= mark\n"
        "    return True\n",
        "return True",
        "return odd == 0",
    ),
    "result": (
        "def queue(waiting, new):\n    ordered = sorted(new)\n    return ordered\n",
        "return ordered",
        "return waiting + ordered",
    ),
    "forgotten result": (
        "def climb(node):\n    if node.parent is None:\n        return node\n"
        "    climb(node.parent)\n",
        "    climb(",
        "    return climb(",
    ),
    "yield": (
        "def walk(tree):\n    yield tree\n    for child in tree.children:\n"
        "        yield walk(child)\n",
        "yield walk(child)",
        "yield from walk(child)",
    ),
    "forgotten call": (
        "class Bill:\n    def total(self):\n        return 3\n    def due(self):\n"
        "        return self.total > 0\n",
        "self.total > 0",
        "self.total() > 0",
    ),
    "needless term": (
        "def perimeter(a, b):\n    return 1 + 2 * (a + b)\n",
        "1 + 2 * (a + b)",
        "2 * (a + b)",
    ),
    "held value": (
        "def cost(unit, count):\n    price = unit * count\n    return round(unit * count)\n",
        "round(unit * count)",
        "round(price)",
    ),
    "donor": (
        "def book(table, who, seat):\n    table[who] = 1\n    seat[0] = 2\n",
        "seat[0]",
        "table[who]",
    ),
    "power": (
        "def distance(x, y):\n    return x + y * y\n",
        "x + y * y",
        "x * x + y * y",
    ),
    "term": (
        "def offset(row, width, column):\n    at = row * width\n    return at\n",
        "row * width",
        "row * width + column",
    ),
    "deletion": (
        "def twice(x):\n    x = x * 2\n    x = x * 3\n    return x\n",
        "    x = x * 3\n",
        "",
    ),
    "needless condition": (
        "def pack(bag, item, room):\n    if room:\n        bag.append(item)\n        bag.sort()\n"
        "    return bag\n",
        "    if room:\n        bag.append(item)\n        bag.sort()\n",
        "    bag.append(item)\n    bag.sort()\n",
    ),
    "move": (
        "def count(rows):\n    n = 0\n    for row in rows:\n        n += 1\n        return n\n",
        "        return n\n",
        "    return n\n",
    ),
    "kept item": (
        "def unique(items):\n    seen = set()\n    found = []\n    for item in items:\n"
        "        if item not in seen:\n            found.append(item)\n    return found\n",
        "            found.append(item)\n",
        "            found.append(item)\n            seen.add(item)\n",
    ),
    "carried value": (
        "def rises(days):\n    before = 0\n    count = 0\n    for day in days:\n"
        "        count += day > before\n    return count\n",
        "        count += day > before\n",
        "        count += day > before\n        before = day\n",
    ),
    "copy": (
        "def put(self, at):\n    self.dirty = True\n    if at:\n        self.at = at\n"
        "        self.save()\n    else:\n        self.at = 0\n",
        "        self.at = 0\n",
        "        self.at = 0\n        self.save()\n",
    ),
    "rebinding": (
        "def shout(word):\n    word.upper()\n    return word\n",
        "    word.upper()\n",
        "    word = word.upper()\n",
    ),
    "augmented assignment": (
        "def total(bills):\n    due = 0\n    for bill in bills:\n        due = bill\n"
        "    return due\n",
        "due = bill",
        "due += bill",
    ),
    "start": (
        "def weigh(crates):\n    for crate in crates:\n        load += crate\n    return load\n",
        "    for crate",
        "    load = 0\n    for crate",
    ),
    "update": (
        "def tally(votes):\n    yes = 0\n    for vote in votes:\n        print(vote)\n"
        "    return yes\n",
        "        print(vote)\n",
        "        print(vote)\n        yes += vote\n",
    ),
    "guard": (
        "def debts(accounts, floor):\n    due = []\n    for account in accounts:\n"
        "        due.append(account)\n    return due\n",
        "        due.append(account)\n",
        "        if account < floor:\n            due.append(account)\n",
    ),
    "filter": (
        "def heavy(crates, limit):\n    return [crate for crate in crates]\n",
        "in crates]",
        "in crates if crate > limit]",
    ),
    "other case": (
        "def balance(moves):\n    sum = 0\n    for kind, euro in moves:\n"
        "        if kind == 'in':\n            sum += euro\n    return sum\n",
        "            sum += euro\n",
        "            sum += euro\n        else:\n            sum -= euro\n",
    ),
    "sibling": (
        "def merge(ours, theirs):\n    every = []\n    every.extend(ours)\n    return every\n",
        "    every.extend(ours)\n",
        "    every.extend(ours)\n    every.extend(theirs)\n",
    ),
    "sibling branch": (
        "def parts(line):\n    if ' ' in line:\n        return line.split(' ')\n"
        "    return [line]\n",
        "    return [line]",
        "    if ',' in line:\n        return line.split(',')\n    return [line]",
    ),
    "branch": (
        "def first(rows):\n    for row in rows:\n        if row < 0:\n            break\n"
        "        print(row)\n",
        "break",
        "continue",
    ),
}
