"""Like `cases`, for templates that are tried in projects alone; with what failing tests tell."""

from swe_agent.repair.told import Told

SEEN = {"crate": ("Box",)}
"""Types that variables had as the failing tests ran."""
PROJECT_CASES: dict[str, tuple[str, str, str, Told]] = {
    "seen type": (
        "class Box:\n    pass\n\n\n"
        "def weight(crate):\n    return 2 if isinstance(crate, list) else 1\n",
        "isinstance(crate, list)",
        "isinstance(crate, (list, Box))",
        Told(),
    ),
    "flag given": (
        "def bake(dish, fan=False):\n    return dish, fan\n\n\n"
        "def roast(dish):\n    return bake(dish)\n",
        "return bake(dish)",
        "return bake(dish, fan=True)",
        Told(),
    ),
    "lacked": (
        "def label(box):\n    if box.lid.colour and box.name:\n        return box.name\n",
        "if box.lid.colour and",
        "if hasattr(box.lid, 'colour') and box.lid.colour and",
        Told(lacking=("colour",)),
    ),
    "taken argument": (
        "class Gate:\n    def opened(self, by):\n        return by\n",
        "(self, by)",
        "(self, by, slowly=None)",
        Told(given=(("opened", "slowly"),)),
    ),
    "spared argument": (
        "def fill(box, lid, by):\n    return [box, lid, by]\n",
        "(box, lid, by)",
        "(box, lid=None, by=None)",
        Told(wanting=(("fill", ("lid", "by")),)),
    ),
    "moved argument": (
        "def numbered(rows, first):\n    return enumerate(list(rows, first))\n",
        "enumerate(list(rows, first))",
        "enumerate(list(rows), first)",
        Told(),
    ),
    "enclosing call": (
        "def clean(text):\n    return text.strip('.')\n\n\n"
        "def first(lines):\n    return clean(lines[0])\n\n\n"
        "def last(lines):\n    return lines[-1]\n",
        "lines[-1]",
        "clean(lines[-1])",
        Told(),
    ),
    "sibling argument": (
        "def bake(oven, dish):\n    oven.heat(dish, fan=True)\n\n\n"
        "def roast(oven, dish):\n    oven.heat(dish)\n",
        "heat(dish)",
        "heat(dish, fan=True)",
        Told(),
    ),
    "own attribute": (
        "class Gate:\n    def __init__(self):\n        self.locked = False\n\n"
        "    def passes(self, ticket):\n        if ticket:\n            return True\n"
        "        return False\n",
        "if ticket:",
        "if ticket and not self.locked:",
        Told(),
    ),
    "other test": (
        "def is_whole(number):\n    return type(number) is int\n",
        "type(number) is int",
        "isinstance(number, int)",
        Told(),
    ),
    "otherwise": (
        "def label(box, usual):\n    name = box.name\n    return name.upper()\n",
        "= box.name",
        "= box.name or usual",
        Told(),
    ),
    "needless part": (
        "def note(log, line):\n    log.write(line, 'x', end='')\n",
        "line, 'x', end",
        "line, end",
        Told(),
    ),
    "early value": (
        "class Scale:\n    def __init__(self, unit):\n        self.unit = unit\n\n"
        "    def read(self, weight):\n        return weight.value * self.unit\n",
        "        return weight",
        "        if weight is None:\n            return self.unit\n        return weight",
        Told(),
    ),
    "f-string": (
        "def told(name):\n    raise ValueError(\n        'no {name} '\n        'here'\n    )\n",
        "'no {name} '",
        "f'no {name} '",
        Told(),
    ),
    "entry": (
        "def is_fruit(word):\n    return word in {'apple', 'pear'}\n",
        "'pear'}",
        "'pear', 'quince'}",
        Told(texts=("quince",)),
    ),
    "more cases": (
        "def is_end(line):\n    return line == 'quit'\n",
        "== 'quit'",
        "in ('quit', 'exit')",
        Told(texts=("exit",)),
    ),
    "told text": (
        "def size(count):\n    return '{} Byte'.format(count)\n",
        "{} Byte'",
        "{} Bytes'",
        Told(differences=(("3 Byte", "3 Bytes"),)),
    ),
    "lacking attribute": (
        "class Fault:\n    def __init__(self, cause):\n        self.text = str(cause)\n",
        "        self.text",
        "        self.cause = cause\n        self.text",
        Told(lacking=("cause",)),
    ),
    "raised type": (
        "def seat(row):\n    if row > 9:\n        raise Exception('full')\n    return row\n",
        "Exception(",
        "LookupError(",
        Told(types=("LookupError",)),
    ),
    "alternative": (
        "import re\n\n\ndef is_pet(word):\n    return re.fullmatch(r'(cat|dog)', word)\n",
        "cat|dog",
        "cat|dog|hen",
        Told(texts=("hen",)),
    ),
    "forced condition": (
        "def fee(days, member):\n    if days > 3:\n        return 2\n    return 0\n",
        "days > 3",
        "False",
        Told(),
    ),
    "forced end": (
        "def names(rows, found):\n    for row in rows:\n        found.append(row.name)\n",
        "        found.append",
        "        continue\n        found.append",
        Told(),
    ),
    "forced refusal": (
        "def seat(row):\n    price = row * 2\n    return price\n",
        "    price =",
        "    raise LookupError\n    price =",
        Told(types=("LookupError",)),
    ),
    "sibling value": (
        "def take(box):\n    box.used = box.weight\n\n\ndef give(box):\n    box.used = True\n",
        "box.used = True",
        "box.used = box.weight",
        Told(),
    ),
    "other holder": (
        "def near(till):\n    return till.shop.name\n\n\ndef far(till):\n    return till.name\n",
        "return till.name",
        "return till.shop.name",
        Told(),
    ),
    "forgotten raise": (
        "class SoldOutError(Exception):\n    pass\n\n\n"
        "def sell(box):\n    if not box.pieces:\n        SoldOutError(box)\n    box.pieces -= 1\n",
        "        SoldOutError(box)",
        "        raise SoldOutError(box)",
        Told(),
    ),
    "kept entry": (
        "def index(rows):\n    found = {}\n    for row in rows:\n"
        "        found = {row.key: row}\n    return found\n",
        "found = {row.key: row}",
        "found[row.key] = row",
        Told(),
    ),
    "one branch": (
        "def store(shelf, box, fast):\n    if fast:\n        shelf.put(box)\n    else:\n"
        "        shelf.push(box.code)\n",
        "    if fast:\n        shelf.put(box)\n    else:\n        shelf.push(box.code)\n",
        "    shelf.push(box.code)\n",
        Told(),
    ),
    "default of get": (
        "def sizes(box):\n    return len(box.parts.get('size'))\n",
        "get('size')",
        "get('size', [])",
        Told(),
    ),
}
