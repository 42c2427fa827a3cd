"""What the templates fill in where something is missing: conditions over the names at a place, and
the numbers and texts that a function's docstring speaks of.
"""

import ast
import doctest
import re
from collections.abc import Iterator, Mapping

from swe_agent.repair.syntax import Code, Function, arguments_of, own_nodes

CONDITION_LIMIT = 90
RESULT_LIMIT = 4
NAME_LIMIT = 4
PARTNER_LIMIT = 6
EDGE_CHARS = 12
"""Longest result of an example that a guard may return as it stands."""
_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
_MARKS = {
    **{"comma": ",", "dot": ".", "period": ".", "hyphen": "-", "dash": "-", "colon": ":"},
    **{"underscore": "_", "space": " ", "slash": "/", "star": "*", "semicolon": ";"},
}
_NUMBER = re.compile(r"(?<![\w.])\d{1,4}(?!\w|\.\d)|\b(?:" + "|".join(_WORDS) + r")\b")
_RESULT = re.compile(r"(?<![\w.-])(?:-?\d|None|True|False)(?![\w.,]*\w)")
_EMPTY = (
    (r"empty (?:string|text)", "''"),
    (r"empty list", "[]"),
    (r"empty dict", "{}"),
    (r"\bzero\b", "0"),
    (r"\bnone\b|\bnothing\b", "None"),
)
_QUOTED = re.compile(r"'([^'\n]{0,12})'|\"([^\"\n]{0,12})\"|`([^`\n]{1,12})`")


def docstring_of(code: Code, node: ast.AST) -> str:
    """What is written about the function around a node, or about the file."""
    function = node if isinstance(node, Function) else code.function_of(node)
    while function is not None:
        written = ast.get_docstring(function)
        if written:
            return written
        function = code.function_of(function)
    return ast.get_docstring(code.tree) or ""


def told_numbers(code: Code, node: ast.AST) -> list[int]:
    """Whole numbers that the docstring names, in figures or words; its examples do not count."""
    prose = docstring_of(code, node).split(">>>")[0]
    found = (match.group().lower() for match in _NUMBER.finditer(prose))
    return list(dict.fromkeys(_WORDS.index(w) if w in _WORDS else int(w) for w in found))


def told_texts(code: Code, node: ast.AST) -> list[str]:
    """Short texts that stand in quotes in the docstring, in order, then the marks that its prose
    names.
    """
    written = docstring_of(code, node)
    found = ["".join(match.groups("")) for match in _QUOTED.finditer(written)]
    prose = written.split(">>>")[0].lower()
    found += [mark for name, mark in _MARKS.items() if re.search(rf"\b{name}s?\b", prose)]
    return list(dict.fromkeys(found))


def told_results(code: Code, node: ast.AST) -> list[str]:
    """Literals that the docstring names in its prose and a function may return at once."""
    prose = docstring_of(code, node).split(">>>")[0]
    found = [match.group() for match in _RESULT.finditer(prose)]
    found += [text for words, text in _EMPTY if re.search(words, prose.lower())]
    return list(dict.fromkeys(found))[:RESULT_LIMIT]


def told_edges(code: Code, function: Function) -> Iterator[tuple[str, str]]:
    """What the docstring's examples say of the smallest input: a condition that holds for it, and
    the literal that comes back.
    """
    names = arguments_of(function)
    for step in _sessions(docstring_of(code, function)):
        try:
            call = ast.parse(step.source.strip(), mode="eval").body
            value = ast.unparse(ast.parse(step.want.strip() or "None", mode="eval").body)
            literal = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            continue
        if not isinstance(call, ast.Call) or len(repr(literal)) > EDGE_CHARS:
            continue
        if getattr(call.func, "id", "") != function.name:
            continue
        for name, argument in zip(names, call.args, strict=False):
            form = _edge(argument)
            if form:
                yield form % name, value


def _sessions(text: str) -> list[doctest.Example]:
    try:
        return doctest.DocTestParser().get_examples(text)
    except ValueError:
        return []


def _edge(argument: ast.expr) -> str:
    """The condition that tells the smallest values from others; empty where this is none."""
    try:
        value = ast.literal_eval(argument)
    except (ValueError, SyntaxError):
        return ""
    if value is None:
        return "%s is None"
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return "%s < 0" if value < 0 else f"%s == {value}" if value in (0, 1) else ""
    return "not %s" if not value else "len(%s) == 1" if len(value) == 1 else ""


def conditions_at(code: Code, place: ast.AST, first: list[str]) -> Iterator[tuple[str, float]]:
    """Conditions that may be asked at a place, with weights: those over `first` (what a loop binds)
    and the names around, then those that the function asks elsewhere.
    """
    function = code.function_of(place)
    parameters = arguments_of(function) if function else []
    known = [n for n in code.names_at(place) if n not in ("self", "cls", "_")]
    around = [n for n in known if n not in first]
    around.sort(key=lambda name: name not in parameters)
    for elsewhere in _asked(function):
        yield code.text_of(elsewhere), 0.7
    told = told_numbers(code, place)[:PARTNER_LIMIT]
    kinds = kinds_of(function) if function else {}
    found: dict[str, float] = dict(_ends(function)) if function else {}
    for name in first[:NAME_LIMIT]:
        named = [(form % name, weight) for form, weight in _told_kinds(code, place)]
        told_of = [*named, *_told_of(name, told), *_told_marks(code, place, name)]
        told_of += _told_lengths(code, place, name, around[:PARTNER_LIMIT])
        for form, weight in (*told_of, *_over(name, around[:PARTNER_LIMIT], kinds)):
            found.setdefault(form, weight)
    yield from sorted(found.items(), key=lambda row: -row[1])[:CONDITION_LIMIT]


def _asked(function: ast.AST | None) -> list[ast.expr]:
    """Conditions of a function, and their parts."""
    found: list[ast.expr] = []
    for node in own_nodes(function) if function else ():
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            found.append(node.test)
            if isinstance(node.test, ast.BoolOp):
                found += node.test.values
    return found[:10]


def _told_of(name: str, numbers: list[int]) -> Iterator[tuple[str, float]]:
    """Conditions with numbers that the docstring speaks of."""
    for number in numbers:
        yield f"{name} % {number} == 0", 0.5
        yield f"{name} == {number}", 0.4
        yield f"{name} > {number}", 0.4
        yield f"len({name}) > {number}", 0.3
        yield f"len({name}) == {number}", 0.3


def _told_marks(code: Code, place: ast.AST, name: str) -> Iterator[tuple[str, float]]:
    """Conditions with single characters that the docstring's prose names."""
    prose = docstring_of(code, place).split(">>>")[0].lower()
    marks = [m for word, m in _MARKS.items() if re.search(rf"\b{word}s?\b", prose)]
    for mark in marks[:NAME_LIMIT]:
        yield f"{name} != {mark!r}", 0.4
        yield f"{name} == {mark!r}", 0.4


def _told_lengths(
    code: Code, place: ast.AST, name: str, around: list[str]
) -> Iterator[tuple[str, float]]:
    """Conditions on how long something is, where the docstring speaks of that."""
    prose = docstring_of(code, place).split(">>>")[0].lower()
    if not re.search(r"\blong|\bshort|length|letters|characters", prose):
        return
    for other in around:
        for sign, weight in ((">", 0.45), ("<", 0.4), ("==", 0.4), (">=", 0.35), ("<=", 0.35)):
            yield f"len({name}) {sign} {other}", weight


_KINDS_OF_TEXT = (
    (r"capital|upper", ("%s.isupper()", "not %s.isupper()")),
    (r"small|lower", ("%s.islower()", "not %s.islower()")),
    (r"digit|numeral|numeric", ("%s.isdigit()", "not %s.isdigit()")),
    (r"letter|alphabet", ("%s.isalpha()", "not %s.isalpha()")),
    (r"letters? (?:and|or) digits?|alphanumeric", ("%s.isalnum()", "not %s.isalnum()")),
    (r"vowel", ("%s in 'aeiou'", "%s in 'aeiouAEIOU'", "%s.lower() in 'aeiou'")),
    (r"consonant|vowel", ("%s not in 'aeiou'", "%s.lower() not in 'aeiou'")),
    (r"space|blank", ("not %s.isspace()", "%s != ' '", "%s.isspace()")),
)
"""What a docstring calls characters, and conditions that tell such ones."""


def _told_kinds(code: Code, place: ast.AST) -> Iterator[tuple[str, float]]:
    """Conditions, of a name still to be filled in, on kinds of characters that the docstring
    names.
    """
    prose = docstring_of(code, place).split(">>>")[0].lower()
    for words, forms in _KINDS_OF_TEXT:
        for rank, form in enumerate(forms if re.search(words, prose) else ()):
            yield form, 0.6 - 0.1 * rank


def _over(name: str, around: list[str], kinds: Mapping[str, str]) -> Iterator[tuple[str, float]]:
    """Conditions about a name alone, and about it beside others of a kind that fits."""
    own = kinds.get(name, "")
    forms = (("%s", 0.5), ("not %s", 0.4)) if own == "many" else _ALONE
    for form, weight in forms:
        yield form.replace("%s", name), weight
    for other in around:
        kind = kinds.get(other, "")
        if own != "one":
            yield f"{other} in {name}", 0.4
            yield f"{other} not in {name}", 0.3
        if own != "many" or kind != "one":
            for form, weight in _AMONG if kind != "one" else ():
                yield form.format(name, other), weight
        if not (own and kind and own != kind):
            for form, weight in _COMPARED:
                yield form.format(name, other), weight
        if "many" not in (own, kind):
            for form, weight in _DIVIDED:
                yield form.format(name, other), weight


_ALONE = (
    *(("%s != 0", 0.6), ("%s > 0", 0.6), ("%s % 2 == 0", 0.6), ("%s", 0.5), ("%s % 2 == 1", 0.5)),
    *(("%s == 0", 0.5), ("%s < 0", 0.4), ("not %s", 0.4)),
)
_COMPARED = (
    *(("{} == {}", 0.6), ("{} != {}", 0.6), ("{} > {}", 0.5), ("{} < {}", 0.5)),
    *(("{} <= {}", 0.3), ("{} >= {}", 0.3)),
)
_DIVIDED = (("{1} % {0} == 0", 0.5), ("{0} % {1} == 0", 0.4))
_AMONG = (
    *(("{} not in {}", 0.5), ("{} in {}", 0.4), ("{1}.count({0}) == 1", 0.4)),
    *(("{1}.count({0}) > 1", 0.3), ("{}.startswith({})", 0.3), ("{}.endswith({})", 0.3)),
    *(("{} >= {}[-1]", 0.2), ("{} != {}[-1]", 0.2)),
)


def kinds_of(function: ast.AST) -> dict[str, str]:
    """Which names of a function hold many things ("many": they are looped over, measured, indexed)
    and which hold one number ("one": they are counted with); texts may be used as either.
    """
    found: dict[str, str] = {}
    for node in own_nodes(function):
        for part in _many_in(node):
            if isinstance(part, ast.Name):
                found[part.id] = "many"
        for part in _one_in(node):
            if isinstance(part, ast.Name):
                found.setdefault(part.id, "one")
    return found


def _many_in(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.For(iter=held) | ast.comprehension(iter=held):
            return [held]
        case ast.Call(func=ast.Name(id="len" | "sorted" | "sum" | "enumerate"), args=[held, *_]):
            return [held]
        case ast.Subscript(value=held):
            return [held]
        case ast.Call(func=ast.Attribute(value=held)):
            return [held]
    return []


def _one_in(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(func=ast.Name(id="range" | "abs"), args=parts):
            return parts
        case ast.BinOp(left=left, op=ast.Sub() | ast.FloorDiv() | ast.Div() | ast.Mod()):
            return [left, node.right]
        case ast.Subscript(slice=ast.Name() as index):
            return [index]
        case ast.Compare(left=left, comparators=[ast.Constant(value=int() | float())]):
            return [left]
        case ast.AugAssign(target=ast.Name() as target, op=ast.Sub() | ast.FloorDiv()):
            return [target]
        case ast.For(target=ast.Name() as target, iter=ast.Call(func=ast.Name(id="range"))):
            return [target]
    return []


def _ends(function: ast.AST) -> Iterator[tuple[str, float]]:
    """Whether a loop that counts places is at the first or the last one."""
    for node in own_nodes(function):
        match node:
            case (
                ast.For(
                    target=ast.Name(id=name),
                    iter=ast.Call(
                        func=ast.Name(id="range"),
                        args=[ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=held)])],
                    ),
                )
                | ast.For(
                    target=ast.Tuple(elts=[ast.Name(id=name), *_]),
                    iter=ast.Call(func=ast.Name(id="enumerate"), args=[ast.Name(id=held)]),
                )
            ):
                yield f"{name} == len({held}) - 1", 0.5
                yield f"{name} < len({held}) - 1", 0.4
                yield f"{name} > 0", 0.5
                yield f"{name} == 0", 0.5
