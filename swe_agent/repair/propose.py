"""From templates and suspicious functions to candidates: exact edits, best first, each parsed and
made only once.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from swe_agent.core.pythonsyntax import parsed_python
from swe_agent.repair.localize import UNCOVERED, Lines
from swe_agent.repair.rank import Weights
from swe_agent.repair.syntax import Code, Function, Rewrite, own_nodes, unread_names
from swe_agent.repair.templates import TEMPLATES
from swe_agent.repair.templates.template import Template
from swe_agent.repair.usage import naturalness, pieces

READS_UNREAD = 1.6
"""Factor for a change that uses a name which the function never reads."""
_NAME = re.compile(r"[^\W\d]\w*")
STRETCH = 300
"""Candidates that are put in order together once it is known how usual what they write is."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One exact replacement; `old` is in the file once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible repair."""

    edits: tuple[Edit, ...]
    template: str
    says: str
    """What the change does, as a clause."""
    path: str
    line: int
    function: str
    score: float
    """Suspicion x prior x weight x naturalness; comparable within one run only."""
    made_of: tuple["Candidate", ...] = ()
    """The single candidates that it joins; empty for a single one."""


@dataclass(frozen=True, slots=True)
class _Draft:
    code: Code
    scope: ast.AST
    rewrite: Rewrite
    template: Template
    score: float


Suspicions = Mapping[tuple[str, int], float]
"""By path and first line of a function (0: the module's own code): how suspicious, in (0, 1]."""


def proposed(
    codes: Mapping[str, Code],
    suspicions: Suspicions,
    weights: Weights,
    lines: Lines | None = None,
) -> Iterator[Candidate]:
    """The candidates, best first; each changes the program and still parses."""
    drafts = [
        draft
        for (path, line), suspicion in suspicions.items()
        for draft in _drafts(codes[path], line, suspicion, weights)
    ]
    if lines:
        drafts = [replace(d, score=d.score * _line_factor(d, lines)) for d in drafts]
    drafts.sort(key=lambda d: (-d.score, d.code.path, d.rewrite.start, d.rewrite.text))
    scopes: dict[tuple[str, int], _Scope] = {}
    for start in range(0, len(drafts), STRETCH):
        found = [
            _candidate(draft, draft.score * natural)
            for draft in drafts[start : start + STRETCH]
            if (natural := _fresh(draft, scopes))
        ]
        yield from sorted(found, key=lambda c: -c.score)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A function as it was, and the meanings that candidates gave it."""

    pieces: Counter[str]
    meanings: set[str]


def _fresh(draft: _Draft, scopes: dict[tuple[str, int], _Scope]) -> float:
    """How usual it is what a draft writes; 0.0 where it does not parse or was made before."""
    at = (draft.code.path, getattr(draft.scope, "lineno", 0))
    if at not in scopes:
        tree = _changed(draft, Rewrite(0, 0, ""))
        scopes[at] = _Scope(*((pieces(tree), {ast.dump(tree)}) if tree else (Counter(), set())))
    tree, scope = _changed(draft, draft.rewrite), scopes[at]
    meaning = ast.dump(tree) if tree else ""
    if tree is None or meaning in scope.meanings:
        return 0.0
    scope.meanings.add(meaning)
    return naturalness(scope.pieces, pieces(tree))


def exact(path: str, text: str, rewrite: Rewrite) -> Edit:
    """The rewrite as whole lines, with as many lines around them as make `old` unique."""
    start = text.rfind("\n", 0, rewrite.start) + 1
    end = rewrite.end
    if end == start or text[end - 1 : end] != "\n":
        end = _line_end(text, end)
    above = True
    while not text[start:end].strip() or text.count(text[start:end]) != 1:
        if (start, end) == (0, len(text)):
            break
        if (above and start > 0) or end == len(text):
            start = text.rfind("\n", 0, max(0, start - 1)) + 1
        else:
            end = _line_end(text, end + 1)
        above = not above
    new = text[start : rewrite.start] + rewrite.text + text[rewrite.end : end]
    return Edit(path, text[start:end], new)


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found


def _drafts(code: Code, line: int, suspicion: float, weights: Weights) -> Iterator[_Draft]:
    scope: ast.AST = next((f for f in code.functions() if f.lineno == line), code.tree)
    unread = unread_names(scope) if isinstance(scope, Function) else frozenset()
    for node in (scope, *own_nodes(scope)):
        if node is not scope and isinstance(node, Function | ast.ClassDef):
            continue
        for template in TEMPLATES:
            for rewrite in template.rule(code, node):
                score = suspicion * weights.of(template) * rewrite.weight
                if unread and not unread.isdisjoint(_NAME.findall(rewrite.text)):
                    score *= READS_UNREAD
                yield _Draft(code, scope, rewrite, template, score)


def _line_factor(draft: _Draft, lines: Lines) -> float:
    """Less for a change of lines that no failing test ran."""
    ran = lines.get(draft.code.path)
    if not ran or not isinstance(draft.scope, Function):
        return 1.0
    text, rewrite = draft.code.text, draft.rewrite
    first = text.count("\n", 0, rewrite.start) + 1
    last = first + text.count("\n", rewrite.start, max(rewrite.start, rewrite.end - 1))
    # A statement over several lines, or one put between two, has an event on some of them only.
    return 1.0 if any(line in ran for line in range(first - 1, last + 2)) else UNCOVERED


def _changed(draft: _Draft, rewrite: Rewrite) -> ast.AST | None:
    """The syntax tree of the function after the change; None where it does not parse."""
    text, (start, end) = draft.code.text, _scope_span(draft)
    end = max(end, rewrite.end)
    if rewrite.end > rewrite.start or rewrite.text:
        if rewrite.start < start:
            start = 0
        text = text[start : rewrite.start] + rewrite.text + text[rewrite.end : end]
    else:
        text = text[start:end]
    try:
        return parsed_python(f"if 1:\n{text}" if text[:1] in (" ", "\t") else text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _scope_span(draft: _Draft) -> tuple[int, int]:
    if not isinstance(draft.scope, Function):
        return 0, len(draft.code.text)
    start, end = draft.code.span(draft.scope)
    text = draft.code.text
    return text.rfind("\n", 0, start) + 1, min(len(text), _line_end(text, end) + 1)


def _candidate(draft: _Draft, score: float) -> Candidate:
    code = draft.code
    name = draft.scope.name if isinstance(draft.scope, Function) else "<module>"
    edit = exact(code.path, code.text, draft.rewrite)
    line = code.text.count("\n", 0, draft.rewrite.start) + 1
    return Candidate(
        (edit,), draft.template.name, draft.template.says, code.path, line, name, score
    )
