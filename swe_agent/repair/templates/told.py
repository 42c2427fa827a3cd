"""What the failing tests name and the program lacks: entries of tables, texts, cases, attributes,
types of exceptions.
"""

import ast
import difflib
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TypeGuard

from swe_agent.repair.syntax import Code, Function, Rewrite, arguments_of
from swe_agent.repair.templates.template import IN_PROJECTS, Template
from swe_agent.repair.told import changes

WORD_LIMIT = 24
ENTRY_CHARS = 40
VALUE_LIMIT = 4
CASE_LIMIT = 12
CONTEXTS = (8, 4, 2, 1)
ALIKE = 0.72
SHARED = 0.4
_WORD = re.compile(r"[^\W\d][\w-]+")
_QUOTED = re.compile(r"([rRbBuUfF]*)('''|\"\"\"|'|\")(.*)\2", re.DOTALL)
_REST = re.compile(r"(,?)([ \t]*(?:#.*)?)$", re.MULTILINE)
"""What follows a table's last entry on its line, unless the table ends there."""
_EMPTY = ("None", "[]", "{}", "False", "''", "0")


def entries(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more entry in a table of texts: what a failing test writes and the table lacks."""
    if isinstance(node, ast.Dict):
        keys, values = list(node.keys), list(node.values)
    elif isinstance(node, ast.Tuple | ast.List | ast.Set):
        keys, values = list(node.elts), []
    else:
        return
    known = [k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str)]
    if not known or len(known) < len(keys):
        return
    likely = Counter(code.text_of(v) for v in values).most_common(VALUE_LIMIT)
    last = values[-1] if values else keys[-1]
    assert last is not None
    first = keys[-1] or last
    # A large table's suspicion is spread over its entries, and a new one has all of it.
    whole = 1.0 + len(keys) / 10
    for place, word in enumerate(_fresh_words(code, known)):
        weight = whole / (1.0 + place / 6)
        if not values:
            yield _entry_after(code, (first, last), repr(word), weight)
        for value, count in likely:
            share = weight * count / len(values)
            yield _entry_after(code, (first, last), f"{word!r}: {value}", share)


def cases(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more text that a condition holds for, from the failing tests or the same file."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        left, right, word = node.left, node.comparators[0], type(node.ops[0])
        if word in (ast.Eq, ast.NotEq) and _is_text(right):
            form = "in" if word is ast.Eq else "not in"
            for other in _other_texts(code, right)[:CASE_LIMIT]:
                both = f"({code.text_of(right)}, {other!r})"
                yield code.swap(node, f"{code.text_of(left)} {form} {both}", 0.8)
        elif word in (ast.In, ast.NotIn) and _is_text(left):
            join, form = ("or", "in") if word is ast.In else ("and", "not in")
            for other in _other_texts(code, left)[:CASE_LIMIT]:
                more = f"{other!r} {form} {code.text_of(right)}"
                yield code.swap(node, f"({code.text_of(node)} {join} {more})", 0.6)
    elif _asks_for_text(node):
        text = code.text_of(node.args[0])
        for other in _other_texts(code, node.args[0])[:CASE_LIMIT]:
            yield code.swap(node.args[0], f"({text}, {other!r})", 0.8)


def retold(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A text with what came replaced by what was expected, or as the failing tests write it."""
    if not (_is_text(node) or isinstance(node, ast.JoinedStr)):
        return
    if isinstance(code.parents.get(node), ast.Expr | ast.JoinedStr | ast.FormattedValue):
        return
    found = _QUOTED.fullmatch(code.text_of(node))
    if found is None:
        return
    prefix, quote, inner = found.groups()
    for form, weight in _forms(code, inner):
        if form != inner and quote not in form and "\n" not in form:
            yield code.swap(node, f"{prefix}{quote}{form}{quote}", weight)


def lacking(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """An attribute that failures say is not there, set where its object is made."""
    if not isinstance(node, Function) or not code.told.lacking:
        return
    parameters = arguments_of(node)
    if not isinstance(code.parents.get(node), ast.ClassDef) or parameters[:1] != ["self"]:
        return
    share = 1.0 if node.name == "__init__" else 0.3
    body = node.body[1:] or node.body if ast.get_docstring(node, clean=False) else node.body
    for name in code.told.lacking[:VALUE_LIMIT]:
        given = [p for p in parameters[1:] if p == name.strip("_")]
        alike = difflib.get_close_matches(name, parameters[1:], 2, 0.5)
        for value in dict.fromkeys((*given, *alike, *_EMPTY)):
            weight = share * (1.0 if value in given else 0.5)
            for place, after in ((body[0], False), (body[-1], True)):
                yield from code.insert(place, f"self.{name} = {value}", after, weight)


def refused(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another type of exception is raised: one that the failing tests name."""
    if not isinstance(node, ast.Raise) or node.exc is None:
        return
    kind = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if isinstance(kind, ast.Name | ast.Attribute):
        for name in code.told.types:
            if name != code.text_of(kind):
                yield code.swap(kind, name)


def alternatives(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """One more word among those that a regular expression lists."""
    if not _is_text(node) or not code.told.texts:
        return
    found = _QUOTED.fullmatch(code.text_of(node))
    inner = found.group(3) if found else ""
    for group in re.finditer(r"\((\?:)?(\w[\w ]*(?:\|\w[\w ]*)+)\)", inner):
        for word in _fresh_words(code, group.group(2).split("|"))[:CASE_LIMIT]:
            if re.fullmatch(r"[\w ]+", word):
                at = code.span(node)[0] + len(code.text_of(node).split(inner)[0]) + group.end() - 1
                yield Rewrite(at, at, f"|{word}")


def _forms(code: Code, inner: str) -> Iterator[tuple[str, float]]:
    for came, expected in code.told.differences:
        for left, old, new, right in changes(came, expected):
            yield from _replaced(inner, left, old, new, right)
    for text in code.told.texts if len(inner) > 3 else ():
        if inner in text:
            yield from ((form, 0.3) for form in _longer(inner, text))
            continue
        if _shared(inner, text) < SHARED:
            continue
        matcher = difflib.SequenceMatcher(None, inner, text, autojunk=False)
        first, *_, last, _ = (matcher.get_matching_blocks() * 2)[:-1]
        start, end = first.b - first.a, last.b + len(inner) - last.a
        part = text[max(0, start) : end]
        if part and difflib.SequenceMatcher(None, inner, part, autojunk=False).ratio() > ALIKE:
            yield part, 0.7


def _longer(inner: str, text: str) -> Iterator[str]:
    """The text with a word or two more of those around it in another."""
    before, after = text.split(inner, 1)
    left, right = re.findall(r"\S+\s*", before)[-2:], re.findall(r"\s*\S+", after)[:2]
    for start in range(len(left) + 1):
        for end in range(len(right) + 1):
            yield "".join(left[start:]) + inner + "".join(right[:end])


def _replaced(inner: str, left: str, old: str, new: str, right: str) -> Iterator[tuple[str, float]]:
    """The text with a difference made in it, where as much as possible around it is the same."""
    for count in CONTEXTS:
        before, after = left[-count:], right[:count]
        for head, tail in ((before, after), (before, ""), ("", after)):
            whole = head + old + tail
            if len(whole.strip()) > 1 and inner.count(whole) == 1:
                yield inner.replace(whole, head + new + tail), 1.0 if head and tail else 0.7
                return


def _fresh_words(code: Code, known: list[str]) -> list[str]:
    """Texts and words of the failing tests that a table does not have; in its style, those that are
    shaped like its own first.
    """
    style = next((s for s in (str.upper, str.lower) if all(s(k) == k for k in known)), str)
    begun = [text[: ENTRY_CHARS + 1].rpartition(" ")[0] for text in code.told.texts]
    texts = zip(code.told.texts, begun, strict=True)
    short = [text if len(text) <= ENTRY_CHARS else start.rstrip() for text, start in texts]
    words = [word for text in code.told.texts for word in _WORD.findall(text)]
    shapes = {_shape(k) for k in known}
    found = dict.fromkeys(style(word) for word in (*short, *words) if len(word) > 1)
    fresh = [word for word in found if word not in known and word not in _texts_of(code)]
    return sorted(fresh, key=lambda word: _shape(word) not in shapes)[:WORD_LIMIT]


def _entry_after(code: Code, entry: tuple[ast.expr, ast.expr], text: str, weight: float) -> Rewrite:
    """One more entry after a table's last, which is given by its first and last part: on a line of
    its own where that one begins its line, too.
    """
    start, end = code.span(entry[0])[0], code.span(entry[1])[1]
    margin = code.text[code.text.rfind("\n", 0, start) + 1 : start]
    if margin.strip() or start == 0:
        return Rewrite(end, end, f", {text}", weight)
    rest = _REST.match(code.text, end)
    comma, comment = rest.groups() if rest else ("", "")
    stop = rest.end() if rest else end
    return Rewrite(end, stop, f",{comment}\n{margin}{text}{comma}", weight)


def _shape(text: str) -> tuple[str, bool, bool]:
    mark = text[:1] if text[:1] and not text[0].isalnum() else ""
    return mark, " " in text, any(c.isdigit() for c in text)


def _other_texts(code: Code, node: ast.AST) -> list[str]:
    """Short texts of the failing tests, then of the program's comparisons."""
    known = getattr(node, "value", "")
    told = [text for text in code.told.texts if len(text) <= ENTRY_CHARS * 2]
    if len(known) > 2:
        told.sort(key=lambda text: -_shared(known, text))
    both = dict.fromkeys([*told[: CASE_LIMIT - 4], *_compared(code)])
    return [text for text in both if text and text != known]


@lru_cache(maxsize=64)
def _compared(code: Code) -> tuple[str, ...]:
    """Texts that the program compares with."""
    sides = [s for n in code.nodes if isinstance(n, ast.Compare) for s in (n.left, *n.comparators)]
    texts = [s.value for s in sides if isinstance(s, ast.Constant) and isinstance(s.value, str)]
    return tuple(dict.fromkeys(texts))


@lru_cache(maxsize=64)
def _texts_of(code: Code) -> frozenset[str]:
    values = (n.value for n in code.nodes if isinstance(n, ast.Constant))
    return frozenset(value for value in values if isinstance(value, str))


@lru_cache(maxsize=65536)
def _shared(one: str, other: str) -> float:
    """The part of a text's runs of three characters that another has too, in [0, 1]."""
    runs = _runs(one)
    return len(runs & _runs(other)) / len(runs) if runs else 0.0


@lru_cache(maxsize=8192)
def _runs(text: str) -> frozenset[str]:
    return frozenset(text[at : at + 3] for at in range(len(text) - 2))


def _asks_for_text(node: ast.AST) -> TypeGuard[ast.Call]:
    """Whether a node is `x.startswith('a')`, or the same for the end."""
    if not isinstance(node, ast.Call) or len(node.args) != 1 or not _is_text(node.args[0]):
        return False
    return getattr(node.func, "attr", "") in ("startswith", "endswith")


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


TEMPLATES = (
    Template("entry", IN_PROJECTS, entries, "adds an entry that the failing tests name"),
    Template("more cases", IN_PROJECTS, cases, "holds for one more text"),
    Template("told text", IN_PROJECTS, retold, "writes the text as the failing tests do"),
    Template("lacking attribute", IN_PROJECTS, lacking, "sets the attribute that is missing"),
    Template("raised type", IN_PROJECTS, refused, "raises another type of exception"),
    Template("alternative", IN_PROJECTS, alternatives, "matches one more word"),
)
