"""`bench/folding.py`: what it writes is what a scorer of folding reads."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VIEW = "[File: /p/a.py (99 lines total)]\n" + "\n".join(f"{n}:x_{n} = {n}" for n in range(1, 99))
LOG = "\n".join(f"line {n} of a log" for n in range(300))


def replayed(tmp_path: Path, observations: list[str]) -> list[list[dict[str, str]]]:
    """The contexts of a run whose steps observed this."""
    steps = [
        {"thought": f"thought {n}", "action": f"look {n}", "observation": seen}
        for n, seen in enumerate(observations)
    ]
    run = {"id": "one", "system": "You are an agent.", "task": "Fix it.", "steps": steps}
    source, out = tmp_path / "runs.jsonl.gz", tmp_path / "contexts.jsonl"
    source.write_bytes(gzip.compress(json.dumps(run).encode()))
    bench = [sys.executable, str(ROOT / "bench" / "folding.py"), str(source), "--out", str(out)]
    said = subprocess.run([*bench, "--json"], check=True, capture_output=True, text=True).stdout
    assert json.loads(said)["requests"] == len(steps)
    row = json.loads(out.read_text())
    assert row["id"] == "one"
    contexts: list[list[dict[str, str]]] = row["contexts"]
    return contexts


def test_a_step_sees_all_steps_before_it_and_none_after(tmp_path: Path) -> None:
    contexts = replayed(tmp_path, ["first seen", "second seen", "third seen"])
    assert [[row["role"] for row in context] for context in contexts] == [
        ["system", "user"] + ["assistant", "user"] * before for before in range(3)
    ]
    assert contexts[0][1]["content"] == "Fix it."
    assert contexts[2][2]["content"] == "thought 0\n```\nlook 0\n```"
    assert [row["content"] for row in contexts[2][3::2]] == ["first seen", "second seen"]


def test_old_observations_are_digests_and_views_are_not_repeated(tmp_path: Path) -> None:
    last = replayed(tmp_path, [LOG, VIEW, VIEW, "ok", "ok"])[-1]
    assert last[3]["content"].startswith("[0 of 300 lines; recall(1) ")
    assert last[5]["content"] == VIEW
    assert "unchanged since step 2" in last[7]["content"]
