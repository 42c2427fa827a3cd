"""Wrong results: what a function returns or yields, or forgets to."""

import ast
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite, is_called, locals_of
from swe_agent.repair.templates.template import Template


def constant_results(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A fixed result where it depends on a variable: `return depth == 0` for `return True`."""
    if not isinstance(node, ast.Return) or node.value is None:
        return
    value, names = node.value, _results(code, node)
    share = 1.0 / max(1.0, len(names) / 3) ** 0.5
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        for name in names:
            forms = (
                f"{name} == 0",
                f"not {name}",
                name,
                f"{name} != 0",
                f"{name} > 0",
                f"bool({name})",
                f"{name} is None",
            )
            for place, form in enumerate(forms):
                yield code.swap(value, form, share * (0.9 - 0.1 * place))
    elif isinstance(value, ast.Constant):
        for name in names:
            yield code.swap(value, name, share)
        if value.value is None:
            for text in ("[]", "0", "''", "{}", "False"):
                yield code.swap(value, text, 0.3)
    elif isinstance(value, ast.List | ast.Tuple) and not value.elts:
        yield code.swap(value, "[[]]" if isinstance(value, ast.List) else "((),)", 0.9)
        for name in names:
            yield code.swap(value, f"[{name}]", share)
            yield code.swap(value, name, share * 0.8)


def other_results(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another variable, or the result together with one."""
    if (
        not isinstance(node, ast.Return)
        or node.value is None
        or isinstance(node.value, ast.Constant)
    ):
        return
    text, names = code.text_of(node.value), _results(code, node)
    share = 1.0 / max(1.0, len(names) / 3) ** 0.5
    for name in names:
        if name == text:
            continue
        yield code.swap(node.value, name, share * 0.5)
        if isinstance(node.value, ast.List | ast.ListComp | ast.Call | ast.Name | ast.BinOp):
            yield code.swap(node.value, f"{name} + {text}", share * 0.7)
            yield code.swap(node.value, f"{text} + {name}", share * 0.6)


def forgotten_results(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value that is made and thrown away, or a function that ends without its result."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = code.function_of(node)
        called = node.value.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        again = function is not None and function.name == name
        yield code.swap(node, f"return {code.text_of(node)}", 1.0 if again else 0.4)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        last = node.body[-1]
        if not isinstance(last, ast.Return | ast.Raise):
            names = list(dict.fromkeys(locals_of(node)))
            for name in names[:6]:
                yield from code.insert(last, f"return {name}", after=True, weight=0.8)


def yields(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """`yield from` for `yield`, and back."""
    if isinstance(node, ast.Yield) and node.value is not None:
        yield code.swap(node, f"yield from {code.text_of(node.value)}")
    elif isinstance(node, ast.YieldFrom):
        yield code.swap(node, f"yield {code.text_of(node.value)}")
    elif (
        isinstance(node, ast.Return)
        and node.value is not None
        and code.inside(node, (ast.For, ast.While))
    ):
        yield code.swap(node, f"yield {code.text_of(node.value)}", 0.3)


def called(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A method named but not called."""
    place = code.parents.get(node)
    if isinstance(node, ast.Attribute) and not is_called(code, node):
        methods = {f.name for f in code.functions()}
        if node.attr in methods and not isinstance(place, ast.Attribute):
            yield code.swap(node, f"{code.text_of(node)}()")


def _results(code: Code, node: ast.AST) -> list[str]:
    return [n for n in code.names_at(node) if n not in ("self", "cls", "_")][:10]


TEMPLATES = (
    Template("fixed result", 0.45, constant_results, "makes the result depend on a variable"),
    Template("result", 0.4, other_results, "returns another value"),
    Template("forgotten result", 0.5, forgotten_results, "returns the value that was thrown away"),
    Template("yield", 0.4, yields, "yields otherwise"),
    Template("forgotten call", 0.7, called, "calls the method instead of naming it"),
)
