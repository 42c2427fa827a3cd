"""Wrong names: variables, attributes, methods and functions taken for their neighbours."""

import ast
import difflib
from collections.abc import Iterator
from functools import lru_cache

from swe_agent.repair.syntax import (
    Code,
    Rewrite,
    arguments_of,
    is_builtin,
    is_called,
    is_loaded,
    locals_of,
)
from swe_agent.repair.templates.template import Template

ATTRIBUTE_LIMIT = 6
CONVERTED = ("int(%s)", "len(%s)", "str(%s)", "%s - 1", "%s + 1")
"""Forms in which a variable that nothing reads may be the one that is meant."""
TWINS: tuple[tuple[str, ...], ...] = (
    ("any", "all"),
    ("min", "max"),
    ("floor", "ceil"),
    ("int", "round"),
    ("int", "float"),
    ("sum", "max"),
    ("sum", "len"),
    ("list", "tuple"),
    ("set", "list"),
    ("sorted", "list"),
    ("append", "extend"),
    ("append", "insert"),
    ("add", "update"),
    ("add", "discard"),
    ("remove", "discard"),
    ("pop", "popleft"),
    ("append", "appendleft"),
    ("lower", "upper"),
    ("lower", "casefold"),
    ("title", "capitalize"),
    ("upper", "capitalize"),
    ("upper", "title"),
    ("ord", "chr"),
    ("str", "int"),
    ("abs", "int"),
    ("sorted", "reversed"),
    ("len", "max"),
    ("count", "index"),
    ("count", "find"),
    ("index", "find"),
    ("append", "remove"),
    ("sqrt", "pow"),
    ("lstrip", "rstrip"),
    ("lstrip", "removeprefix"),
    ("rstrip", "removesuffix"),
    ("strip", "rstrip"),
    ("strip", "lstrip"),
    ("startswith", "endswith"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("split", "rsplit"),
    ("partition", "rpartition"),
    ("ljust", "rjust"),
    ("keys", "values"),
    ("keys", "items"),
    ("values", "items"),
    ("union", "intersection"),
    ("issubset", "issuperset"),
    ("difference", "symmetric_difference"),
    ("get", "setdefault"),
    ("get", "pop"),
    ("isdigit", "isalpha"),
    ("isalpha", "isalnum"),
    ("isdigit", "isalnum"),
    ("search", "match"),
    ("match", "fullmatch"),
    ("read", "readlines"),
    ("readline", "readlines"),
    ("heappush", "heappop"),
    ("bisect_left", "bisect_right"),
)


def twins_of(name: str) -> list[str]:
    """Names that are easily taken for this one."""
    return [other for pair in TWINS if name in pair for other in pair if other != name]


def variables(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another variable that can be read here; one that is never read elsewhere is the likelier."""
    if not isinstance(node, ast.Name) or not is_loaded(node) or is_called(code, node):
        return
    known = code.names_at(node)
    if node.id not in known and is_builtin(node.id):
        return
    function = code.function_of(node)
    read = {
        n.id for n in ast.walk(function or code.tree) if isinstance(n, ast.Name) and is_loaded(n)
    }
    bound = set(locals_of(function)) if function else set()
    others = [name for name in known if name not in (node.id, "self", "cls", "_")]
    own = [name for name in known if name == "self" and node.id != "self"]
    share = 1.0 / max(1.0, len(others) / 3) ** 0.5
    for other in others:
        unread = other in bound and other not in read
        yield code.swap(node, other, min(1.0, share * (1.5 if unread else 0.75)))
        for form in CONVERTED if unread else ():
            yield code.swap_operand(node, form % other, share)
    for holder in own:
        yield code.swap(node, f"{holder}.{node.id}", 0.3)


def throughout(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another variable in all places of a statement, or of its condition, that read one."""
    place = node.test if isinstance(node, ast.If | ast.While) else node
    if not isinstance(
        node, ast.If | ast.While | ast.Assign | ast.AugAssign | ast.Return | ast.Expr
    ):
        return
    start, end = code.span(place)
    read: dict[str, list[tuple[int, int]]] = {}
    for name in ast.walk(place):
        if isinstance(name, ast.Name) and is_loaded(name) and not is_called(code, name):
            read.setdefault(name.id, []).append(code.span(name))
    known = [n for n in code.names_at(place) if n not in ("self", "cls", "_")]
    share = 1.0 / max(1.0, len(known) / 3) ** 0.5
    for old, spans in read.items():
        for new in known if len(spans) > 1 and old in known else ():
            if new != old:
                text = _replaced(code, (start, end), spans, new)
                yield Rewrite(start, end, text, share * (0.5 if new in read else 1.0))


def _replaced(code: Code, whole: tuple[int, int], spans: list[tuple[int, int]], new: str) -> str:
    """The text of a span with parts of it replaced."""
    parts, at = [], whole[0]
    for start, end in sorted(spans):
        parts += [code.text[at:start], new]
        at = end
    return "".join((*parts, code.text[at : whole[1]]))


def targets(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another variable is the one to assign."""
    if not isinstance(node, ast.Assign | ast.AugAssign):
        return
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if not isinstance(target, ast.Name):
        return
    function = code.function_of(node)
    known = [*locals_of(function), *arguments_of(function)] if function else []
    for other in dict.fromkeys(known):
        if other not in (target.id, "self", "cls"):
            yield code.swap(target, other, 0.6)


def functions(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`any` for `all`, `lower` for `upper`: a function or method taken for its twin."""
    if not is_called(code, node):
        return
    if isinstance(node, ast.Name):
        for other in twins_of(node.id) if not _counts(code, node) else ():
            yield code.swap(node, other)
        known = [f.name for f in code.tree.body if isinstance(f, ast.FunctionDef)]
        for other in known:
            if node.id in known and other != node.id and _alike(other, node.id) > 0.5:
                yield code.swap(node, other, 0.5 * _alike(other, node.id))
    elif isinstance(node, ast.Attribute):
        end = code.span(node)[1]
        for other in twins_of(node.attr):
            yield Rewrite(end - len(node.attr), end, other, 0.9)


def _counts(code: Code, name: ast.Name) -> bool:
    """Whether a call is `sum(1 for ...)`, of which `max` or `any` would make nothing."""
    match code.parents.get(name):
        case ast.Call(args=[ast.GeneratorExp(elt=ast.Constant())]):
            return name.id == "sum"
    return False


def attributes(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another attribute or method that this file names; the more alike, the likelier."""
    if not isinstance(node, ast.Attribute):
        return
    called = is_called(code, node)
    named = _attributes_of(code)
    base = code.text_of(node.value)
    others = {name for name, _, is_call in named if name != node.attr and is_call == called}
    own = {name for name, held, _ in named if held == base and name in others}
    ranked = sorted(others, key=lambda o: (-_alike(o, node.attr) - (o in own), o))
    end = code.span(node)[1]
    for other in ranked[:ATTRIBUTE_LIMIT]:
        weight = min(1.0, 0.2 + 0.5 * _alike(other, node.attr) + 0.3 * (other in own))
        yield Rewrite(end - len(node.attr), end, other, weight)


@lru_cache(maxsize=64)
def _attributes_of(code: Code) -> frozenset[tuple[str, str, bool]]:
    """A file's attributes, each with what it is read of and whether it is called."""
    found = (n for n in code.nodes if isinstance(n, ast.Attribute))
    return frozenset((n.attr, code.text_of(n.value), is_called(code, n)) for n in found)


def opposites(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The attribute of the other direction: `incoming` for `outgoing`, `left` for `right`."""
    if not isinstance(node, ast.Attribute):
        return
    end = code.span(node)[1]
    for one, two in OPPOSITES:
        for old, new in ((one, two), (two, one)):
            parts = node.attr.split("_")
            if old in parts:
                other = "_".join(new if part == old else part for part in parts)
                yield Rewrite(end - len(node.attr), end, other)


OPPOSITES = (
    ("incoming", "outgoing"),
    ("left", "right"),
    ("first", "last"),
    ("next", "prev"),
    ("next", "previous"),
    ("parent", "child"),
    ("parents", "children"),
    ("head", "tail"),
    ("start", "end"),
    ("start", "stop"),
    ("min", "max"),
    ("width", "height"),
    ("row", "column"),
    ("rows", "columns"),
    ("predecessors", "successors"),
    ("successor", "predecessor"),
    ("source", "target"),
    ("lower", "upper"),
    ("before", "after"),
    ("x", "y"),
    ("key", "value"),
    ("begin", "end"),
    ("top", "bottom"),
    ("old", "new"),
)


@lru_cache(maxsize=65536)
def _alike(one: str, two: str) -> float:
    return difflib.SequenceMatcher(None, one, two).ratio()


TEMPLATES = (
    Template("variable", 0.7, variables, "reads another variable"),
    Template("variable throughout", 0.35, throughout, "reads another variable throughout"),
    Template("target", 0.3, targets, "assigns another variable"),
    Template("function", 0.8, functions, "calls the function's twin"),
    Template("attribute", 0.45, attributes, "reads another attribute"),
    Template("opposite", 0.6, opposites, "looks in the other direction"),
)
