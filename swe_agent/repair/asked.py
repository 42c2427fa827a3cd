"""Conditions that might be asked at a place of a project: of the values at hand, what the file asks
of such values elsewhere, and what is usual.
"""

import ast
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from swe_agent.repair.syntax import (
    Code,
    Function,
    arguments_of,
    is_builtin,
    is_called,
    is_loaded,
    locals_of,
    own_nodes,
)
from swe_agent.repair.templates.calling import attributes_near
from swe_agent.repair.templates.conditions import tests_of

VALUE_LIMIT = 14
FIRST = 4
"""Values of which more is asked than whether they are there."""
TYPE_LIMIT = 6
SEEN = 0.95
"""Weight of the types that a value had as the failing tests ran."""
FADES = 0.12
"""How fast values further from the place get less likely."""
_TYPES = ("str", "list", "tuple", "dict", "bytes", "int")
_OPPOSITES = {"==": "!=", "in": "not in", "is": "is not", "<": ">=", ">": "<="}
_OPPOSITES |= {two: one for one, two in _OPPOSITES.items()}


def conditions_for(code: Code, place: ast.AST, read: ast.AST) -> Iterator[tuple[str, float]]:
    """Conditions with their weights, each once; what `read` reads is asked first."""
    seen: set[str] = set()
    known = _known_at(code, place)
    for form, weight in _conditions(code, place, read, known):
        if form not in seen:
            seen.add(form)
            yield form, weight


def _conditions(
    code: Code, place: ast.AST, read: ast.AST, known: set[str]
) -> Iterator[tuple[str, float]]:
    values = _values(code, place, read, known)
    for rank, value in enumerate(values):
        share = 1.0 / (1.0 + FADES * rank)
        for form, weight in _of_presence(value):
            yield form, weight * share
        kinds = code.types_at(place, value)
        for kind in kinds:
            yield f"isinstance({value}, {kind})", SEEN * share
            yield f"not isinstance({value}, {kind})", SEEN * share
        for form, weight in _asked_of_such(code, value, known, kinds):
            yield form, weight * share
        if rank < FIRST:
            for form, weight in _of_kind(code, value, known):
                yield form, weight * share
    for form, weight in _asked_here(code, place, known):
        yield form, weight
    for one, two in itertools.pairwise(values[:6]):
        yield f"{one} == {two}", 0.3
        yield f"{one} != {two}", 0.3
        yield f"{one} is {two}", 0.25
        yield f"{one} is not {two}", 0.25


def _of_presence(value: str) -> Iterator[tuple[str, float]]:
    yield f"{value} is None", 0.9
    yield f"{value} is not None", 0.9
    yield f"not {value}", 0.85
    yield value, 0.85


def _of_kind(code: Code, value: str, known: set[str]) -> Iterator[tuple[str, float]]:
    """Of which type a value is, how long and how large; texts of the tests are never asked for."""
    for rank, kind in enumerate(_kinds_of(code)):
        if kind.split(".")[0] in known or is_builtin(kind):
            yield f"isinstance({value}, {kind})", 0.6 - 0.03 * rank
            yield f"not isinstance({value}, {kind})", 0.6 - 0.03 * rank
    for form, weight in (("len({}) > 1", 0.3), ("len({}) == 1", 0.3), ("{} == 0", 0.3)):
        yield form.format(value), weight
    for form, weight in (("{} > 0", 0.3), ("{} < 0", 0.3), ("callable({})", 0.2)):
        yield form.format(value), weight


def _asked_of_such(
    code: Code, value: str, known: set[str], kinds: tuple[str, ...]
) -> Iterator[tuple[str, float]]:
    """What the file asks of values with the same name, and of what they have."""
    last = value.rsplit(".", 1)[-1]
    for head, tail, names, count in _questions(code).get(last, ()):
        if set(names) <= known:
            form = f"{head}{value}{tail}"
            yield form, min(0.9, 0.6 + 0.1 * count)
            yield _opposite(form), min(0.9, 0.6 + 0.1 * count)
    read = _attributes_of(code).get(last, [])
    own = [m for kind in kinds for m in sorted(code.members.get(kind.split(".")[-1], ()))]
    for attribute in list(dict.fromkeys([*read, *own, *_members_like(code, last, read)]))[:8]:
        yield f"{value}.{attribute}", 0.4
        yield f"not {value}.{attribute}", 0.4
        yield f"{value}.{attribute} is None", 0.35
        yield f"{value}.{attribute} is not None", 0.35
    if re.fullmatch(r"\w+", value):
        for predicate in _predicates(code)[:5]:
            yield f"{predicate}({value})", 0.5
            yield f"not {predicate}({value})", 0.5


def _asked_here(code: Code, place: ast.AST, known: set[str]) -> Iterator[tuple[str, float]]:
    """What the function, then the rest of the file, asks elsewhere with names known here."""
    function = code.function_of(place)
    own = set(own_nodes(function)) if function else set()
    for test, names in _tests(code):
        if set(names) <= known and test is not place:
            text = code.text_of(test)
            if len(text) <= 60 and "\n" not in text:
                weight = 0.7 if test in own else 0.45
                yield text, weight
                yield _opposite(text), weight


def _values(code: Code, place: ast.AST, read: ast.AST, known: set[str]) -> list[str]:
    """Names and attributes worth asking, those that are read first."""
    near = list(_read_values(read))
    function = code.function_of(place)
    given = [n for n in arguments_of(function) if n not in ("self", "cls")] if function else []
    bound = locals_of(function)[::-1] if function else []
    around = [*near, *given, *bound, *attributes_near(code, place)]
    found = [v for v in dict.fromkeys(around) if v.split(".")[0] in known]
    plain = [v for v in found if v not in ("self", "cls", "_") and not _is_global(code, v)]
    return plain[:VALUE_LIMIT]


def _read_values(node: ast.AST) -> Iterator[str]:
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    for inner in ast.walk(node):
        if id(inner) in called or not is_loaded(inner):
            continue
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            text = ast.unparse(inner)
            if re.fullmatch(r"[\w.]+", text):
                yield text


def _is_global(code: Code, value: str) -> bool:
    return value.split(".")[0] in _globals(code) or is_builtin(value)


def _known_at(code: Code, place: ast.AST) -> set[str]:
    """Names that are bound before a place: parameters, variables, the file's own."""
    line = getattr(place, "lineno", 0)
    known = set(_globals(code)) | {"self", "cls"}
    function = code.function_of(place)
    inner = code.names_at(place)
    while function is not None:
        known |= set(arguments_of(function))
        known |= {
            n.id
            for n in own_nodes(function)
            if isinstance(n, ast.Name) and not is_loaded(n) and n.lineno < line
        }
        if "self" not in arguments_of(function) and code.function_of(function) is None:
            known -= {"self"}
        function = code.function_of(function)
    loops = [n for n in inner if n in known]
    parent = code.parents.get(place)
    if isinstance(parent, ast.comprehension | ast.ListComp | ast.GeneratorExp | ast.DictComp):
        return known | set(inner)
    return known | set(loops)


@lru_cache(maxsize=64)
def _globals(code: Code) -> frozenset[str]:
    """Names that a file binds outside of functions."""
    found: set[str] = set()
    for node in code.tree.body:
        if isinstance(node, Function | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign):
            found |= {n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return frozenset(found)


@lru_cache(maxsize=64)
def _tests(code: Code) -> tuple[tuple[ast.expr, tuple[str, ...]], ...]:
    """Conditions of a file and their parts, each with the names it needs, each text once."""
    found: dict[str, tuple[ast.expr, tuple[str, ...]]] = {}
    for node in code.nodes:
        for test in tests_of(node):
            for part in test.values if isinstance(test, ast.BoolOp) else [test]:
                bare = part.operand if isinstance(part, ast.UnaryOp) else part
                names = {n.id for n in ast.walk(bare) if isinstance(n, ast.Name)}
                own = tuple(n for n in names if not is_builtin(n))
                found.setdefault(code.text_of(bare), (bare, own))
    return tuple(found.values())


@lru_cache(maxsize=64)
def _questions(code: Code) -> dict[str, list[tuple[str, str, tuple[str, ...], int]]]:
    """What a file asks by comparing, or by calling a method, by the last name of what is asked:
    what stands before it and after it, the other names, and how often.
    """
    count: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
    for test, names in _tests(code):
        asked: ast.expr = test
        if isinstance(test, ast.Compare):
            asked = test.left
        elif isinstance(test, ast.Call) and isinstance(test.func, ast.Attribute):
            asked = test.func.value
        elif isinstance(test, ast.Call) and test.args:
            asked = test.args[0]
        if not isinstance(asked, ast.Name | ast.Attribute):
            continue
        text, whole = code.text_of(asked), code.text_of(test)
        if len(whole) > 60 or "\n" in whole or text not in whole:
            continue
        head, tail = whole.split(text, 1)
        other = tuple(n for n in names if n != text.split(".")[0])
        count[text.rsplit(".", 1)[-1], head, tail, other] += 1
    found: dict[str, list[tuple[str, str, tuple[str, ...], int]]] = {}
    for (last, head, tail, other), often in count.most_common():
        found.setdefault(last, []).append((head, tail, other, often))
    return found


@lru_cache(maxsize=64)
def _attributes_of(code: Code) -> dict[str, list[str]]:
    """Attributes that a file reads and does not call, by the last name of their object, the most
    frequent first.
    """
    count: Counter[tuple[str, str]] = Counter()
    for node in code.nodes:
        if isinstance(node, ast.Attribute) and is_loaded(node) and not is_called(code, node):
            held = node.value
            last = held.id if isinstance(held, ast.Name) else getattr(held, "attr", "")
            if last and last not in ("self", "cls"):
                count[last, node.attr] += 1
    found: dict[str, list[str]] = {}
    for (last, attribute), _ in count.most_common():
        found.setdefault(last, []).append(attribute)
    return found


def _members_like(code: Code, last: str, read: list[str]) -> list[str]:
    """What objects of a name may have besides: attributes that are set by classes of the project
    with that name, or with the attributes that are read.
    """
    wanted = last.replace("_", "").lower()
    found: list[str] = []
    for name, members in code.members.items():
        if name.lower() == wanted or len(members.intersection(read)) > len(read) / 2 > 0:
            found += sorted(members)
    return found


@lru_cache(maxsize=64)
def _predicates(code: Code) -> tuple[str, ...]:
    """Functions that a file asks of one value, the most frequent first."""
    count: Counter[str] = Counter()
    for test, _ in _tests(code):
        if isinstance(test, ast.Call) and len(test.args) == 1 and not test.keywords:
            name = code.text_of(test.func)
            if re.fullmatch(r"\w+", name) and name not in ("isinstance", "len", "callable"):
                count[name] += 1
    return tuple(name for name, _ in count.most_common())


@lru_cache(maxsize=64)
def _kinds_of(code: Code) -> tuple[str, ...]:
    """Types that the file asks for, the most frequent first, then the usual ones."""
    count: Counter[str] = Counter()
    for node in code.nodes:
        match node:
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kinds]):
                for kind in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
                    count[code.text_of(kind)] += 1
    found = [kind for kind, _ in count.most_common(TYPE_LIMIT)]
    return tuple(dict.fromkeys([*found, *_TYPES]))[: TYPE_LIMIT + 3]


def _opposite(form: str) -> str:
    """The condition that holds where a simple one does not."""
    node = ast.parse(form, mode="eval").body
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ast.unparse(node.operand)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        match = re.search(r" (==|!=|not in|in|is not|is|<=|>=|<|>) ", form)
        if match and form.count(match.group()) == 1:
            return f"{form[: match.start()]} {_OPPOSITES[match.group(1)]} {form[match.end() :]}"
    loose = isinstance(node, ast.BoolOp | ast.IfExp | ast.Lambda | ast.Compare | ast.NamedExpr)
    return f"not ({form})" if loose else f"not {form}"
