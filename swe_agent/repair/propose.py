"""From templates and suspicious functions to candidates: exact edits, best first, each parsed and
made only once.
"""

import ast
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import islice

from swe_agent.repair.changed import Scope
from swe_agent.repair.localize import UNCOVERED, Lines
from swe_agent.repair.rank import Weights
from swe_agent.repair.syntax import Code, Function, Rewrite, own_nodes, unread_names
from swe_agent.repair.templates import TEMPLATES
from swe_agent.repair.templates.donors import docstring_of
from swe_agent.repair.templates.template import Template
from swe_agent.repair.usage import naturalness
from swe_agent.repair.wording import prose_of, spoken_for

LINE_SHARE = 0.5
"""Part of a change's score that does not hang on how suspicious its line is beside the others."""
TOGETHER = 0.5
"""Factor for a change in several places at once, beside the same in one."""
TIERS = (0.4, 0.15)
"""Weights at which templates part into tiers, in a project."""
READS_UNREAD, READS_SET = 1.6, 3.0
"""Factors for a change that uses a parameter which the function never reads, or what it sets."""
_NAME = re.compile(r"[^\W\d]\w*")
STRETCH, STRETCH_IN_PROJECT = 600, 300
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
    rewrite: Rewrite | None = None
    """What it changes, in the file as it is; None where that is more than one edit."""
    is_question: bool = False
    """Whether it is never kept: passing, it shows where a case is missing."""


@dataclass(frozen=True, slots=True)
class _Draft:
    code: Code
    scope: ast.AST
    rewrite: Rewrite
    template: Template
    score: float


Suspicions = Mapping[tuple[str, int], float]
"""By path and first line of a function or constant (0: the module's own code): how suspicious, in
(0, 1].
"""


def proposed(
    codes: Mapping[str, Code],
    suspicions: Suspicions,
    weights: Weights,
    lines: Lines | None = None,
) -> Iterator[Candidate]:
    """The candidates, best first; each changes the program and still parses."""
    scopes: dict[tuple[str, int], Scope] = {}
    ordered = _ordered(codes, suspicions, weights, lines)
    stretch = STRETCH_IN_PROJECT if weights.in_project else STRETCH
    while drafts := list(islice(ordered, stretch)):
        found = [
            _candidate(draft, draft.score * natural)
            for draft in drafts
            if (natural := _fresh(draft, scopes))
        ]
        yield from sorted(found, key=lambda c: -c.score)


def _ordered(
    codes: Mapping[str, Code], suspicions: Suspicions, weights: Weights, lines: Lines | None
) -> Iterator[_Draft]:
    """Drafts, the highest score first; those of a place and tier of templates are made only once
    their turn may come.
    """
    tiers = _tiers(weights)
    turns = [
        (suspicion * most, place, suspicion, templates)
        for place, suspicion in suspicions.items()
        for most, templates in tiers
    ]
    turns.sort(key=lambda turn: (-turn[0], turn[1]))
    heap: list[tuple[float, str, int, str, int, _Draft]] = []
    count = 0
    for most, (path, line), suspicion, templates in turns:
        while heap and -heap[0][0] >= most:
            yield heappop(heap)[-1]
        for draft in _drafts(codes[path], line, suspicion, (weights, templates)):
            made = draft
            if lines:
                made = replace(draft, score=draft.score * _line_factor(draft, lines))
            rewrite, count = made.rewrite, count + 1
            heappush(heap, (-made.score, path, rewrite.start, rewrite.text, count, made))
    while heap:
        yield heappop(heap)[-1]


def _tiers(weights: Weights) -> list[tuple[float, tuple[Template, ...]]]:
    """The templates that are tried, each tier with the most that a draft of it may weigh: in a
    project the many drafts of unlikely templates are not made while likelier ones are left.
    """
    every = {
        template: weights.of(template, " ".join(weights.raised)) * READS_SET
        for template in (*TEMPLATES, *weights.more)
        if weights.prior(template)
    }
    bounds = [*TIERS, 0.0] if weights.in_project else [0.0]
    tiers = []
    for place, bound in enumerate(bounds):
        above = bounds[place - 1] if place else math.inf
        tier = tuple(t for t, most in every.items() if bound <= most < above)
        if tier:
            tiers.append((max(every[t] for t in tier), tier))
    return tiers


def _fresh(draft: _Draft, scopes: dict[tuple[str, int], Scope]) -> float:
    """How usual it is what a draft writes; 0.0 where it does not parse or was made before."""
    at = (draft.code.path, getattr(draft.scope, "lineno", 0))
    if at not in scopes:
        scopes[at] = Scope(draft.code, draft.scope)
    change = scopes[at].changed(draft.rewrite)
    return naturalness(change.before, change.after) if change else 0.0


def _spoken_for(code: Code, prose: str, rewrite: Rewrite) -> float:
    """How much a function's docstring speaks for a rewrite, by the lines that it changes."""
    text = code.text
    start, end = text.rfind("\n", 0, rewrite.start) + 1, _line_end(text, rewrite.end)
    new = text[start : rewrite.start] + rewrite.text + text[rewrite.end : end]
    return spoken_for(prose, text[start:end], new)


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


def _drafts(
    code: Code, line: int, suspicion: float, tier: tuple[Weights, tuple[Template, ...]]
) -> Iterator[_Draft]:
    weights, templates = tier
    places = (*code.functions(), *code.constants)
    scope: ast.AST = next((s for s in places if s.lineno == line), code.tree)
    unread = _unread(scope) if isinstance(scope, Function) else {}
    prose = prose_of(scope.name, docstring_of(code, scope)) if isinstance(scope, Function) else ""
    same: dict[tuple[str, str, str], list[_Draft]] = {}
    for node in (scope, *own_nodes(scope)):
        if node is not scope and isinstance(node, Function | ast.ClassDef):
            continue
        for template in templates:
            for rewrite in template.rule(code, node):
                score = suspicion * weights.of(template, rewrite.text) * rewrite.weight
                if unread:
                    named = (
                        factor for n in _NAME.findall(rewrite.text) if (factor := unread.get(n))
                    )
                    score *= max(named, default=1.0)
                if prose and score:
                    score *= _spoken_for(code, prose, rewrite)
                if score:
                    draft = _Draft(code, scope, rewrite, template, score)
                    old = code.text[rewrite.start : rewrite.end]
                    same.setdefault((template.name, old, rewrite.text), []).append(draft)
                    yield draft
    if weights.in_project:
        yield from (_together(drafts) for (_, old, _), drafts in same.items() if old and drafts[1:])


def _unread(function: Function) -> dict[str, float]:
    """Names that a function never reads, with the factors for what does."""
    set_ones = {
        target.id
        for node in own_nodes(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    names = unread_names(function)
    return {name: READS_SET if name in set_ones else READS_UNREAD for name in names}


def _together(drafts: list[_Draft]) -> _Draft:
    """The same change in every place of a function that it fits."""
    code, best = drafts[0].code, max(drafts, key=lambda d: d.score)
    rewrites = sorted({d.rewrite.start: d.rewrite for d in drafts}.items())
    start, end = rewrites[0][0], rewrites[0][0]
    text = ""
    for at, rewrite in rewrites:
        if at >= end:
            text += code.text[end:at] + rewrite.text
            end = rewrite.end
    return replace(best, rewrite=Rewrite(start, end, text), score=best.score * TOGETHER)


def _line_factor(draft: _Draft, lines: Lines) -> float:
    """Less for a change of lines that are less suspicious than others of the function, and least
    where no failing test ran them.
    """
    ran, scope = lines.get(draft.code.path), draft.scope
    if not ran or not isinstance(scope, Function):
        return 1.0
    rewrite = draft.rewrite
    first = draft.code.line_of(rewrite.start)
    last = draft.code.line_of(max(rewrite.start, rewrite.end - 1))
    # A statement over several lines, or one put between two, has an event on some of them only.
    own = _most(ran, first, last) or _most(ran, first - 1, last + 1)
    top = _most(ran, scope.lineno + 1, scope.end_lineno or scope.lineno)
    return LINE_SHARE + (1 - LINE_SHARE) * min(1.0, own / top) if own and top else UNCOVERED


def _most(ran: Mapping[int, float], first: int, last: int) -> float:
    return max((ran.get(line, 0.0) for line in range(first, last + 1)), default=0.0)


def name_of(scope: ast.AST) -> str:
    """What a place is called in explanations."""
    match scope:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
    return "<module>"


def _candidate(draft: _Draft, score: float) -> Candidate:
    code = draft.code
    name = name_of(draft.scope)
    edit = exact(code.path, code.text, draft.rewrite)
    line = code.line_of(draft.rewrite.start)
    template = draft.template
    return Candidate(
        (edit,),
        template.name,
        template.says,
        code.path,
        line,
        name,
        score,
        rewrite=draft.rewrite,
        is_question=template.is_question,
    )
