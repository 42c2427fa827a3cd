"""Files and functions ranked for an issue, without a model: signals fused by fixed weights."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest

from swe_agent.index.corpus import TF_BITS, Corpus
from swe_agent.index.history import Change
from swe_agent.index.mentions import mentions
from swe_agent.index.neighbours import passed_on
from swe_agent.index.signals import SIGNALS, Scene, Scores, is_test

WEIGHTS: Mapping[str, float] = {
    "terms": 1.0,
    "file_terms": 0.1,
    "name": 0.4,
    "qualified": 0.3,
    "class": 0.2,
    "frame": 1.2,
    "path": 0.5,
    "file_name": 0.3,
    "history": 0.1,
    "spectrum": 1.5,
    "size": 0.2,
    "aside": -0.4,
}
"""Chosen coarsely; `bench/locate.py --ablate` shows what each is worth."""
_REASONS = {
    "terms": "its text is about the same words",
    "name": "the issue names it",
    "qualified": "the issue names it with its class or module",
    "class": "the issue names its class",
    "frame": "the traceback passes through it",
    "path": "the issue names its file",
    "file_name": "its file is called after words of the issue",
    "spectrum": "failing tests run it, passing ones less",
    "history": "its file was changed for like reasons",
}
_REST, _FADE = 0.4, 0.8
"""A file is worth its best unit and a fading share of the next five."""
_NEXT = 5
_TELLING = 0.05
_TOLD, _WORDS = 100, 4
"""The best units are told with the words that they share with the issue, up to four each."""
MOST_FUNCTIONS = 1_000


@dataclass(frozen=True, slots=True)
class Ranked:
    """One place in the ranking."""

    name: str
    """`path`, or `path::Class.method`."""
    score: float
    first: int
    last: int
    reasons: tuple[str, ...]
    """What spoke for it, strongest first."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """All files, and up to 1,000 functions, that anything spoke for; best first."""

    files: tuple[Ranked, ...]
    functions: tuple[Ranked, ...]


def rank(
    corpus: Corpus,
    issue: str,
    changes: Sequence[Change] = (),
    weights: Mapping[str, float] = WEIGHTS,
    spectrum: Mapping[int, float] | None = None,
) -> Ranking:
    """Rank what may have to change for an issue.

    Args:
        corpus: the repository. Tests are not ranked unless there is nothing else.
        issue: its text, markdown or plain.
        changes: the latest commits of the tree's history, newest first.
        weights: of each signal; one that is missing is not computed.
        spectrum: suspiciousness of each function, as `spectrum.suspicious_units` has it.
    """
    sources = frozenset(path for path in corpus.by_path if not is_test(path))
    candidates = sources or frozenset(corpus.by_path)
    scene = Scene(corpus, mentions(issue), candidates, changes, spectrum or {})
    parts = {name: SIGNALS[name](scene) for name, weight in weights.items() if weight}
    return fused(scene, {name: _scaled(name, scores) for name, scores in parts.items()}, weights)


def fused(
    scene: Scene,
    parts: Mapping[str, Scores],
    weights: Mapping[str, float],
    is_graph_used: bool = True,
) -> Ranking:
    """The ranking from scaled signals; the graph orders functions only."""
    totals: dict[int, float] = {}
    for name, scores in parts.items():
        for number, score in scores.items():
            totals[number] = totals.get(number, 0.0) + weights[name] * score

    words = _shared_words(scene, totals)

    def why(number: int) -> tuple[str, ...]:
        gains = [(weights[k] * s.get(number, 0.0), k) for k, s in parts.items() if k in _REASONS]
        telling = [k for gain, k in sorted(gains, reverse=True) if gain > _TELLING][:3]
        said = {**_REASONS, **({"terms": words[number]} if number in words else {})}
        return tuple(said[k] for k in telling)

    files = _files(scene.corpus, totals, why)
    if is_graph_used:
        for number, gain in passed_on(scene.corpus, totals).items():
            totals[number] += gain
    return Ranking(files, _functions(scene.corpus, totals, why))


def _shared_words(scene: Scene, totals: Mapping[int, float]) -> dict[int, str]:
    """What the best units have in common with the issue, the rarest words first."""
    corpus, issue = scene.corpus, scene.issue
    best = frozenset(nlargest(_TOLD, totals, key=lambda n: totals[n]))
    postings = {term: corpus.posting(term) for term in issue.spelled if term in issue.terms}
    rare = sorted(postings, key=lambda t: (len(postings[t]) / issue.terms[t], t))
    shared: dict[int, dict[str, None]] = {}
    for term in rare:
        for packed in postings[term]:
            number = packed >> TF_BITS
            if number in best and len(found := shared.setdefault(number, {})) < _WORDS:
                found[issue.spelled[term]] = None
    return {number: f"it speaks of {', '.join(found)}" for number, found in shared.items()}


def _files(
    corpus: Corpus, totals: Mapping[int, float], why: Callable[[int], tuple[str, ...]]
) -> tuple[Ranked, ...]:
    by_file: dict[str, list[int]] = {}
    for number in totals:
        by_file.setdefault(corpus.places[number].path, []).append(number)
    found = []
    for path, numbers in by_file.items():
        numbers.sort(key=lambda n: (-totals[n], corpus.places[n].first))
        rest = sum(totals[n] * _FADE**i for i, n in enumerate(numbers[1 : 1 + _NEXT]))
        last = max(corpus.places[n].last for n in numbers)
        score = totals[numbers[0]] + _REST * rest
        found.append(Ranked(path, score, 1, last, why(numbers[0])))
    return tuple(sorted(found, key=lambda file: (-file.score, file.name)))


def _functions(
    corpus: Corpus, totals: Mapping[int, float], why: Callable[[int], tuple[str, ...]]
) -> tuple[Ranked, ...]:
    places = corpus.places
    numbers = [n for n in totals if places[n].kind == "function"]
    numbers.sort(key=lambda n: (-totals[n], places[n].path, places[n].first))
    found = []
    for n in numbers[:MOST_FUNCTIONS]:
        place = places[n]
        name = f"{place.path}::{place.qualified}"
        found.append(Ranked(name, totals[n], place.first, place.last, why(n)))
    return tuple(found)


def _scaled(name: str, scores: Scores) -> Scores:
    """BM25 has no upper bound: the best counts as 1."""
    if not name.endswith("terms") or not scores:
        return scores
    top = max(scores.values()) or 1.0
    return {number: score / top for number, score in scores.items()}
