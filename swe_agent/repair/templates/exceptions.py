"""Exceptions: those that are not caught, and those that nobody raises. Their types are what
failures name, so that variants with other types come late.
"""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, own_nodes
from swe_agent.repair.templates.template import Template

USUAL = (
    *("ValueError", "TypeError", "KeyError", "AttributeError", "IndexError", "OSError"),
    *("OverflowError", "RuntimeError", "UnicodeDecodeError", "ImportError", "NotImplementedError"),
    *("UnicodeEncodeError", "FileNotFoundError", "StopIteration", "ZeroDivisionError"),
    *("PermissionError", "RecursionError", "SyntaxError", "EOFError", "AssertionError"),
)
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)


def caught(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One type more, or another one, that is caught."""
    if not isinstance(node, ast.ExceptHandler) or node.type is None:
        return
    kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    known = [code.text_of(kind) for kind in kinds]
    for kind in USUAL:
        if kind not in known:
            yield code.swap(node.type, f"({', '.join([*known, kind])})")
            if len(known) == 1:
                yield code.swap(node.type, kind, 0.5)


def survived(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A statement that may fail, and what to do then."""
    if not isinstance(node, _SIMPLE) or code.function_of(node) is None:
        return
    lines = code.whole_lines(node)
    if lines is None or isinstance(getattr(node, "value", None), ast.Constant):
        return
    indent = code.indent(node)
    body = "".join(f"    {line}" for line in code.text[lines[0] : lines[1]].splitlines(True))
    loop = code.inside(node, (ast.For, ast.While))
    assigned = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    name = code.text_of(node.targets[0]) if isinstance(node, ast.Assign) and assigned else ""
    ways = ["continue"] if loop else []
    ways += [f"{name} = None"] if name else ["pass"]
    ways += ["return", "return None", "return False"]
    for kind in USUAL:
        for place, way in enumerate(ways):
            text = f"{indent}try:\n{body}{indent}except {kind}:\n{indent}    {way}\n"
            yield Rewrite(*lines, text, 0.6 - 0.08 * place)


def raised(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A parameter that must not have such a value: the function says so."""
    if not isinstance(node, Function):
        return
    body = node.body[1:] or node.body if ast.get_docstring(node, clean=False) else node.body
    known = {
        code.text_of(n.exc): None
        for n in own_nodes(node)
        if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call) and n.lineno == n.end_lineno
    }
    for name in [a for a in arguments_of(node) if a not in ("self", "cls")][:4]:
        for condition, weight in (
            (f"{name} < 0", 1.0),
            (f"{name} is None", 0.8),
            (f"not {name}", 0.8),
            (f"{name} is not None and {name} < 0", 0.7),
            (f"{name} <= 0", 0.7),
            (f"not isinstance({name}, str)", 0.5),
            (f"isinstance({name}, str)", 0.5),
        ):
            texts = [f"{kind}(f'{name} cannot be {{{name}!r}}')" for kind in USUAL[:8]]
            for raised in (*known, *texts):
                line = f"if {condition}:\n    raise {raised}"
                yield from code.insert(body[0], line, weight=weight)


TEMPLATES = (
    Template("caught type", 0.6, caught, "catches one more type of exception", of_failure=True),
    Template("survived", 0.25, survived, "goes on where the statement fails", of_failure=True),
    Template("raised", 0.3, raised, "refuses a value", of_failure=True),
)
