"""Repairs in languages that have a file of queries, `queries/NAME.scm`, and nothing else here: it
says where a template fits and what may stand there instead.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

from swe_agent.index.patterns import Match, matches, parses
from swe_agent.repair.propose import Candidate, exact
from swe_agent.repair.rank import Weights
from swe_agent.repair.syntax import Rewrite
from swe_agent.repair.templates import TEMPLATES

QUERIES = Path(__file__).parent / "queries"
LATER = 0.8
"""Factor for each form after a pattern's first."""
FORM_LIMIT = 8
NAMED, UNNAMED, OUTSIDE = 1.0, 0.4, 0.1
"""Suspicion of a function that the failure or its test names, of another one, and of other code."""
_TEST_FILE = re.compile(r"(^|[._-])(test|spec)s?([._-]|$)|_test\.|^test_")
_TEMPLATES = {template.name: template for template in TEMPLATES}


@dataclass(frozen=True, slots=True)
class Routine:
    """A function of a script: its name and the characters [start, end) of its text."""

    name: str
    lineno: int
    start: int
    end: int


class Script:
    """A source file of a language that has queries."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def found(self) -> list[Match]:
        """Every match of the language's queries."""
        return list(matches(self.path, self.text, _query(PurePosixPath(self.path).suffix)))

    @cached_property
    def routines(self) -> list[Routine]:
        """The functions, in order of the queries."""
        named = (match.spans for match in self.found if "function" in match.spans)
        return [
            Routine(
                self.part(spans["called"]), self.line_of(spans["function"][0]), *spans["function"]
            )
            for spans in named
        ]

    def functions(self) -> Iterator[Routine]:
        """The functions, as `Code` gives them."""
        return iter(self.routines)

    def line_of(self, place: int) -> int:
        """The line of a character."""
        return self.text.count("\n", 0, place) + 1

    def part(self, span: tuple[int, int]) -> str:
        """The text of a span."""
        return self.text[span[0] : span[1]]

    def routine_at(self, place: int) -> Routine | None:
        """The innermost function around a character."""
        around = [one for one in self.routines if one.start <= place < one.end]
        return max(around, key=lambda one: one.start, default=None)


def is_script(path: str) -> bool:
    """Whether a file is of a language that has queries, and not a test.

    >>> is_script("lib/sum.js"), is_script("lib/sum.test.js"), is_script("lib/sum.py")
    (True, False, False)
    """
    place = PurePosixPath(path)
    in_tests = {"test", "tests", "__tests__", "spec", "node_modules"} & {*place.parts[:-1]}
    return place.suffix in _files() and not in_tests and not _TEST_FILE.search(place.name)


def script_globs() -> tuple[str, ...]:
    """Patterns for the files of all languages that have queries."""
    return tuple(f"*{suffix}" for suffix in sorted(_files()))


def proposed_by_queries(
    scripts: Mapping[str, Script], told: str, weights: Weights
) -> Iterator[Candidate]:
    """The candidates, best first, each of which parses; `told` is what failed, and the issue."""
    drafts = [draft for script in scripts.values() for draft in _drafts(script, told, weights)]
    drafts.sort(key=lambda draft: -draft.score)
    made: set[tuple[str, str]] = set()
    for draft in drafts:
        (edit,) = draft.edits
        text = scripts[draft.path].text.replace(edit.old, edit.new)
        if (draft.path, text) not in made and text != scripts[draft.path].text:
            made.add((draft.path, text))
            if parses(draft.path, text):
                yield draft


def suspicions_by_name(scripts: Mapping[str, Script], told: str) -> dict[tuple[str, int], float]:
    """How suspicious each function is (path and first line): whether what failed speaks of it."""
    return {
        (path, routine.lineno): _suspicion(routine, told)
        for path, script in scripts.items()
        for routine in script.routines
    }


def _suspicion(routine: Routine | None, told: str) -> float:
    if routine is None:
        return OUTSIDE
    return NAMED if re.search(rf"\b{re.escape(routine.name)}\b", told) else UNNAMED


def _drafts(script: Script, told: str, weights: Weights) -> Iterator[Candidate]:
    names: dict[Routine | None, dict[str, None]] = {}
    bound = {match.spans["name"] for match in script.found if "name" in match.spans}
    for span in sorted(bound):
        names.setdefault(script.routine_at(span[0]), {})[script.part(span)] = None
    for match in script.found:
        for name, forms in match.settings.items():
            template, (start, end) = _TEMPLATES[name], match.spans["at"]
            if (start, end) in bound:
                continue
            routine = script.routine_at(start)
            score = _suspicion(routine, told) * weights.of(template)
            texts = _filled(script, match, forms, [*names.get(routine, ())])
            for place, text in enumerate(texts[:FORM_LIMIT]):
                yield Candidate(
                    (exact(script.path, script.text, Rewrite(start, end, text)),),
                    template.name,
                    template.says,
                    script.path,
                    script.line_of(start),
                    routine.name if routine else "<module>",
                    score * LATER**place,
                )


def _filled(script: Script, match: Match, forms: str, names: list[str]) -> list[str]:
    """What may stand at a place, from the pattern's forms."""
    own = script.part(match.spans["at"])
    if forms == "{name}":
        return [name for name in names if name != own] if own in names else []
    texts = []
    for form in forms.split(";"):
        for step in re.findall(r"\{([+-]\d+)\}", form) if own.isdigit() else ():
            form = form.replace(f"{{{step}}}", str(int(own) + int(step)))
        for name, span in match.spans.items():
            form = form.replace(f"{{{name}}}", script.part(span))
        form = form.replace("{}", own)
        if "{+" not in form and "{-" not in form and form != own:
            texts.append(form)
    return texts


@cache
def _files() -> dict[str, Path]:
    """The query file of each suffix; a file's first line lists them."""
    found = {}
    for path in sorted(QUERIES.glob("*.scm")):
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        found.update({f".{suffix}": path for suffix in first.split(":")[1].split()})
    return found


@cache
def _query(suffix: str) -> str:
    return _files()[suffix].read_text(encoding="utf-8")
