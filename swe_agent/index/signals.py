"""What speaks for a unit: each signal is a score per unit, in [0, 1], before they are fused."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import PurePosixPath

from swe_agent.index.corpus import Corpus, scored_files
from swe_agent.index.history import Change, blamed
from swe_agent.index.mentions import Mentions
from swe_agent.index.terms import terms_of

Scores = dict[int, float]
NEARBY = 0.7
"""A frame's weight against the one it called."""


def is_test(path: str) -> bool:
    """Whether a file is a test: it is never where the fault is looked for.

    >>> is_test("tests/test_x.py"), is_test("src/app/views.py"), is_test("pkg/x_test.go")
    (True, False, True)
    >>> is_test("src/test/java/app/Views.java"), is_test("App.Tests/Views.cs")
    (True, True)
    """
    parts = path.split("/")  # thousands of times a ranking: a Path would cost as much as the rest
    name = parts[-1]
    stem = name.rpartition(".")[0]
    return (
        any(part in ("tests", "__tests__", "spec") for part in parts[:-1])
        or parts[0] in ("test", "testing")
        or name.startswith("test_")
        or stem.endswith(("_test", ".test", ".spec", "_spec"))
        or name == "conftest.py"
        or (not name.endswith(".py") and _is_test_elsewhere(parts[:-1], stem))
    )


def _is_test_elsewhere(folders: Sequence[str], stem: str) -> bool:
    """Customs of languages whose programs have no folder `test` but for tests."""
    return stem.endswith(("Test", "Tests")) or any(
        folder in ("test", "e2e") or folder.endswith((".Test", ".Tests")) for folder in folders
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """An issue before a repository: what every signal reads."""

    corpus: Corpus
    issue: Mentions
    candidates: frozenset[str]
    """Files that may be blamed."""
    changes: Sequence[Change] = ()
    """The latest commits of the tree's history, newest first; empty where there is none."""
    spectrum: Mapping[int, float] = field(default_factory=dict)
    """Suspiciousness of each function that a failing test ran; empty where none did."""

    def units(self) -> Iterable[int]:
        """Units of the candidates."""
        for path in self.candidates:
            yield from self.corpus.by_path[path]


def by_terms(scene: Scene) -> Scores:
    """BM25 of the unit's own text."""
    scores = scene.corpus.score_units(scene.issue.terms)
    return {n: s for n, s in scores.items() if scene.corpus.places[n].path in scene.candidates}


def by_file_terms(scene: Scene) -> Scores:
    """BM25 of the whole file."""
    return _spread(scene, scored_files(scene.corpus, scene.issue.terms, scene.candidates))


def by_name(scene: Scene) -> Scores:
    """The issue names the function or class; a name that many share says little."""
    scores: Scores = {}
    for name, sure in scene.issue.names.items():
        numbers = _alive(scene, scene.corpus.named.get(name, ()))
        for number in numbers:
            scores[number] = scores.get(number, 0.0) + sure / len(numbers) ** 0.5
    return scores


def by_qualified_name(scene: Scene) -> Scores:
    """The issue names the class beside the method, or the module beside the function."""
    spoken = dict(scene.issue.names)
    for dotted, sure in scene.issue.dotted.items():
        for part in dotted.split("."):
            spoken[part] = max(spoken.get(part, 0.0), sure)
    scores: Scores = {}
    for name in scene.issue.names:
        for number in _alive(scene, scene.corpus.named.get(name, ())):
            place = scene.corpus.places[number]
            outer, _, last = place.qualified.rpartition(".")
            stem = PurePosixPath(place.path).stem
            around = [spoken.get(part, 0.0) for part in (*outer.split("."), stem) if part]
            whole = f"{outer}.{last}"
            is_dotted = bool(outer) and any(d.endswith(whole) for d in scene.issue.dotted)
            value = max([*around, 1.0 if is_dotted else 0.0]) * scene.issue.names[name]
            if value:
                scores[number] = max(scores.get(number, 0.0), value)
    return scores


def by_class(scene: Scene) -> Scores:
    """The issue names the class that the method is in; the more methods, the less for each."""
    scores: Scores = {}
    for name, sure in scene.issue.names.items():
        if not name[0].isupper() and "_" not in name:
            continue
        for number in _alive(scene, scene.corpus.named.get(name, ())):
            place = scene.corpus.places[number]
            if place.kind != "class":
                continue
            inside = _members(scene, place.path, place.qualified)
            for member in inside:
                gain = sure / math.log2(2 + len(inside))
                scores[member] = max(scores.get(member, 0.0), gain)
    return scores


def by_frame(scene: Scene) -> Scores:
    """The issue's traceback passes through it; the innermost frame counts most."""
    scores: Scores = {}
    weight = 1.0
    for frame in [*reversed(scene.issue.frames), *scene.issue.lines]:
        path = resolved(frame.path, scene.candidates)
        if path is not None:
            number = _unit_at(scene, path, frame.function, frame.line)
        else:
            number = _only(_alive(scene, scene.corpus.named.get(frame.function, ())))
        if number is not None:
            scores[number] = max(scores.get(number, 0.0), weight)
            weight = max(0.1, weight * NEARBY)
    return scores


def by_path(scene: Scene) -> Scores:
    """The issue names the file, as a path or as a dotted module."""
    files: dict[str, float] = {}
    for written, sure in scene.issue.paths.items():
        path = resolved(written, scene.candidates)
        if path is not None:
            files[path] = max(files.get(path, 0.0), sure)
    modules = _modules(scene.candidates)
    for dotted, sure in scene.issue.dotted.items():
        parts = dotted.split(".")
        for end in range(len(parts), 1, -1):
            found = modules.get(".".join(parts[:end]), ())
            for path in found:
                files[path] = max(files.get(path, 0.0), sure / len(found))
            if found:
                break
    return _spread(scene, files)


def by_file_name(scene: Scene) -> Scores:
    """Words of the issue are the file's name or its folder's."""
    files: dict[str, float] = {}
    total = sum(sorted(scene.issue.terms.values())[-5:]) or 1.0
    for path in scene.candidates:
        pure = PurePosixPath(path)
        stem = pure.stem if pure.stem != "__init__" else pure.parent.name
        hit = [scene.issue.terms.get(term, 0.0) for term in terms_of(stem)]
        if hit and any(hit):
            files[path] = min(1.0, sum(hit) / len(hit) / total * 2)
    return _spread(scene, files)


def by_history(scene: Scene) -> Scores:
    """Commits with a subject like the issue changed the file."""
    return _spread(scene, blamed(scene.changes, scene.issue.terms, scene.candidates))


def by_spectrum(scene: Scene) -> Scores:
    """What failing tests run and passing ones do not; the most suspicious counts as 1."""
    places = scene.corpus.places
    found = {n: s for n, s in scene.spectrum.items() if places[n].path in scene.candidates}
    top = max((score for score in found.values() if score != inf), default=0.0) or 1.0
    return {number: min(1.0, score / top) for number, score in found.items()}


_ASIDE_WORDS = """doc docs example examples sample samples demo demos bench benchmark benchmarks
asv_bench script scripts tutorial tutorials gallery galleries vendor vendored _vendor _vendored
third_party thirdparty extern externals packages"""
_ASIDE = frozenset(_ASIDE_WORDS.split())
"""Folders beside the code that people mend."""


def by_aside(scene: Scene) -> Scores:
    """The file lies beside the project's own code: examples, scripts, copies of other projects."""
    return _spread(
        scene,
        {
            path: 1.0
            for path in scene.candidates
            if _ASIDE & {*path.split("/")[:-1]} or path in ("setup.py", "conftest.py")
        },
    )


def by_size(scene: Scene) -> Scores:
    """Long functions hold more faults."""
    scores: Scores = {}
    for number in scene.units():
        place = scene.corpus.places[number]
        scores[number] = min(1.0, math.log2(1 + place.last - place.first) / 8)
    return scores


Signal = Callable[[Scene], Scores]
SIGNALS: dict[str, Signal] = {
    "terms": by_terms,
    "file_terms": by_file_terms,
    "name": by_name,
    "qualified": by_qualified_name,
    "class": by_class,
    "frame": by_frame,
    "path": by_path,
    "file_name": by_file_name,
    "history": by_history,
    "spectrum": by_spectrum,
    "size": by_size,
    "aside": by_aside,
}


def resolved(written: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a path from some other machine means: the longest common tail wins."""
    parts = [part for part in written.replace("\\", "/").split("/") if part not in ("", ".", "~")]
    if not parts:
        return None
    best: tuple[int, int, str] | None = None
    for path in candidates:
        theirs = path.split("/")
        if theirs[-1] != parts[-1]:
            continue
        common = 0
        for a, b in zip(reversed(parts), reversed(theirs), strict=False):
            if a != b:
                break
            common += 1
        if common == len(parts) or common == len(theirs) or common > 1:
            key = (common, -len(theirs), path)
            best = max(best, key) if best else key
    return best[2] if best else None


def _alive(scene: Scene, numbers: Iterable[int]) -> list[int]:
    places = scene.corpus.places
    return [n for n in numbers if places[n].length and places[n].path in scene.candidates]


def _spread(scene: Scene, files: Mapping[str, float]) -> Scores:
    return {n: score for path, score in files.items() for n in scene.corpus.by_path[path]}


def _only(numbers: list[int]) -> int | None:
    return numbers[0] if len(numbers) == 1 else None


def _members(scene: Scene, path: str, qualified: str) -> list[int]:
    places = scene.corpus.places
    inside = qualified + "."
    return [n for n in scene.corpus.by_path[path] if places[n].qualified.startswith(inside)]


def _unit_at(scene: Scene, path: str, function: str, line: int) -> int | None:
    """The unit that a frame means: by function name, nearest to the line; else by line."""
    places = scene.corpus.places
    numbers = scene.corpus.by_path[path]
    named = [
        n
        for n in numbers
        if function
        and places[n].qualified.endswith(function)
        and places[n].qualified.rpartition(".")[2] == function
    ]
    if named:
        return min(named, key=lambda n: abs(places[n].first - line))
    holding = [n for n in numbers if places[n].first <= line <= places[n].last]
    return max(holding, key=lambda n: (places[n].first, -places[n].last), default=None)


def _modules(paths: Iterable[str]) -> dict[str, list[str]]:
    """Files by dotted names, from each folder on; at least two parts."""
    found: dict[str, list[str]] = {}
    for path in paths:
        parts = path.rpartition(".")[0].split("/")
        if parts[-1] == "__init__":
            parts = parts[:-1]
        for start in range(len(parts)):
            found.setdefault(".".join(parts[start:]), []).append(path)
    return found
