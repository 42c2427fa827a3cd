"""Wrong positions: one before or after, bounds of slices and ranges, the part of a sequence that a
loop runs over.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, is_called, is_loaded
from swe_agent.repair.templates.template import Template


def off_by_one(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A position or count that is one too small or too large."""
    weight = _position_weight(code, node)
    if not weight:
        return
    text = code.text_of(node)
    yield code.swap_operand(node, f"{text} + 1", weight)
    yield code.swap_operand(node, f"{text} - 1", weight)


def _position_weight(code: Code, node: ast.AST) -> float:
    """How much a place looks like one of a whole number; 0.0 where it does not."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.BinOp) or not is_loaded(node):
        return 0.0
    if is_called(code, node) or (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Add | ast.Sub)
        and isinstance(node.right, ast.Constant)
    ):
        return 0.0
    place = code.parents.get(node)
    if isinstance(place, ast.Slice):
        return 1.0
    if isinstance(place, ast.Subscript) and place.slice is node:
        return 0.9
    if isinstance(place, ast.Tuple) and isinstance(code.parents.get(place), ast.Subscript):
        return 0.9
    if isinstance(place, ast.Call) and node in place.args:
        return 1.0 if isinstance(place.func, ast.Name) and place.func.id == "range" else 0.6
    if isinstance(place, ast.Compare):
        return 0.6
    if isinstance(place, ast.BinOp) and isinstance(place.op, ast.Mult | ast.FloorDiv | ast.Mod):
        return 0.6
    if isinstance(place, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        return 0.5
    if isinstance(place, ast.AugAssign):
        return 0.2
    return 0.4 if isinstance(place, ast.Return | ast.Assign) else 0.0


def bounds(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A slice that begins or ends elsewhere, or a slice where the whole was taken."""
    if (
        not isinstance(node, ast.Subscript)
        or not is_loaded(node)
        or not isinstance(node.slice, ast.Slice)
    ):
        return
    part, value = node.slice, code.text_of(node.value)
    lower = code.text_of(part.lower) if part.lower else ""
    upper = code.text_of(part.upper) if part.upper else ""
    if part.step is not None:
        yield code.swap(node, value, 0.8)
        if lower or upper:
            yield code.swap(node, f"{value}[::{code.text_of(part.step)}]", 0.8)
        return
    forms = {
        f"{value}[{lower}:]": 0.8,
        f"{value}[:{upper}]": 0.8,
        value: 0.5,
        f"{value}[{upper}:{lower}]": 0.3,
        f"{value}[::-1]": 0.2,
    }
    if not lower:
        forms[f"{value}[1:{upper}]"] = 0.6
        forms[f"{value}[{upper}:]"] = 0.6
    if not upper:
        forms[f"{value}[{lower}:-1]"] = 0.5
        forms[f"{value}[:{lower}]"] = 0.6
    if lower and upper:
        forms[f"{value}[{lower}:{lower} + {upper}]"] = 0.8
        forms[f"{value}[{lower}:{upper} - {lower}]"] = 0.3
    for text, weight in forms.items():
        if text != code.text_of(node):
            yield code.swap(node, text, weight)


def ranges(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A range that starts, ends or steps elsewhere."""
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
    ):
        return
    words = [code.text_of(a) for a in node.args]
    if len(words) == 1:
        yield code.swap(node, f"range(1, {words[0]})", 0.8)
        yield code.swap(node, f"range(1, {words[0]} + 1)", 0.8)
        yield code.swap(node, f"range({words[0]} - 1, -1, -1)", 0.3)
        function = code.function_of(node)
        measured = {n.id for n in ast.walk(node.args[0]) if isinstance(n, ast.Name)}
        for name in arguments_of(function)[:4] if function and "len" in measured else ():
            if name not in measured:
                yield code.swap(node, f"range({words[0]} - {name} + 1)", 0.5)
        for outer in _outer_places(code, node):
            yield code.swap(node, f"range({outer} + 1, {words[0]})", 0.8)
            yield code.swap(node, f"range({outer}, {words[0]})", 0.5)
    elif len(words) == 2:
        yield code.swap(node, f"range({words[0]} + 1, {words[1]} + 1)", 0.4)
        yield code.swap(node, f"range({words[1]})", 0.4)


def _outer_places(code: Code, node: ast.AST) -> Iterator[str]:
    """What the loops around a loop count."""
    loop = code.parents.get(node)
    place = code.parents.get(loop) if isinstance(loop, ast.For) else None
    while place is not None and not isinstance(place, Function):
        if isinstance(place, ast.For) and isinstance(place.target, ast.Name):
            yield place.target.id
        place = code.parents.get(place)


def runs_over(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A loop over a part of the sequence, over it backwards, or over a copy, a dict's items, or the
    neighbours.
    """
    place = code.parents.get(node)
    if not isinstance(place, ast.For | ast.comprehension) or place.iter is not node:
        return
    text = code.text_of(node)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        sliced = isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
        forms = {
            "list(%s)": 0.8,
            "reversed(%s)": 0.6,
            "sorted(%s)": 0.6,
            "set(%s)": 0.3,
            "enumerate(%s)": 0.4,
        }
        if not sliced:
            forms.update({"%s[1:]": 1.0, "%s[:-1]": 0.8, "%s.items()": 0.5, "%s.values()": 0.4})
        for form, weight in forms.items():
            yield code.swap(node, form % text, weight)
        for name in code.names_at(place)[:8] if not sliced else ():
            if name != text and name not in ("self", "cls"):
                yield code.swap(node, f"{text}[{name}:]", 0.6)
                yield code.swap(node, f"{text}[:{name}]", 0.4)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        if node.func.id == "enumerate":
            yield code.swap(node, f"enumerate({code.text_of(node.args[0])}, 1)", 0.8)
        yield code.swap(node, f"reversed({text})", 0.2)


TEMPLATES = (
    Template("off by one", 0.75, off_by_one, "moves a position by one"),
    Template("slice bounds", 0.5, bounds, "takes another part of the sequence"),
    Template("range bounds", 0.5, ranges, "counts over another range"),
    Template("loop over", 0.4, runs_over, "loops over another part or form of the sequence"),
)
