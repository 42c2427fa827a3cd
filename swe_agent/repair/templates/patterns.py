"""Patterns and formats: regular expressions that match too much or too little, values shown in
another form.
"""

import ast
import re
from collections.abc import Iterator

from swe_agent.repair.syntax import Code, Rewrite
from swe_agent.repair.templates.template import Template

_MATCHERS = {"compile", "match", "search", "fullmatch", "sub", "split", "findall", "finditer"}
_NAMED = re.compile(r"(^|_)(re|regex|regexp|pattern|rx)s?$", re.IGNORECASE)
_LOOKS_LIKE = re.compile(r"^\^|\$$|\\[dswbAZ]|\(\?[:!=<P]|\][+*?]")
_QUANTIFIED = re.compile(r"(?<!\\)(\\.|[\w)\].])([+*])(?![?+])")
_GROUPED = re.compile(r"\\[dswDSW](?![*+?{])|\)(?![*+?{])")
FLAGS = ("IGNORECASE", "DOTALL", "MULTILINE")


def patterns(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """Another regular expression: anchored or not, greedy or not, more or fewer of a part."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return
    if not _is_pattern(code, node):
        return
    text = code.text_of(node)
    quoted = re.fullmatch(r"([rRbBuU]*)('''|\"\"\"|'|\")(.*)\2", text, re.DOTALL)
    if quoted is None:
        return
    prefix, quote, pattern = quoted.groups()
    is_raw = "r" in prefix.lower()
    for form, weight in _forms(pattern):
        if form != pattern and _compiles(form) and (is_raw or form.count("\\") <= text.count("\\")):
            yield code.swap(node, f"{prefix}{quote}{form}{quote}", weight)


def matching(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A regular expression that has to look over case or lines."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
        return
    flagged = len(node.args) > 1 and node.func.attr == "compile"
    for flag in FLAGS if node.func.attr in _MATCHERS else ():
        if flagged:
            yield code.swap(node.args[1], f"{code.text_of(node.args[1])} | re.{flag}")
        elif not node.keywords:
            end = code.span(node.args[-1])[1] if node.args else code.span(node)[1] - 1
            name = "" if node.func.attr == "compile" else "flags="
            yield Rewrite(end, end, f", {name}re.{flag}", 0.8)


def shown(code: Code, node: ast.AST) -> Iterator[Rewrite]:
    """A value shown as `repr` does, or as `str` does."""
    if not isinstance(node, ast.Constant | ast.JoinedStr):
        return
    if isinstance(node, ast.Constant) and not isinstance(node.value, str):
        return
    if isinstance(code.parents.get(node), ast.Expr | ast.JoinedStr | ast.FormattedValue):
        return
    text = code.text_of(node)
    for old, new in ((r"%s", "%r"), (r"%r", "%s"), (r"\{(\w+)\}", r"{\1!r}")):
        for found in re.finditer(old, text):
            yield code.swap(node, text[: found.start()] + found.expand(new) + text[found.end() :])
    for found in re.finditer(r"!r\}", text):
        yield code.swap(node, text[: found.start()] + "}" + text[found.end() :])
    for found in re.finditer(r"(['\"])\{(\w+)\}\1", text[1:-1]):
        start, end = found.start() + 1, found.end() + 1
        yield code.swap(node, f"{text[:start]}{{{found.group(2)}!r}}{text[end:]}")


def _forms(pattern: str) -> Iterator[tuple[str, float]]:
    """Patterns near this one, with weights."""
    yield from ((pattern + "$", 0.8), ("^" + pattern, 0.7), (pattern + r"\Z", 0.4))
    if pattern.endswith("$"):
        yield from ((pattern[:-1], 0.5), (pattern[:-1] + r"\Z", 0.6))
    if pattern.startswith("^"):
        yield pattern[1:], 0.5
    for found in _QUANTIFIED.finditer(pattern):
        head, tail = pattern[: found.start(2)], pattern[found.end() :]
        yield head + ("*" if found.group(2) == "+" else "+") + tail, 0.8
        yield head + found.group(2) + "?" + tail, 0.7
        yield head + tail, 0.3
    for found in _GROUPED.finditer(pattern):
        for added, weight in (("?", 0.7), ("+", 0.5), ("*", 0.5)):
            yield pattern[: found.end()] + added + pattern[found.end() :], weight
    for found in re.finditer(r"\[\^?(?:\\.|[^\]\\])+\]", pattern):
        for added in (".", "_", "-", r"\s", r"\w", r"\d", "+", "'", "/", ":", "|", "$"):
            at = found.end() - 1
            yield pattern[:at] + added + pattern[at:], 0.3
    for found in re.finditer(r"(?<![\\(])\((?!\?)", pattern):
        yield pattern[: found.end()] + "?:" + pattern[found.end() :], 0.4


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_pattern(code: Code, node: ast.AST) -> bool:
    """Whether a text is used as a regular expression, as far as the place or its look says."""
    place = code.parents.get(node)
    value = getattr(node, "value", "")
    if "import re" in code.text and isinstance(value, str) and _LOOKS_LIKE.search(value):
        return not isinstance(place, ast.Expr | ast.JoinedStr | ast.FormattedValue)
    while isinstance(place, ast.BinOp | ast.Tuple | ast.List):
        place = code.parents.get(place)
    match place:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=attr)):
            return attr in _MATCHERS
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
            return _NAMED.search(name) is not None
    return False


TEMPLATES = (
    Template("pattern", 0.45, patterns, "matches another pattern"),
    Template("matching", 0.35, matching, "matches over case or lines"),
    Template("shown form", 0.35, shown, "shows the value in another form"),
)
