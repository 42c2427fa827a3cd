"""Which names a statement binds."""

import ast

from swe_agent.repair.syntax import Code, arguments_of, own_nodes, stored


def binds(node: ast.AST) -> list[str]:
    """Names that one node binds by itself."""
    match node:
        case ast.Assign():
            return [n for target in node.targets for n in _plain(target)]
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.NamedExpr():
            return _plain(node.target)
        case ast.comprehension():
            return stored(node.target)
        case ast.withitem(optional_vars=ast.AST() as bound):
            return stored(bound)
        case ast.ExceptHandler(name=str() as name):
            return [name]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Import() | ast.ImportFrom():
            return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
        case ast.Lambda():
            return arguments_of(node)
    return []


def set_before(loop: ast.For | ast.While, node: ast.stmt) -> list[str]:
    """What a loop binds or goes by, and what is set in it before a statement."""
    target = stored(loop.target if isinstance(loop, ast.For) else loop.test)
    inside = [n for s in ast.walk(loop) if getattr(s, "lineno", 0) < node.lineno for n in binds(s)]
    return list(dict.fromkeys([*inside[::-1], *target]))


def bound_in_file(code: Code) -> set[str]:
    return {name for node in own_nodes(code.tree) for name in binds(node)} | {
        name for node in code.tree.body for name in binds(node)
    }


def _plain(target: ast.AST) -> list[str]:
    return [
        n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
