"""Examples in the code of an issue: sessions with `>>>`, blocks of Python whose comments, or the
words after them, say what should come, and the calls of tracebacks.
"""

import ast
import doctest
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from swe_agent.repair.expected import (
    REACH,
    Example,
    is_call,
    is_literal,
    literal_at,
    meant,
    parsed,
    unprinted,
)

_FENCED = re.compile(r"^[ ]{0,3}(```+|~~~+)[ ]*(\w*)[^\n]*\n(.*?)^[ ]{0,3}\1", re.M | re.S)
_INDENTED = re.compile(r"(?:\A|(?<=\n\n))((?:(?: {4}|\t)[^\n]*\n|[ \t]*\n(?= {4}|\t))+)")
_LANGUAGES = {"", "python", "py", "python3"}
_PROMPTS = ((r"^In \[\d+\]: ?", ">>> "), (r"^ *\.\.\.: ?", "... "), (r"^Out\[\d+\]: ?", ""))
_BUG = "Traceback (most recent call last)"
_FAULT = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b|\bcrash|\braises?\b|\bexception\b")
_TRACEBACK = re.compile(
    r"^[ \t>]*Traceback \(most recent call last\):\n(.*?)"
    r"^[ \t>]*[A-Za-z][\w.]*(?:Error|Exception)\b.*?$",
    re.M | re.S,
)
_FRAME = re.compile(r'File "[^"\n]+", line \d+(?:, in <module>)?\n[ \t]*(?!File ")(\S.*)')
_ACTUAL = re.compile(r"\b(?:actual|got|wrong|bug|currently|but)\b", re.IGNORECASE)
_LEADS = re.compile(
    r"\A[\s#]*(?:(?:->|=>|==|=)|(?:returns?|gives?|prints?|outputs?|results?)\b:?)?\s*", re.I
)


def sessions(issue: str) -> Iterator[Example]:
    """The steps of sessions with their output, each after what leads to it; where a traceback came,
    only that they should end. What the words after the last step expect is preferred.
    """
    text = re.sub(r"^[ \t]*```.*$", "", issue, flags=re.MULTILINE)
    for prompt, usual in _PROMPTS:
        text = re.sub(prompt, usual, text, flags=re.MULTILINE)
    try:
        parts = doctest.DocTestParser().parse(text)
    except ValueError:
        return
    before: tuple[str, ...] = ()
    for place, step in enumerate(parts):
        if not isinstance(step, doctest.Example):
            continue
        source = step.source.strip()
        after = parts[place + 1] if place + 1 < len(parts) else ""
        words = after if isinstance(after, str) else ""
        crashed = step.exc_msg is not None or step.want.startswith(_BUG)
        found = meant(source, words[:REACH], before) if step.want else None
        if found is None and crashed:
            found = Example(source, before=before)
        if found is None and step.want.strip():
            found = _with_output(source, step.want.strip(), before)
        if found is not None:
            yield found
        if not crashed:
            before += (source,)


def blocks(issue: str) -> Iterator[Example]:
    """What blocks of Python say should come of their steps."""
    found = [(m[3], m.end()) for m in _FENCED.finditer(issue) if m[2].lower() in _LANGUAGES]
    found += [(textwrap.dedent(m[1]), m.end()) for m in _INDENTED.finditer(issue)]
    has_fault = bool(_FAULT.search(issue))
    for text, end in found:
        if ">>>" not in text and _BUG not in text:
            yield from _of_block(text, issue[end : end + REACH], has_fault)


def tracebacks(issue: str) -> Iterator[Example]:
    """The calls of literals with which tracebacks begin, which should end."""
    for found in _TRACEBACK.finditer(issue):
        frame = _FRAME.search(found[1])
        call = unprinted(frame[1]) if frame else ""
        if is_call(call) and not call.endswith("()"):
            yield meant(call, issue[found.end() : found.end() + REACH]) or Example(call)


@dataclass(frozen=True, slots=True)
class _Step:
    """A statement of a block, and the comments beside and under it."""

    source: str
    node: ast.stmt
    comment: str


def _of_block(text: str, after: str, has_fault: bool) -> Iterator[Example]:
    steps = _steps(text)
    before: tuple[str, ...] = ()
    made: list[Example] = []
    for step in steps:
        if (found := _of_step(step, before)) is not None:
            made.append(found)
        if not isinstance(step.node, ast.Assert):
            before += (step.source,)
    if not made and steps and not isinstance(steps[-1].node, ast.FunctionDef | ast.ClassDef):
        last, leads = steps[-1], before[:-1]
        found = meant(last.source, after, leads) if isinstance(last.node, ast.Expr) else None
        if found is None and has_fault:
            found = Example(last.source, before=leads)
        if found is not None:
            made.append(found)
    yield from made


def _of_step(step: _Step, before: tuple[str, ...]) -> Example | None:
    """What one statement says should hold; None for one that leads to others."""
    node = step.node
    if isinstance(node, ast.Assert):
        return _of_assertion(node.test, before)
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test") and not node.args.args:
        return Example(f"{node.name}()", before=(*before, step.source))
    if not isinstance(node, ast.Expr) or not step.comment:
        return None
    found = meant(step.source, step.comment, before)
    if found is not None or _ACTUAL.search(step.comment):
        return found
    shown = _LEADS.sub("", step.comment).strip()
    is_value = bool(shown) and literal_at(shown) == shown
    return Example(unprinted(step.source), shown, before=before) if is_value else None


def _of_assertion(test: ast.expr, before: tuple[str, ...]) -> Example:
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
        value = ast.unparse(test.comparators[0])
        if is_literal(value):
            return Example(ast.unparse(test.left), value, before=before)
    return Example(f"bool({ast.unparse(test)})", "True", before=before)


def _with_output(source: str, output: str, before: tuple[str, ...]) -> Example | None:
    """A step and what a terminal shows of it: a literal, the text that it prints, or its form."""
    inner = unprinted(source)
    if not _is_expression(inner):
        return None
    if inner != source:
        return Example(f"str({inner})", repr(output), before=before)
    if is_literal(output):
        return Example(source, output, before=before)
    plain = "\n" not in output and "..." not in output and " at 0x" not in output
    return Example(f"repr({source})", repr(output), before=before) if plain else None


def _is_expression(source: str) -> bool:
    tree = parsed(source)
    return tree is not None and [type(node) for node in tree.body] == [ast.Expr]


def _steps(text: str) -> list[_Step]:
    """The statements of a block; none where it is no Python."""
    text = textwrap.dedent(text)
    tree = parsed(text)
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(text).readline)] if tree else []
    except (SyntaxError, tokenize.TokenError):
        return []
    body = tree.body if tree else []
    comments = {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    ends = [*(node.lineno - 1 for node in body[1:]), text.count("\n") + 1][: len(body)]
    steps = []
    for node, end in zip(body, ends, strict=True):
        last = node.end_lineno or node.lineno
        said = " ".join(comments[row] for row in range(last, end + 1) if row in comments)
        steps.append(_Step(ast.unparse(node), node, said))
    return steps
