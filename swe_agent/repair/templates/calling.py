"""What the rest of a file shows that a place lacks: a function around a value, an argument of a
sibling's call, an attribute of the object, another way to ask the same.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of, is_called, is_loaded
from swe_agent.repair.templates.conditions import tests_of
from swe_agent.repair.templates.passing import with_argument
from swe_agent.repair.templates.template import IN_PROJECTS, Template

_PIECE = re.compile(r"(?<![\w'\"\\])('[^'\n]*'|\"[^\"\n]*\")")
_BRACED = re.compile(r"\{[A-Za-z_][^{}]*\}")
OWN_LIMIT = 10
ATTRIBUTE_LIMIT = 14
_PLAIN = ("str", "list", "int", "repr", "dict", "tuple", "set", "bool")
_BOUNDED = ("max(0, {})", "max(1, {})", "({} or '')", "({} or [])")
_USUAL = {
    "decode": ("'utf-8'", "errors='replace'", "errors='ignore'"),
    "encode": ("'utf-8'", "errors='replace'", "errors='ignore'"),
    "open": ("encoding='utf-8'", "newline=''"),
    "getattr": ("None",),
    "next": ("None",),
    "split": ("1", "maxsplit=1", "None, 1"),
    "sub": ("flags=re.IGNORECASE", "count=1"),
    "makedirs": ("exist_ok=True",),
    "warn": ("stacklevel=2",),
    "sorted": ("key=str", "reverse=True"),
    "enumerate": ("1",),
    "splitlines": ("True",),
    "parse_qs": ("keep_blank_values=True",),
    "parse_qsl": ("keep_blank_values=True",),
    "compile": ("re.IGNORECASE", "re.DOTALL", "re.MULTILINE"),
    "rmtree": ("ignore_errors=True",),
    "wrap": ("break_long_words=False", "replace_whitespace=False"),
    "zip": ("strict=False",),
    "dumps": ("sort_keys=True", "ensure_ascii=False", "default=str"),
}


def enclosing(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value put through a function that the file calls elsewhere, or kept within a bound."""
    if not isinstance(node, ast.expr) or not is_loaded(node) or is_called(code, node):
        return
    weight = _room(code, node)
    if not weight or isinstance(node, ast.Starred | ast.Compare | ast.BoolOp | ast.JoinedStr):
        return
    if isinstance(node, ast.Constant):
        return
    text = code.text_of(node)
    own = called_with_one(code)
    for place, name in enumerate(own[:OWN_LIMIT]):
        if not text.startswith(f"{name}("):
            yield code.swap(node, f"{name}({text})", weight * (1.0 - 0.06 * place))
    for name in _PLAIN:
        if name not in own and not text.startswith(f"{name}("):
            yield code.swap(node, f"{name}({text})", weight * 0.5)
    for form in _BOUNDED:
        yield code.swap(node, form.format(text), weight * 0.4)


def sibling_arguments(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An argument that other calls of the same function have, or that such calls often have."""
    if not isinstance(node, ast.Call):
        return
    name = str(getattr(node.func, "id", getattr(node.func, "attr", "")))
    given = {k.arg for k in node.keywords}
    known = {*code.names_at(node), "self"}
    for argument, value, names in _arguments_of_calls(code, name):
        if argument not in given and set(names) <= known:
            yield from with_argument(code, node, f"{argument}={value}", 1.0)
    for argument in _USUAL.get(name, ()):
        if argument.split("=")[0] not in given:
            yield from with_argument(code, node, argument, 0.7)


def own_attributes(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A condition that asks for one more attribute of the object, which its class sets."""
    for test in tests_of(node):
        text = code.text_of(test)
        bound = f"({text})" if isinstance(test, ast.BoolOp | ast.IfExp | ast.Lambda) else text
        asked = bound if _joins(test, ast.Or) else text
        for place, name in enumerate(attributes_near(code, test)):
            if name in text:
                continue
            share = 1.0 - 0.05 * place
            yield code.swap(test, f"{asked} and not {name}", share)
            yield code.swap(test, f"{asked} and {name}", share)
            yield code.swap(test, f"{asked} and {name} is not None", share * 0.7)
            yield code.swap(test, f"{bound if _joins(test, ast.And) else text} or {name}", share)


def replaced_tests(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """The same asked in another way: `isinstance` for `type`, regardless of case, by `in`."""
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return
    left, right, word = node.left, node.comparators[0], type(node.ops[0])
    one, two = code.text_of(left), code.text_of(right)
    if isinstance(left, ast.Call) and getattr(left.func, "id", "") == "type" and left.args:
        listed = right.elts if isinstance(right, ast.List | ast.Tuple | ast.Set) else None
        kinds = f"({', '.join(map(code.text_of, listed))})" if listed else two
        form = f"isinstance({code.text_of(left.args[0])}, {kinds})"
        yield code.swap_operand(
            node, form if word in (ast.Is, ast.Eq, ast.In) else f"not {form}", 1.0
        )
    for text, other, swap in ((left, right, right), (right, left, left)):
        value = getattr(text, "value", None)
        if isinstance(text, ast.Constant) and isinstance(value, str) and value != value.swapcase():
            for method in ("lower", "upper"):
                if getattr(value, method)() == value and not isinstance(other, ast.Constant):
                    yield code.swap(swap, f"{code.text_of(swap)}.{method}()", 0.9)
    if word in (ast.Is, ast.IsNot) and two == "None":
        form = "in" if word is ast.Is else "not in"
        yield code.swap(node, f"{one} {form} (None, '')", 0.4)


def otherwise(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another value where this one is empty: `x.title or x.name`."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        return
    place = code.parents.get(node)
    if (
        not is_loaded(node)
        or is_called(code, node)
        or not isinstance(place, ast.Assign | ast.Return | ast.keyword | ast.Call | ast.For)
    ):
        return
    function = code.function_of(node)
    if function is None:
        return
    text = code.text_of(node)
    parameters = [a for a in arguments_of(function) if a not in ("self", "cls")]
    others = [*parameters[:4], *attributes_near(code, node)[:6]]
    for rank, other in enumerate(dict.fromkeys(others)):
        if other not in text:
            share = 1.0 - 0.08 * rank
            yield code.swap(node, f"{text} or {other}", share * 0.7)
            yield code.swap(node, f"{other} or {text}", share * 0.7)
            yield code.swap(node, f"{text} if {other} else None", share * 0.3)


def unfilled(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A text with names in braces that nothing fills in: an f-string."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return
    place = code.parents.get(node)
    if isinstance(place, ast.Expr | ast.JoinedStr | ast.Attribute):
        return
    text = code.text_of(node)
    marked = _PIECE.sub(lambda m: "f" + m[0] if _BRACED.search(m[0]) else m[0], text)
    if marked != text:
        yield code.swap(node, marked)


def needless_parts(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An argument, or an entry of a display, that should not be there."""
    parts: list[ast.AST] = []
    if isinstance(node, ast.Call):
        parts = sorted([*node.args, *node.keywords], key=lambda n: code.span(n)[0])[:-1]
    elif isinstance(node, ast.List | ast.Tuple | ast.Set) and is_loaded(node):
        parts = [*node.elts[:-1]]
    for part in parts[:6]:
        start, end = code.span(part)
        rest = code.text[end:].lstrip()
        if rest.startswith(","):
            end = code.text.index(",", end) + 1
            end += len(code.text[end:]) - len(code.text[end:].lstrip())
            yield Rewrite(start, end, "")


def early_values(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A way out at the function's start, with what its object or its other parameters hold."""
    if not isinstance(node, Function):
        return
    body = node.body[1:] or node.body if ast.get_docstring(node, clean=False) else node.body
    parameters = [a for a in arguments_of(node) if a not in ("self", "cls")]
    held = [a for a in attributes_near(code, node) if a.startswith("self.")][:5]
    for name in parameters[:3]:
        others = [p for p in parameters if p != name]
        results = ["", "NotImplemented", "False", "True", name, *others[:3], *held]
        for condition, weight in (
            (f"{name} is None", 1.0),
            (f"not {name}", 0.8),
            (f"not isinstance({name}, type(self))", 0.4),
            (f"not isinstance({name}, str)", 0.4),
        ):
            for result in results:
                line = f"if {condition}:\n    {f'return {result}'.strip()}"
                yield from code.insert(body[0], line, weight=weight)
    for name in held:
        for leave in ("return", "return False", "return None", f"return {name}"):
            yield from code.insert(body[0], f"if not {name}:\n    {leave}", weight=0.5)
            yield from code.insert(body[0], f"if {name}:\n    {leave}", weight=0.4)
            yield from code.insert(body[0], f"if {name} is None:\n    {leave}", weight=0.4)


def _room(code: Code, node: ast.AST) -> float:
    """How likely a value at a place is one that has to be put through a function."""
    place = code.parents.get(node)
    match place:
        case ast.Return() | ast.Assign() | ast.keyword() | ast.FormattedValue():
            return 0.9
        case ast.Call():
            return 0.7 if node in place.args else 0.0
        case ast.Compare() | ast.For() | ast.comprehension() | ast.Subscript() | ast.Dict():
            return 0.5
        case ast.BinOp():
            return 0.7 if isinstance(place.op, ast.Mod) and place.right is node else 0.4
        case ast.Tuple():
            return 0.5
        case ast.Attribute():
            return 0.2
    return 0.0


@lru_cache(maxsize=64)
def called_with_one(code: Code) -> tuple[str, ...]:
    """Functions that the file calls with one argument, the most used first; then its own that take
    one.
    """
    called: Counter[str] = Counter()
    for node in code.nodes:
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
            name = code.text_of(node.func)
            plain = isinstance(node.func, ast.Name) or name.startswith("self.")
            if plain and len(name) < 30 and not name.endswith(("Error", "Exception")):
                called[name] += 1
    own = {f.name for f in code.functions() if len(arguments_of(f)) == 1 and f in code.tree.body}
    ranked = [name for name, _ in called.most_common() if name not in ("len", "isinstance")]
    return tuple(dict.fromkeys([*ranked, *sorted(own)]))


@lru_cache(maxsize=1024)
def _arguments_of_calls(code: Code, name: str) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Keyword arguments of a function's calls in the file: name, value, and what that reads."""
    found: dict[tuple[str, str, tuple[str, ...]], None] = {}
    for keyword in _keywords_by_name(code).get(name, ()):
        value = code.text_of(keyword.value)
        if keyword.arg and len(value) < 40 and "\n" not in value:
            inner = ast.walk(keyword.value)
            names = tuple(n.id for n in inner if isinstance(n, ast.Name))
            found[keyword.arg, value, names] = None
    return tuple(found)[:8]


@lru_cache(maxsize=64)
def _keywords_by_name(code: Code) -> dict[str, list[ast.keyword]]:
    """The keywords of a file's calls, by what is called."""
    found: dict[str, list[ast.keyword]] = {}
    for node in code.nodes:
        if isinstance(node, ast.Call) and node.keywords:
            name = str(getattr(node.func, "id", getattr(node.func, "attr", "")))
            found.setdefault(name, []).extend(node.keywords)
    return found


def attributes_near(code: Code, node: ast.AST) -> list[str]:
    """Attributes that the function reads, then those that its class sets."""
    function = node if isinstance(node, Function) else code.function_of(node)
    if function is None:
        return []
    near = _attributes_of(code, function)
    known = {*code.names_at(node), "self"}
    return [name for name in near if name.split(".")[0] in known][:ATTRIBUTE_LIMIT]


@lru_cache(maxsize=1024)
def _attributes_of(code: Code, function: Function) -> tuple[str, ...]:
    plain = [
        code.text_of(n)
        for n in ast.walk(function)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and is_loaded(n)
        if not is_called(code, n)
    ]
    place = code.parents.get(function)
    while place is not None and not isinstance(place, ast.ClassDef):
        place = code.parents.get(place)
    own = _set_by(code, place) if place is not None and "self" in arguments_of(function) else ()
    return tuple(dict.fromkeys([*plain, *own]))


@lru_cache(maxsize=1024)
def _set_by(code: Code, place: ast.ClassDef) -> tuple[str, ...]:
    """Attributes that a class sets on its objects."""
    found = (
        f"self.{n.attr}"
        for n in ast.walk(place)
        if isinstance(n, ast.Attribute) and not is_loaded(n) and code.text_of(n.value) == "self"
    )
    return tuple(dict.fromkeys(found))


def _joins(test: ast.expr, word: type[ast.boolop]) -> bool:
    return isinstance(test, ast.BoolOp) and isinstance(test.op, word)


TEMPLATES = (
    Template(
        "enclosing call", IN_PROJECTS, enclosing, "puts the value through a function of the file"
    ),
    Template("sibling argument", IN_PROJECTS, sibling_arguments, "passes what other calls pass"),
    Template(
        "own attribute", IN_PROJECTS, own_attributes, "asks for one more attribute of the object"
    ),
    Template("other test", IN_PROJECTS, replaced_tests, "asks the same in another way"),
    Template("otherwise", IN_PROJECTS, otherwise, "takes another value where there is none"),
    Template("f-string", IN_PROJECTS, unfilled, "fills the names in"),
    Template("needless part", IN_PROJECTS, needless_parts, "drops an argument or an entry"),
    Template("early value", IN_PROJECTS, early_values, "returns early with a value at hand"),
)
