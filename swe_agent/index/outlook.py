"""A map of the repository in so many tokens: the symbols that matter most, file by file."""

import math
from collections.abc import Mapping
from itertools import groupby
from operator import itemgetter

from swe_agent.index.corpus import Corpus
from swe_agent.index.graph import edges, imported_words
from swe_agent.index.rank import rank
from swe_agent.index.signals import is_test

CHARS_PER_TOKEN = 3.0
"""Low on purpose: the map must fit what was asked for."""
_UNSURE = 0.05
_ANYWAY = 0.05
"""What a symbol or file is worth that the map is not about, against one that it is."""
_SYMBOLS, _FILES = 200, 20
"""The best ones that a text is about."""
_DAMPING, _ROUNDS, _SETTLED = 0.85, 25, 1e-4


def outlook(corpus: Corpus, budget_tokens: int, about: str = "") -> str:
    """Files with their most important symbols and lines, at most `budget_tokens`.

    Importance is PageRank over calls between files, with its jumps towards what `about` names.
    """
    weights = _weights(corpus, about)
    chosen: dict[str, list[int]] = {}
    left = budget_tokens * CHARS_PER_TOKEN
    seen: set[tuple[str, str]] = set()
    for number in sorted(weights, key=lambda n: (-weights[n], n)):
        place = corpus.places[number]
        if (place.path, place.qualified) in seen:  # overloads
            continue
        cost = len(_line(corpus, number)) + 1
        if place.path not in chosen:
            cost += len(place.path) + 2
        if cost > left:
            break
        chosen.setdefault(place.path, []).append(number)
        seen.add((place.path, place.qualified))
        left -= cost
    rows = []
    for path, numbers in chosen.items():
        rows.append(f"{path}:")
        rows += [_line(corpus, n) for n in sorted(numbers, key=lambda n: corpus.places[n].first)]
    return "\n".join(rows)


def _line(corpus: Corpus, number: int) -> str:
    place = corpus.places[number]
    return f"  {place.first}: {'class ' if place.kind == 'class' else ''}{place.qualified}"


def _weights(corpus: Corpus, about: str) -> dict[int, float]:
    """Importance of each symbol outside tests: its file's rank, how often it is called, and how
    much what the map is about speaks for it."""
    paths = [path for path in corpus.by_path if not is_test(path)]
    own, jumps = _spoken_for(corpus, about, paths) if about else ({}, dict.fromkeys(paths, 1.0))
    called, links = _links(corpus)
    ranks = page_rank(links, jumps)
    found = {}
    for path in paths:
        for number in corpus.by_path[path]:
            place = corpus.places[number]
            if place.qualified:
                private = 0.3 if place.qualified.rpartition(".")[2].startswith("_") else 1.0
                worth = math.log2(2 + called.get(number, 0.0)) * private
                asked = _ANYWAY + own.get(number, 0.0) if about else 1.0
                found[number] = ranks.get(path, 0.0) * worth * asked
    return found


def _spoken_for(
    corpus: Corpus, about: str, paths: list[str]
) -> tuple[dict[int, float], dict[str, float]]:
    """The score of the symbols that a text is about, at most 1, and where the walk jumps to."""
    ranking = rank(corpus, about)
    top = ranking.functions[0].score if ranking.functions else 1.0
    scores = {place.name: place.score / top for place in ranking.functions[:_SYMBOLS]}
    jumps = dict.fromkeys(paths, _ANYWAY)
    own: dict[int, float] = {}
    for file in ranking.files[:_FILES]:
        share = file.score / ranking.files[0].score
        jumps[file.name] = 100 * share**2
        for number in corpus.by_path[file.name]:
            place = corpus.places[number]
            own[number] = scores.get(f"{place.path}::{place.qualified}", 0.0)
    return own, jumps


def _links(corpus: Corpus) -> tuple[dict[int, float], dict[str, dict[str, float]]]:
    """How often each symbol is called, and the calls from file to file.

    Where the caller does not import the called class or function itself, the call may mean another.
    """
    words = imported_words(corpus)
    called: dict[int, float] = {}
    links: dict[str, dict[str, float]] = {}
    for callee, found in groupby(edges(corpus, words), key=itemgetter(1)):
        place = corpus.places[callee]
        target, name = place.path, place.qualified.partition(".")[0]
        total = called.get(callee, 0.0)
        for caller, _ in found:
            source = corpus.places[caller].path
            gain = 1.0 if source == target or name in words[source] else _UNSURE
            total += gain
            if source != target:
                out = links.setdefault(source, {})
                out[target] = out.get(target, 0.0) + gain
        called[callee] = total
    return called, links


def page_rank(
    links: Mapping[str, Mapping[str, float]], jumps: Mapping[str, float]
) -> dict[str, float]:
    """Personalised PageRank; the ranks of all nodes that jumps name sum to about 1.

    Source: Page, Brin, Motwani, Winograd, 1999, "The PageRank Citation Ranking".
    """
    total = sum(jumps.values()) or 1.0
    start = {node: weight / total for node, weight in jumps.items()}
    ranks = dict(start)
    shares = {}
    for node, out in links.items():
        whole = sum(map(math.sqrt, out.values())) / _DAMPING
        shares[node] = [(target, math.sqrt(weight) / whole) for target, weight in out.items()]
    for _ in range(_ROUNDS):
        fresh = {node: (1 - _DAMPING) * weight for node, weight in start.items()}
        lost = 0.0
        for node, rank_of in ranks.items():
            targets = shares.get(node)
            if targets is None:
                lost += rank_of
                continue
            for target, share in targets:
                fresh[target] = fresh.get(target, 0.0) + rank_of * share
        for node, weight in start.items():
            fresh[node] += _DAMPING * lost * weight
        moved = sum(abs(rank - ranks.get(node, 0.0)) for node, rank in fresh.items())
        ranks = fresh
        if moved < _SETTLED:
            break
    return ranks
