"""Like `cases`, for what goes wrong between the parts of a project: guards, calls, patterns and
exceptions.
"""

MORE_CASES: dict[str, tuple[str, str, str]] = {
    "asked value": (
        "def hint(self, text):\n    if self.loud:\n        text += self.horn\n    return text\n",
        "if self.loud",
        "if self.loud and self.horn is not None",
    ),
    "asked type": (
        "def seats(table):\n    if isinstance(table, list):\n        return len(table)\n"
        "    return 1\n",
        "table, list",
        "table, (list, tuple)",
    ),
    "truth": (
        "def price(given, usual):\n    cost = usual\n    if given:\n        cost = given\n"
        "    return cost\n",
        "if given",
        "if given is not None",
    ),
    "enclosed": (
        "def finish(rest):\n    print('done')\n    yield rest\n",
        "    yield rest\n",
        "    if rest:\n        yield rest\n",
    ),
    "early leave": (
        "def size(shop, key):\n    box = shop.find(key)\n    return box.width * box.height\n",
        "    box = shop.find(key)\n",
        "    box = shop.find(key)\n    if box is None:\n        return None\n",
    ),
    "fallback": (
        "def colour(paint):\n    tone = paint['tone']\n    return tone\n",
        "paint['tone']",
        "paint.get('tone')",
    ),
    "preparation": (
        "def greet(people):\n    for person in people:\n        print(person)\n",
        "    for",
        "    if isinstance(people, str):\n        people = [people]\n    for",
    ),
    "passed on": (
        "def order(dish, table=1):\n    return dish, table\n\n\n"
        "def lunch(dish, table=1):\n    return order(dish)\n",
        "return order(dish)",
        "return order(dish, table=table)",
    ),
    "hoisted": (
        "def twice(rows, count):\n    return list(set(rows * count))\n",
        "set(rows * count)",
        "set(rows) * count",
    ),
    "chained call": (
        "def words(line):\n    return line.split(',')\n",
        "line.split",
        "line.lower().split",
    ),
    "caseless": (
        "def same(one, two):\n    return one == two\n",
        "one == two",
        "one.lower() == two.lower()",
    ),
    "pattern": (
        "import re\n\n\ndef is_code(text):\n    return re.match(r'[a-z]+\\d', text) is not None\n",
        "\\d'",
        "\\d$'",
    ),
    "matching": (
        "import re\n\n\ndef found(text):\n    return re.search('moss', text)\n",
        "'moss', text",
        "'moss', text, flags=re.IGNORECASE",
    ),
    "shown form": (
        "def said(name):\n    return 'no {name} here'.format(name=name)\n",
        "'no {name} here'",
        "'no {name!r} here'",
    ),
    "caught type": (
        "def number(text):\n    try:\n        return int(text)\n    except ValueError:\n"
        "        return 0\n",
        "except ValueError",
        "except (ValueError, TypeError)",
    ),
    "survived": (
        "def load(shelf, key):\n    book = shelf.fetch(key)\n    return book\n",
        "    book = shelf.fetch(key)\n",
        "    try:\n        book = shelf.fetch(key)\n    except KeyError:\n        book = None\n",
    ),
    "raised": (
        "def pack(count):\n    if count > 9:\n        raise ValueError('too many')\n"
        "    return [0] * count\n",
        "    if count > 9",
        "    if count < 0:\n        raise ValueError('too many')\n    if count > 9",
    ),
    "mirrored condition": (
        "def dips(row):\n    return [i for i in range(1, len(row) - 1) if row[i] < row[i - 1]]\n",
        "if row[i] < row[i - 1]",
        "if row[i] < row[i - 1] and row[i] < row[i + 1]",
    ),
    "rest": (
        "def shouted(word):\n    return word[0].upper()\n",
        "word[0].upper()",
        "word[0].upper() + word[1:]",
    ),
    "alike": (
        "def same_town(one, two):\n    return one.strip() == two.strip().lower()\n",
        "one.strip() ==",
        "one.strip().lower() ==",
    ),
    "variable throughout": (
        "def spread(rows):\n    ranked = sorted(rows)\n    return rows[-1] - rows[0]\n",
        "rows[-1] - rows[0]",
        "ranked[-1] - ranked[0]",
    ),
    "both sides": (
        "def nearer(one, two, goal):\n    return one if one - goal < two - goal else two\n",
        "one - goal < two - goal",
        "abs(one - goal) < abs(two - goal)",
    ),
    "cleaned member": (
        'def sizes(words):\n    """Lengths; commas do not count."""\n    found = []\n'
        "    for word in words:\n        found.append(len(word))\n    return found\n",
        "        found.append(",
        "        word = word.strip(',')\n        found.append(",
    ),
    "told bound": (
        'def toll(axles):\n    """Five for each axle, but never more than 40."""\n'
        "    return 5 * axles\n",
        "5 * axles\n",
        "min(5 * axles, 40)\n",
    ),
    "tie": (
        "def ranked(ships):\n    return sorted(ships, key=lambda ship: -ship[1])\n",
        "-ship[1]",
        "(-ship[1], ship)",
    ),
    "left over": (
        "def seat(row, number):\n    if not row:\n        return None\n    return row[number]\n",
        "    return row[number]",
        "    number %= len(row)\n    return row[number]",
    ),
    "shorter result": (
        "def clock(hours, minutes):\n    return str(hours) + ':' + str(minutes)\n",
        "    return",
        "    if minutes == 0:\n        return str(hours)\n    return",
    ),
    "form elsewhere": (
        "def guests(names):\n    known = []\n    for name in names:\n"
        "        if name.strip() not in known:\n            known.append(name)\n    return known\n",
        "append(name)",
        "append(name.strip())",
    ),
    "told term": (
        'def half_time(minutes):\n    """What is left of the minutes modulo 45."""\n'
        "    return minutes\n",
        "return minutes",
        "return minutes % 45",
    ),
    "distinct places": (
        "def twins(boats):\n    for i, one in enumerate(boats):\n"
        "        for k, two in enumerate(boats):\n            if one == two:\n"
        "                return True\n    return False\n",
        "if one == two",
        "if i != k and one == two",
    ),
    "remainder": (
        "def crews(names):\n    full = []\n    crew = []\n    for name in names:\n"
        "        crew = [*crew, name]\n        if len(crew) == 4:\n            full.append(crew)\n"
        "            crew = []\n    return full\n",
        "    return",
        "    if crew:\n        full.append(crew)\n    return",
    ),
    "told branch": (
        'def class_of(weight):\n    """A up to 50, B up to 90, else C."""\n'
        "    if weight <= 50:\n        return 'A'\n    return 'C'\n",
        "    return 'C'",
        "    if weight <= 90:\n        return 'B'\n    return 'C'",
    ),
    "told replacement": (
        'def bare(code):\n    """The code without hyphens and dots."""\n'
        "    return code.replace('-', '')\n",
        "code.replace('-', '')",
        "code.replace('-', '').replace('.', '')",
    ),
    "parallel term": (
        "def gain(sold, spent):\n    return sum(sold)\n",
        "sum(sold)",
        "sum(sold) - sum(spent)",
    ),
    "shorter length": (
        "def shared(one, two):\n    n = 0\n    for k in range(len(one)):\n"
        "        n += one[k] == two[k]\n    return n\n",
        "len(one)",
        "min(len(one), len(two))",
    ),
    "counted entry": (
        "def stock(boxes):\n    found = {}\n    for box in boxes:\n        found[box] = 1\n"
        "    return found\n",
        "found[box] = 1",
        "found[box] = found.get(box, 0) + 1",
    ),
    "ordered parameters": (
        "def stops(first, last):\n    return list(range(first, last))\n",
        "    return",
        "    if first > last:\n        first, last = last, first\n    return",
    ),
    "begun anew": (
        "def weights(shelves):\n    weight = 0\n    found = []\n    for shelf in shelves:\n"
        "        for box in shelf:\n            weight += box\n        found.append(weight)\n"
        "    return found\n",
        "        for box",
        "        weight = 0\n        for box",
    ),
    "inside": (
        "def reach(hops, goal):\n    k = 0\n    while hops[k] < goal:\n        k += 1\n"
        "    return k\n",
        "hops[k] < goal",
        "k < len(hops) and hops[k] < goal",
    ),
    "step": (
        'def lefts(shoes):\n    """Every other one of the shoes."""\n'
        "    return [shoes[k] for k in range(len(shoes))]\n",
        "range(len(shoes))",
        "range(0, len(shoes), 2)",
    ),
}
