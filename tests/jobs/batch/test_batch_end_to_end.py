"""Batches through the real command line, without an engine: solved, empty, bad, killed, refused."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.batch.conftest import EMPTY, GOLD, Tasks, call
from tests.vendors import OpenAIServer

OPTIONS = ("--sandbox", "none", "-q")


def argv(tasks: Tasks, *more: str) -> list[str]:
    program = str(Path(sys.executable).with_name("swe-agent"))
    first = [program, "batch", tasks.file, "-m", tasks.model]
    return [*first, *OPTIONS, "-o", str(tasks.folder / "out"), *more]


def batch(tasks: Tasks, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv(tasks, *more), capture_output=True, text=True, timeout=280)


def results(tasks: Tasks) -> dict[str, dict[str, Any]]:
    found = json.loads((tasks.folder / "out/results.json").read_bytes())
    return {row["instance_id"]: row for row in found["instances"]}


def predictions(tasks: Tasks) -> dict[str, dict[str, str]]:
    return json.loads((tasks.folder / "out/preds.json").read_bytes())


def events(tasks: Tasks, name: str, kind: str) -> list[dict[str, Any]]:
    log = tasks.folder / "out/runs" / name / "events.jsonl"
    rows = [json.loads(line) for line in log.read_bytes().splitlines()]
    return [row for row in rows if row["type"] == kind]


def test_a_gold_engineer_solves_an_empty_one_does_not_and_a_bad_task_costs_nothing(
    tasks: Tasks,
) -> None:
    tasks.write(5)
    tasks.script("calc-1", EMPTY)
    tasks.script("calc-2", [call("shell", command="git log --all | head -1"), *GOLD])
    with Path(tasks.file).open("a", encoding="utf-8") as file:
        file.write('\n{"id": "../x"}\n')
        file.write(json.dumps({"id": "lost", "repo": "nobody/nothing"}))
    done = batch(tasks, "-w", "3", "--json")
    assert done.returncode == 2, done.stderr
    assert "line 6 (../x): id" in done.stderr
    rows = results(tasks)
    assert {name: row["verdict"] for name, row in rows.items() if row["verdict"]} == {
        "calc-0": "verified",
        "calc-1": "no_patch",
        "calc-2": "verified",
        "calc-3": "verified",
        "calc-4": "verified",
    }
    assert (rows["lost"]["failure"], rows["lost"]["steps"]) == ("task", 0)
    assert {name for name, row in rows.items() if row["tainted"]} == {"calc-2"}
    preds = predictions(tasks)
    assert set(preds) == {"calc-0", "calc-1", "calc-2", "calc-3", "calc-4"}
    assert preds["calc-1"]["model_patch"] == ""
    assert "+    return a + b" in preds["calc-0"]["model_patch"]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["instance_id"] for line in lines[:-1]} == set(rows)
    assert lines[-1]["totals"]["verdicts"] == {"verified": 4, "no_patch": 1}


def test_a_killed_batch_goes_on_where_it_was(tasks: Tasks) -> None:
    tasks.write(6)
    with subprocess.Popen(
        argv(tasks, "-w", "2", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        refused = batch(tasks)
        assert (refused.returncode, first.poll()) == (2, None)
        assert f"process {first.pid}" in refused.stderr
        os.kill(first.pid, signal.SIGKILL)
    done_before = predictions(tasks)
    assert 1 <= len(done_before) < 6
    logs = {name: events(tasks, name, "run_finished") for name in done_before}
    second = batch(tasks, "-w", "2")
    assert second.returncode == 0, second.stderr
    rows = results(tasks)
    assert [row["verdict"] for row in rows.values()] == ["verified"] * 6
    assert set(predictions(tasks)) == {f"calc-{number}" for number in range(6)}
    for name in rows:
        assert len(events(tasks, name, "run_started")) == 1
        assert len(events(tasks, name, "run_finished")) == 1
        assert [one["step"] for one in events(tasks, name, "model_replied")] == [1, 2, 3]
    for name, finished in logs.items():
        assert events(tasks, name, "run_finished") == finished


def test_an_interrupted_batch_says_how_to_go_on(tasks: Tasks) -> None:
    tasks.write(4)
    with subprocess.Popen(
        argv(tasks, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=250)
    assert process.returncode == 130
    assert "The same command again goes on" in said


def test_without_tests_nothing_is_proved(tasks: Tasks) -> None:
    tasks.write(1)
    done = batch(tasks, "--no-tests")
    assert done.returncode == 0, done.stderr
    row = results(tasks)["calc-0"]
    assert (row["verdict"], row["failure"]) == ("unverified", "unverified")
    assert all(not one["report"]["outcomes"] for one in events(tasks, "calc-0", "tests_ran"))
    assert "+    return a + b" in predictions(tasks)["calc-0"]["model_patch"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--filter", "nobody"), "None of the 2 tasks"),
        (("--slice", "x"), "no slice"),
        (("--mirror", "/nowhere"), "not a folder"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_runs(
    tasks: Tasks, more: tuple[str, str], said: str
) -> None:
    tasks.write(2)
    done = batch(tasks, *more)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (tasks.folder / "out/runs/calc-0").exists()


def test_a_task_whose_first_request_the_budget_refuses_goes_on_when_there_is_more(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.write(3)
    settings = tasks.folder / "config"
    settings.mkdir()
    (settings / "prices.yaml").write_text("openai/priced: {input: 0, output: 10}\n")
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(settings))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")

    def fixing(body: dict[str, Any]) -> dict[str, object]:
        replied = sum(message["role"] == "assistant" for message in body["messages"])
        return {**GOLD[min(replied + 1, 2)], "usage": {"output_tokens": 1000}}  # a cent

    with OpenAIServer(fixing) as server:
        program, out = str(Path(sys.executable).with_name("swe-agent")), str(tasks.folder / "out")
        words = ["-m", "openai/priced", "--base-url", server.url, "-w", "1", "-o", out, *OPTIONS]
        words += ["-s", "models.max_output_tokens=1000", "--max-total-cost"]
        spent = []
        for budget, code in (("0.025", 5), ("1", 0)):
            done = subprocess.run(
                [program, "batch", tasks.file, *words, budget],
                capture_output=True,
                text=True,
                timeout=280,
            )
            assert done.returncode == code, done.stderr
            spent.append(len(server.requests))
            states = [(row["state"], row["failure"]) for row in results(tasks).values()]
            if code:
                assert states == [("done", ""), ("failed", "limit"), ("waiting", "")]
    assert states == [("done", "")] * 3
    assert spent == [2, 6]
