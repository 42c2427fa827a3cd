"""Of which types the variables of a function were as the failing tests ran it, as far as its file
can name them.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from swe_agent.repair.history import State
from swe_agent.repair.syntax import Code, Function, is_builtin, is_loaded

TYPE_LIMIT = 3
PREFIX_LIMIT = 2
Types = Mapping[str, tuple[str, ...]]
"""Types by the variable, or the variable's attribute, that had them."""


def types_seen(code: Code, states: Iterable[State]) -> dict[int, Types]:
    """The types that were seen in each function, by its first line; the most derived first."""
    found: dict[int, dict[str, dict[str, None]]] = {}
    owners: dict[int, Function | None] = {}
    for state in states:
        if state.path != code.path:
            continue
        if state.line not in owners:
            around = (f for f in code.functions() if _spans(f, state.line))
            owners[state.line] = max(around, key=lambda f: f.lineno, default=None)
        owner = owners[state.line]
        seen = found.setdefault(owner.lineno, {}) if owner else {}
        for name, shown in state.shown:
            seen.setdefault(name, {}).update(dict.fromkeys(_written(code, shown)))
    return {
        line: {name: tuple(kinds)[:TYPE_LIMIT] for name, kinds in seen.items() if kinds}
        for line, seen in found.items()
    }


def _spans(function: Function, line: int) -> bool:
    return function.lineno <= line <= (function.end_lineno or 0)


def _written(code: Code, shown: str) -> list[str]:
    """How a file may name the type of a value; `shown` is the value, or `<module name bases>`."""
    module, *names = shown.strip("<>").split() if shown.startswith("<") else _type_of(shown)
    if module == "builtins":
        return [name for name in names if is_builtin(name)]
    known, prefixes = _named_in(code)
    root = module.split(".")[0]
    written = [name for name in names if name in known]
    apt = [p for p, roots in prefixes if roots & {root, ""}][:PREFIX_LIMIT]
    fresh = [name for name in names if name not in known and not is_builtin(name)]
    return [*written, *(f"{prefix}.{name}" for name in fresh for prefix in apt)]


@lru_cache(maxsize=8192)
def _type_of(shown: str) -> tuple[str, ...]:
    try:
        value = ast.literal_eval(shown)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ("builtins",)
    return ("builtins",) if value is None else ("builtins", type(value).__name__)


@lru_cache(maxsize=64)
def _named_in(code: Code) -> tuple[frozenset[str], tuple[tuple[str, frozenset[str]], ...]]:
    """The names that a file binds outside of functions; and what it reads types of, the most
    frequent first, with the packages that may be meant (the empty one: any).
    """
    known = {n.name for n in code.tree.body if isinstance(n, ast.ClassDef)}
    roots: dict[str, set[str]] = {}
    for node in code.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            package = getattr(node, "module", None) or ""
            relative = bool(getattr(node, "level", 0))
            for alias in node.names:
                name = alias.asname or alias.name
                root = "" if relative else (package or alias.name).split(".")[0]
                roots.setdefault(name.split(".")[0], set()).add(root)
    known |= roots.keys()
    count: Counter[tuple[str, str]] = Counter()
    for node in code.nodes:
        if isinstance(node, ast.Attribute) and is_loaded(node) and node.attr[:1].isupper():
            holder = code.text_of(node.value)
            if holder.split(".")[0] in roots and holder.replace(".", "").isidentifier():
                count[holder, holder.split(".")[0]] += 1
    prefixes = tuple((p, frozenset(roots[first])) for (p, first), _ in count.most_common())
    return frozenset(known), prefixes
