"""Wrong calls: arguments in the wrong order or missing, a call too many, a conversion or bound left
out.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite, is_called, is_loaded
from swe_agent.repair.templates.template import Template

WRAPPERS = (
    "list",
    "sorted",
    "int",
    "str",
    "abs",
    "len",
    "set",
    "tuple",
    "float",
    "bool",
    "reversed",
    "sum",
)
METHODS = (
    "strip",
    "lower",
    "upper",
    "copy",
    "items",
    "keys",
    "values",
    "split",
    "capitalize",
    "title",
    "swapcase",
)
_KEYS = ("key=len", "key=abs", "key=str.lower", "key=lambda x: x[1]", "key=lambda x: (len(x), x)")
KEYWORDS = {
    "sorted": ("reverse=True", *_KEYS),
    "sort": ("reverse=True", *_KEYS),
    "max": (*_KEYS, "default=0"),
    "min": (*_KEYS, "default=0"),
    "round": ("1", "2"),
    "split": ("' '", "','"),
}


def swapped(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Two arguments, or two members of a tuple, in each other's place."""
    if isinstance(node, ast.Call):
        parts, weight = node.args[:5], 1.0
    elif isinstance(node, ast.Tuple):
        parts, weight = node.elts[:5], 0.8
    else:
        return
    for i, first in enumerate(parts):
        for second in parts[i + 1 :]:
            if ast.dump(first) != ast.dump(second):
                yield code.exchange(first, second, weight)


def swapped_operands(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`b - a` for `a - b`; the two branches of a conditional expression; the two indices of a
    table.
    """
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Mult | ast.BitAnd | ast.BitOr):
        left, right = code.text_of(node.left), code.text_of(node.right)
        if (
            not isinstance(node.left, ast.BinOp)
            and not isinstance(node.right, ast.BinOp)
            and left != right
        ):
            yield code.exchange(node.left, node.right)
    elif isinstance(node, ast.IfExp):
        yield code.exchange(node.body, node.orelse, 0.8)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
        yield code.exchange(node.value.slice, node.slice, 0.7)


def unwrapped(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The argument, or the object, instead of what the call makes of it."""
    if not isinstance(node, ast.Call):
        return
    for argument in node.args[:3]:
        if not isinstance(argument, ast.Starred | ast.GeneratorExp):
            yield code.swap_operand(
                node, code.text_of(argument), 1.0 if len(node.args) == 1 else 0.4
            )
    if isinstance(node.func, ast.Attribute):
        weight = 0.4 if node.args else 0.8
        yield code.swap(node, code.text_of(node.func.value), weight)


def wrapped(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A conversion left out: `list(x)`, `sorted(x)`, `int(x)`, `x.strip()`."""
    if not isinstance(node, ast.expr) or not is_loaded(node) or is_called(code, node):
        return
    place = code.parents.get(node)
    weight = 0.0
    if isinstance(place, ast.Return | ast.Assign | ast.Compare | ast.keyword) or (
        isinstance(place, ast.For | ast.comprehension) and place.iter is node
    ):
        weight = 0.8
    elif (isinstance(place, ast.Call) and node in place.args) or isinstance(
        place, ast.ListComp | ast.GeneratorExp | ast.SetComp | ast.AugAssign
    ):
        weight = 0.5
    elif isinstance(place, ast.BinOp) or (isinstance(place, ast.Subscript) and place.value is node):
        weight = 0.4
    if not weight or isinstance(node, ast.Constant | ast.Starred | ast.Compare | ast.BoolOp):
        return
    text = code.text_of(node)
    for wrapper in WRAPPERS:
        if not text.startswith(wrapper + "("):
            yield code.swap(node, f"{wrapper}({text})", weight)
    if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        yield code.swap(node, f"{text}[::-1]", weight * 0.6)
        if isinstance(place, ast.Call) and getattr(place.func, "attr", "") == "join":
            yield code.swap(node, f"map(str, {text})", 1.0)
        for method in METHODS:
            yield code.swap(node, f"{text}.{method}()", weight * 0.6)


def bounded(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value that must not pass a bound: `max(0, value)`, `max(best, value)`."""
    place = code.parents.get(node)
    if not isinstance(node, ast.expr) or not isinstance(place, ast.Assign | ast.Return):
        return
    if node is not place.value or not isinstance(
        node, ast.BinOp | ast.Name | ast.Call | ast.Subscript
    ):
        return
    text = code.text_of(node)
    for bound in ("max", "min"):
        if isinstance(place, ast.Assign) and isinstance(place.targets[0], ast.Name):
            known = code.names_at(place)
            if place.targets[0].id in known:
                yield code.swap(node, f"{bound}({place.targets[0].id}, {text})", 0.8)
        yield code.swap(node, f"{bound}(0, {text})", 0.8 if bound == "max" else 0.2)
        if not isinstance(node, ast.Name):
            for name in code.names_at(node)[:5]:
                yield code.swap(node, f"{bound}({text}, {name})", 0.2)


def keywords(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A keyword argument, or the last argument, too many or too few."""
    if not isinstance(node, ast.Call):
        return
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    end = code.span(node)[1]
    inner = "" if code.text[end - 2 : end - 1] in "(," else ", "
    present = {k.arg for k in node.keywords}
    for keyword in KEYWORDS.get(name, ()):
        if keyword.split("=")[0] not in present:
            yield Rewrite(end - 1, end - 1, inner + keyword, 0.8)
    held = node.args[0] if len(node.args) == 1 and not node.keywords else None
    if name in ("max", "min", "sorted") and isinstance(held, ast.Name):
        yield Rewrite(end - 1, end - 1, f"{inner}key={held.id}.get", 0.5)
    parts: list[ast.AST] = [*node.args, *node.keywords]
    if len(parts) > 1:
        yield Rewrite(code.span(parts[-2])[1], code.span(parts[-1])[1], "", 0.5)
    if len(parts) == 1 and isinstance(node.func, ast.Attribute):
        yield Rewrite(*code.span(parts[0]), "", 0.4)


def narrowed(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A recursive call whose argument has to shrink, or move on."""
    if not isinstance(node, ast.Call) or not _calls_itself(code, node):
        return
    for argument in node.args:
        if isinstance(argument, ast.Name | ast.Attribute):
            text = code.text_of(argument)
            for new in (
                f"{text}[1:]",
                f"{text} - 1",
                f"{text} + 1",
                f"{text}[:-1]",
                f"{text} // 2",
            ):
                yield code.swap(argument, new)


def shifted(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An argument that has to be taken relative to another value: `k - offset`."""
    place = code.parents.get(node)
    if not isinstance(node, ast.Name) or not is_loaded(node) or is_called(code, node):
        return
    if not isinstance(
        place,
        ast.Call | ast.Return | ast.Assign | ast.Subscript | ast.Slice | ast.Compare | ast.BinOp,
    ):
        return
    others = [n for n in code.names_at(node) if n not in (node.id, "self", "cls")]
    share = 0.5 / max(1.0, len(others) / 3) ** 0.5
    if isinstance(place, ast.Call) and _calls_itself(code, place):
        share *= 1.6
    for other in others[:8]:
        yield code.swap_operand(node, f"{node.id} - {other}", share)
        yield code.swap_operand(node, f"{other} - {node.id}", share * 0.4)
        yield code.swap_operand(node, f"{node.id} + {other}", share * 0.7)


def _calls_itself(code: Code, call: ast.Call) -> bool:
    """Whether a call is of the function that it stands in."""
    function = code.function_of(call)
    called = call.func
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    return function is not None and function.name == name


TEMPLATES = (
    Template("argument order", 0.7, swapped, "passes the arguments in another order"),
    Template("operand order", 0.6, swapped_operands, "takes the operands in another order"),
    Template("needless call", 0.5, unwrapped, "drops a call and keeps its argument"),
    Template("missing call", 0.3, wrapped, "wraps the value in a call"),
    Template("missing bound", 0.4, bounded, "keeps the value within a bound"),
    Template("keyword", 0.35, keywords, "adds or drops an argument"),
    Template(
        "recursion argument", 0.5, narrowed, "makes the recursive call go on from the next part"
    ),
    Template("relative argument", 0.5, shifted, "takes the value relative to another"),
)
