"""Wrong expressions: a term too many or too few, a value that another expression of the function
should give.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite, is_called, is_loaded, own_nodes
from swe_agent.repair.templates.template import Template

DONOR_LIMIT = 12
_COMPOUND = (ast.Call, ast.Subscript, ast.BinOp, ast.Attribute)


def operands(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One of two terms alone."""
    if isinstance(node, ast.BinOp):
        for kept, dropped in ((node.right, node.left), (node.left, node.right)):
            weight = 1.0 if isinstance(dropped, ast.Constant) else 0.5
            yield code.swap(node, code.text_of(kept), weight)


def by_name(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A variable that holds the value already, instead of an expression for it."""
    if not isinstance(node, _COMPOUND) or not is_loaded(node) or is_called(code, node):
        return
    place = code.parents.get(node)
    if isinstance(place, ast.Expr):
        return
    inside = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    names = [n for n in code.names_at(node) if n not in ("self", "cls")]
    share = 1.0 / max(1.0, len(names) / 3) ** 0.5
    for name in names:
        yield code.swap(node, name, share * (0.8 if name in inside else 1.0))


def donated(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another expression of the same kind from the same function, also as what is assigned."""
    function = code.function_of(node)
    if function is None or is_called(code, node):
        return
    if not isinstance(node, ast.Subscript | ast.Call | ast.Attribute | ast.Compare):
        return
    if isinstance(code.parents.get(node), ast.Expr):
        return
    text = code.text_of(node)
    found = {
        code.text_of(n): None
        for n in own_nodes(function)
        if type(n) is type(node) and not is_called(code, n) and n is not node
    }
    for donor in list(found)[:DONOR_LIMIT]:
        if donor != text and text not in donor and "\n" not in donor:
            yield code.swap(node, donor, 1.0 if not is_loaded(node) else 0.7)


def powers(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value squared, or turned to its opposite, inside a computation."""
    place = code.parents.get(node)
    if not isinstance(node, ast.Name) or not is_loaded(node) or is_called(code, node):
        return
    if isinstance(place, ast.BinOp):
        yield code.swap_operand(node, f"{node.id} * {node.id}", 0.8)
        yield code.swap(
            node, f"{node.id} ** 2" if not isinstance(place.op, ast.Pow) else node.id, 0.7
        )
    if isinstance(place, ast.GeneratorExp | ast.ListComp | ast.AugAssign):
        for number in (2, 3):
            yield code.swap(node, f"{node.id} ** {number}", 0.9 - 0.2 * number)
    if isinstance(place, ast.Return | ast.Call | ast.BinOp | ast.Assign):
        yield code.swap_operand(node, f"-{node.id}", 0.5)


def terms(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more term in a computation: a variable, the length or sum of one, a small number."""
    place = code.parents.get(node)
    if not isinstance(node, ast.BinOp | ast.Call | ast.Subscript | ast.Name):
        return
    if not is_loaded(node) or is_called(code, node):
        return
    whole = isinstance(place, ast.Assign | ast.AugAssign | ast.Return)
    inner = isinstance(place, ast.Call | ast.BinOp | ast.Subscript | ast.Slice | ast.Tuple)
    if (not whole and not inner) or (inner and isinstance(node, ast.BinOp)):
        return
    share = (1.0 if whole else 0.5) * (0.6 if isinstance(node, ast.Name) else 1.0)
    text = code.text_of(node)
    bound = f"({text})" if isinstance(node, ast.BinOp) else text
    for other, likely in _partners(code, node):
        for word, weight in (
            ("-", 1.0),
            ("+", 1.0),
            ("*", 0.6),
            ("%", 0.4),
            ("/", 0.4),
            ("//", 0.3),
        ):
            left = bound if word in "*%//" else text
            yield code.swap_operand(node, f"{left} {word} {other}", share * weight * likely)
            if word in "-/" and other != text:
                yield code.swap_operand(
                    node, f"{other} {word} {bound}", share * weight * likely * 0.5
                )


def rests(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The rest of a sequence of which the first or last member alone is taken."""
    if not isinstance(node, ast.Subscript) or not is_loaded(node):
        return
    ends = {"0": "{} + {}[1:]", "-1": "{1}[:-1] + {0}", ":1": "{} + {}[1:]"}
    form = ends.get(code.text_of(node.slice))
    whole: ast.AST = node
    place = code.parents.get(node)
    while isinstance(place, ast.Attribute) and isinstance(code.parents.get(place), ast.Call):
        whole = code.parents[place]
        place = code.parents.get(whole)
    kinds = ast.Return | ast.Assign | ast.AugAssign | ast.Call | ast.ListComp | ast.GeneratorExp
    if form and isinstance(place, kinds) and not is_called(code, whole):
        text = form.format(code.text_of(whole), code.text_of(node.value))
        yield code.swap(whole, text)


def _partners(code: Code, node: ast.expr) -> Iterator[tuple[str, float]]:
    """What may be added to an expression, and how likely."""
    names = [name for name in code.names_at(node) if name not in ("self", "cls", "_")]
    for name in names[:6]:
        yield name, 1.0
    inside = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    for name in names[:4]:
        if isinstance(node, ast.Call) and name in inside:
            yield f"len({name})", 0.7
            yield f"sum({name})", 0.5
    yield "2", 0.6 if not isinstance(node, ast.Call) else 0.3


TEMPLATES = (
    Template("needless term", 0.6, operands, "drops a term"),
    Template("held value", 0.22, by_name, "reads the variable that holds the value"),
    Template("donor", 0.25, donated, "uses another expression of the function"),
    Template("power", 0.25, powers, "squares or negates the value"),
    Template("term", 0.12, terms, "adds a term"),
    Template("rest", 0.2, rests, "adds the rest of the sequence"),
)
