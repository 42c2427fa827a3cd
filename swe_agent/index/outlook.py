"""A map of the repository in so many tokens: the symbols that matter most, file by file."""

import math
from collections.abc import Mapping

from swe_agent.index.corpus import Corpus
from swe_agent.index.graph import edges
from swe_agent.index.rank import rank
from swe_agent.index.signals import is_test

CHARS_PER_TOKEN = 3.0
"""Low on purpose: the map must fit what was asked for."""
_DAMPING, _ROUNDS, _SETTLED = 0.85, 25, 1e-4


def outlook(corpus: Corpus, budget_tokens: int, about: str = "") -> str:
    """Files with their most important symbols and lines, at most `budget_tokens`.

    Importance is PageRank over calls between files, with its jumps towards what `about` names.
    """
    weights = _weights(corpus, about)
    chosen: dict[str, list[int]] = {}
    left = budget_tokens * CHARS_PER_TOKEN
    for number in sorted(weights, key=lambda n: (-weights[n], n)):
        place = corpus.places[number]
        cost = len(_line(corpus, number)) + 1
        if place.path not in chosen:
            cost += len(place.path) + 2
        if cost > left:
            break
        chosen.setdefault(place.path, []).append(number)
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
    """Importance of each symbol outside tests: its file's rank, and how often it is called."""
    jumps: dict[str, float] = {path: 1.0 for path in corpus.by_path if not is_test(path)}
    own: dict[str, float] = {}
    if about:
        ranking = rank(corpus, about)
        top = ranking.functions[0].score if ranking.functions else 1.0
        own = {place.name: place.score / top for place in ranking.functions[:200]}
        for file in ranking.files[:20]:
            jumps[file.name] = 1 + 100 * file.score / ranking.files[0].score
    called: dict[int, int] = {}
    links: dict[str, dict[str, float]] = {}
    for caller, callee in edges(corpus):
        called[callee] = called.get(callee, 0) + 1
        source, target = corpus.places[caller].path, corpus.places[callee].path
        if source != target:
            out = links.setdefault(source, {})
            out[target] = out.get(target, 0.0) + 1.0
    ranks = page_rank(links, jumps)
    found = {}
    for path in jumps:
        for number in corpus.by_path.get(path, ()):
            place = corpus.places[number]
            if place.qualified:
                private = 0.3 if place.qualified.rpartition(".")[2].startswith("_") else 1.0
                worth = math.log2(2 + called.get(number, 0)) * private
                worth += 5 * own.get(f"{path}::{place.qualified}", 0.0)
                found[number] = ranks.get(path, 0.0) * worth
    return found


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
