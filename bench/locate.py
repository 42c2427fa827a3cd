"""Fault localization without a model: predictions for a scorer, and how long the index takes.

    bench/locate.py GOLD --repos FOLDER --out PREDICTIONS [--ablate]

GOLD has a row per instance: `instance_id`, `repo` (owner/name), `base_commit`, `problem_statement`,
and for --ablate `files` and `functions`. FOLDER holds clones (`owner+name`, `owner__name`,
`owner/name` or `name`; bare or not). Trees are read from git, nothing is checked out.

Keys: `cold_s` and `warm_s` (medians of an instance's build and ranking, with an empty cache and
with a full one), `query_s` (ranking alone).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from commits import CommitTree, find_clone

from swe_agent.index.build import build
from swe_agent.index.cache import Cache
from swe_agent.index.rank import WEIGHTS, Ranking, rank

TOP = 50
Row = dict[str, Any]


def ranked(row: Row, repos: Path, home: Path, weights: dict[str, float]) -> tuple[Ranking, Row]:
    """One instance's ranking, and the seconds of building and of ranking."""
    began = time.perf_counter()
    tree = CommitTree(find_clone(repos, row["repo"]), row["base_commit"])
    cache = Cache(row["repo"], home)
    corpus = build(tree, cache).corpus
    cache.close()
    tree.close()
    built = time.perf_counter()
    ranking = rank(corpus, row["problem_statement"], weights=weights)
    return ranking, {"build": built - began, "query": time.perf_counter() - built}


def prediction(row: Row, ranking: Ranking) -> Row:
    return {
        "instance_id": row["instance_id"],
        "files": [place.name for place in ranking.files[:TOP]],
        "functions": [place.name for place in ranking.functions[:TOP]],
    }


def accuracy(rows: list[Row], predictions: list[Row], key: str, most: int) -> float:
    """Share of rows (in percent) with all gold in the first `most` places."""
    judged = [
        (set(r[key]), p[key][:most]) for r, p in zip(rows, predictions, strict=True) if r[key]
    ]
    return 100 * sum(gold <= {*found} for gold, found in judged) / max(1, len(judged))


def summary(rows: list[Row], predictions: list[Row]) -> str:
    return "  |  ".join(
        " / ".join(f"{accuracy(rows, predictions, key, most):5.1f}" for most in (1, 3, 5, 10))
        for key in ("files", "functions")
    )


def ablated(rows: list[Row], repos: Path, home: Path) -> None:
    """Accuracy at 1, 3, 5 and 10 of files and of functions, with each signal left out in turn."""
    variants = {"all": dict(WEIGHTS)}
    variants |= {f"-{name}": {**WEIGHTS, name: 0.0} for name in WEIGHTS}
    for label, weights in variants.items():
        found = [prediction(row, ranked(row, repos, home, weights)[0]) for row in rows]
        print(f"{label:12} {summary(rows, found)}", flush=True)


def main() -> None:
    """Print a table, or with --json one object on stdout; predictions go to --out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--repos", type=Path, default=Path(os.environ.get("REPOS", ".")))
    parser.add_argument("--out", type=Path, default=Path("predictions.jsonl"))
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--ablate", action="store_true", help="leave out each signal in turn")
    options = parser.parse_args()
    rows: list[Row] = [
        json.loads(line) for line in options.gold.read_text("utf-8").splitlines() if line
    ]
    with tempfile.TemporaryDirectory() as scratch:
        if options.ablate:
            ablated(rows, options.repos, Path(scratch))
            return
        figures, predictions = measured(rows, options.repos, Path(scratch))
    options.out.write_text("".join(json.dumps(p) + "\n" for p in predictions), "utf-8")
    if options.json:
        print(json.dumps(figures))
        return
    for key, value in figures.items():
        print(f"{key:<10} {value}")
    if all("files" in row for row in rows):
        print(f"accuracy   {summary(rows, predictions)}   (files | functions at 1, 3, 5, 10)")


def measured(rows: list[Row], repos: Path, scratch: Path) -> tuple[Row, list[Row]]:
    """Figures and predictions; each instance with a cache of its own, then again."""
    cold, warm, query, predictions = [], [], [], []
    for number, row in enumerate(rows):
        home = scratch / str(number)
        ranking, first = ranked(row, repos, home, dict(WEIGHTS))
        _, second = ranked(row, repos, home, dict(WEIGHTS))
        predictions.append(prediction(row, ranking))
        cold.append(sum(first.values()))
        warm.append(sum(second.values()))
        query.append(second["query"])
        print(
            f"{row['instance_id']:<40} {cold[-1]:.2f} {warm[-1]:.2f}", file=sys.stderr, flush=True
        )
    medians = {"cold_s": cold, "warm_s": warm, "query_s": query}
    figures = {key: round(statistics.median(values), 3) for key, values in medians.items()}
    return {"instances": len(rows), **figures}, predictions


if __name__ == "__main__":
    main()
