"""What the rest of a file does with the same names: values of the same attribute, key or argument,
other objects with the same attribute; and what is made but not used.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from swe_agent.repair.syntax import Code, Rewrite, is_loaded
from swe_agent.repair.templates.template import IN_PROJECTS, Template

VALUE_LIMIT = 6
VALUE_CHARS = 60
HOLDER_LIMIT = 6
_ERROR = re.compile(r"[A-Z]\w*")
_ENDING = re.compile(r"(Error|Exception|Exists|Failure|Fault|NotFound|Invalid\w*|Exit)$")
_DEFAULTS = ("''", "[]", "{}", "0", "False", "()", "None")


def values(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another value for an attribute, a key or an argument: one that it gets elsewhere."""
    for name, value in _named_values(node):
        own = code.text_of(value)
        known = _known(code, node)
        others = _values_of(code).get(name, ())
        apt = [(t, names) for t, names in others if t != own and set(names) <= known]
        for place, (text, _) in enumerate(apt[:VALUE_LIMIT]):
            yield code.swap(value, text, 1.0 - 0.1 * place)
    if isinstance(node, ast.Call) and len(node.keywords) > 1:
        for keyword in node.keywords:
            for other in node.keywords:
                text = code.text_of(other.value)
                if other is not keyword and text != code.text_of(keyword.value):
                    yield code.swap(keyword.value, text, 0.3)


def holders(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The attribute of another object, or a name of a module: one that the file reads so."""
    if isinstance(node, ast.Attribute) and is_loaded(node):
        if isinstance(node.value, ast.Name | ast.Attribute | ast.Call):
            own = code.text_of(node.value)
            for holder in _holders(code, node, node.attr):
                if holder != own:
                    yield code.swap(node.value, holder)
    elif isinstance(node, ast.Name) and is_loaded(node) and _ERROR.fullmatch(node.id):
        for holder in _holders(code, node, node.id):
            yield code.swap(node, f"{holder}.{node.id}")


def forgotten(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An exception that is made, or returned, and not raised."""
    if not isinstance(node, ast.Expr | ast.Return) or node.value is None:
        return
    made = node.value.func if isinstance(node.value, ast.Call) else node.value
    name = str(getattr(made, "id", getattr(made, "attr", "")))
    lone = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if _ENDING.search(name) and (lone or isinstance(node, ast.Return)):
        yield code.swap(node, f"raise {code.text_of(node.value)}")


def kept(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One entry more where all are thrown away: `found[key] = value` for `found = {key: value}`."""
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
        return
    name = node.targets[0].id
    match node.value:
        case ast.Dict(keys=[ast.expr() as key], values=[value]):
            yield code.swap(node, f"{name}[{code.text_of(key)}] = {code.text_of(value)}")
        case ast.List(elts=[value]):
            yield code.swap(node, f"{name}.append({code.text_of(value)})")
            yield code.swap(node, f"{name} += [{code.text_of(value)}]", 0.3)


def branches(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One of two branches, always."""
    if not isinstance(node, ast.If) or not node.orelse:
        return
    lines = code.whole_lines(node)
    if lines is None or code.text[code.span(node)[0] :].startswith("elif"):
        return
    for block in (node.body, node.orelse):
        parts = [code.whole_lines(statement) for statement in block]
        first, last = parts[0], parts[-1]
        if first is None or last is None or isinstance(block[0], ast.If):
            continue
        deeper, indent = code.indent(block[0]), code.indent(node)
        rows = code.text[first[0] : last[1]].splitlines(keepends=True)
        text = "".join(indent + row.removeprefix(deeper) if row.strip() else row for row in rows)
        yield Rewrite(*lines, text)


def defaults(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """What `get` and `pop` give where there is nothing."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[key], keywords=[]):
            end = code.span(key)[1]
            for place, value in enumerate(_DEFAULTS):
                yield Rewrite(end, end, f", {value}", 1.0 - 0.1 * place)


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Values with the names that they are given to: `.x`, `'x':`, `x=`."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
        yield f".{node.targets[0].attr}", node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield f"'{key.value}'", value
    elif isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg:
                yield f"{keyword.arg}=", keyword.value


@lru_cache(maxsize=64)
def _values_of(code: Code) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """What a file gives to each name, the most frequent first, with the names that it reads."""
    count: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for node in code.nodes:
        for name, value in _named_values(node):
            text = code.text_of(value)
            if len(text) <= VALUE_CHARS and "\n" not in text:
                read = sorted({n.id for n in ast.walk(value) if isinstance(n, ast.Name)})
                count[name, text, tuple(read)] += 1
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for (name, text, names), _ in count.most_common():
        found.setdefault(name, []).append((text, names))
    return found


def _holders(code: Code, node: ast.AST, attribute: str) -> list[str]:
    known = _known(code, node)
    found = (h for h, names in _holders_of(code).get(attribute, ()) if set(names) <= known)
    return list(found)[:HOLDER_LIMIT]


@lru_cache(maxsize=64)
def _holders_of(code: Code) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Of which objects a file reads each attribute, the most frequent first."""
    count: Counter[tuple[str, str, tuple[str, ...]]] = Counter()
    for node in code.nodes:
        if isinstance(node, ast.Attribute) and is_loaded(node):
            text = code.text_of(node.value)
            if re.fullmatch(r"[A-Za-z_][\w.]*", text):
                count[node.attr, text, (text.split(".")[0],)] += 1
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for (attribute, text, names), _ in count.most_common():
        found.setdefault(attribute, []).append((text, names))
    return found


def _known(code: Code, node: ast.AST) -> set[str]:
    return {*code.names_at(node), *_outside(code)}


@lru_cache(maxsize=64)
def _outside(code: Code) -> frozenset[str]:
    """Names that a file binds outside of functions, and those that are always there."""
    found = {"self", "None", "True", "False"}
    for node in code.tree.body:
        found |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not is_loaded(n)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
    return frozenset(found)


TEMPLATES = (
    Template("sibling value", IN_PROJECTS, values, "gives the value that is given elsewhere"),
    Template("other holder", IN_PROJECTS, holders, "reads it of another object"),
    Template("forgotten raise", IN_PROJECTS, forgotten, "raises the exception"),
    Template("kept entry", IN_PROJECTS, kept, "adds an entry instead of starting anew"),
    Template("one branch", IN_PROJECTS, branches, "takes one branch always"),
    Template("default of get", IN_PROJECTS, defaults, "has a value where there is none"),
)
