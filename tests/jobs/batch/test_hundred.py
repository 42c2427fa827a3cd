"""A hundred tasks, eight workers, faults of the provider, two kills, a disk that is full once:
nothing is lost, nothing doubled, and the cost is what the server counted."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from swe_agent.core.messages import Usage
from swe_agent.models.prices import PriceList
from tests.jobs.batch.conftest import FIX, SUBMIT, Tasks, call
from tests.vendors.openai import OpenAIServer

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]
COUNT = 100
SCRIPT = [call("view", path="calc.py"), FIX, SUBMIT]
USAGE = {"input_tokens": 1000, "output_tokens": 100}
FAULTS = (429, 500, 503)


class Counting:
    """A vendor that knows what it said, with a fault now and then."""

    def __init__(self) -> None:
        self.dice = random.Random(7)
        self.replies: Counter[tuple[str, int]] = Counter()
        self.lock = threading.Lock()

    def __call__(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        said = body["messages"]
        step = sum(one["role"] == "assistant" for one in said)
        text = json.dumps(said)
        name = next(f"calc-{n}" for n in range(COUNT) if f"task number {n}." in text)
        with self.lock:
            if self.dice.random() < 0.04:
                fault = self.dice.choice(FAULTS)
                return {"error": fault, "retry_after": 0.1}
            self.replies[name, step] += 1
        return {**SCRIPT[min(step, len(SCRIPT) - 1)], "usage": USAGE}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own for the batch, that a test can fill."""
    if os.geteuid():
        pytest.skip("a disk can be mounted by root only")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m", "x", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def sampled(out: Path, over: threading.Event, broken: list[str]) -> None:
    """Read the predictions all the time."""
    while not over.wait(0.05):
        try:
            found = json.loads((out / "preds.json").read_bytes())
            lines = (out / "preds.jsonl").read_text("utf-8").splitlines()
        except FileNotFoundError:
            continue
        except ValueError as error:
            broken.append(str(error))
            continue
        names = [json.loads(line)["instance_id"] for line in lines]
        if len(names) != len(set(names)) or set(found) - {f"calc-{n}" for n in range(COUNT)}:
            broken.append(f"{len(names)} lines")


def begun(tasks: Tasks, server: OpenAIServer, out: Path) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("swe-agent"))
    argv = [
        program,
        "batch",
        tasks.file,
        "-m",
        "openai/gpt-4o",
        "--base-url",
        server.url,
        "-w",
        "8",
    ]
    argv += ["--sandbox", "none", "--json", "-o", str(out), "--max-cost", "50"]
    argv += ["-s", "models.stream=false"]
    return subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OPENAI_API_KEY": "k"},
    )  # fmt: skip


def rows_of(process: subprocess.Popen[str]) -> None:
    """Read all rows that are still to come."""
    assert process.stdout is not None
    process.stdout.read()


def rows_until(process: subprocess.Popen[str], count: int) -> None:
    assert process.stdout is not None
    for _ in range(count):
        assert process.stdout.readline(), process.communicate()[1]


def fill(place: Path) -> None:
    """Leave no room on the disk, to the last page."""
    for size in (1 << 16, 1):
        with suppress(OSError), place.open("ab", buffering=0) as stream:
            while True:
                stream.write(b"\0" * size)


def free_once_told(process: subprocess.Popen[str], place: Path) -> str:
    """Remove what fills the disk when the batch has said that it is full; returns all it said."""
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if "The disk is full" in line:
            place.unlink(missing_ok=True)
    return "".join(said)


def test_nothing_is_lost_and_nothing_doubled(tasks: Tasks, small_disk: Path) -> None:
    tasks.write(COUNT)
    rows = [json.loads(line) for line in Path(tasks.file).read_text().splitlines()]
    for number, row in enumerate(rows):
        row["issue"] = f"test_add fails; this is task number {number}."
    Path(tasks.file).write_text("\n".join(map(json.dumps, rows)))
    vendor, out = Counting(), small_disk / "out"
    over, broken = threading.Event(), list[str]()
    with OpenAIServer(vendor) as server:
        sampler = threading.Thread(target=sampled, args=(out, over, broken))
        sampler.start()
        for kill_after in (15, 20):
            process = begun(tasks, server, out)
            rows_until(process, kill_after)
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        process = begun(tasks, server, out)
        rows_until(process, 10)
        full = small_disk / "full"
        fill(full)
        last_resort = threading.Timer(600, full.unlink)
        last_resort.start()
        drain = threading.Thread(target=rows_of, args=(process,))
        drain.start()
        err = free_once_told(process, full)
        drain.join()
        process.wait(timeout=60)
        last_resort.cancel()
        over.set()
        sampler.join()
    assert process.returncode == 0, err
    assert broken == []
    results = json.loads((out / "results.json").read_bytes())
    assert results["totals"]["verdicts"] == {"verified": COUNT}
    assert set(json.loads((out / "preds.json").read_bytes())) == {f"calc-{n}" for n in range(COUNT)}
    replied = 0
    for number in range(COUNT):
        log = (out / f"runs/calc-{number}/events.jsonl").read_bytes().splitlines()
        kinds = Counter(json.loads(line)["type"] for line in log)
        assert (kinds["run_started"], kinds["run_finished"]) == (1, 1)
        assert kinds["model_replied"] == len(SCRIPT)
        replied += kinds["model_replied"]
    asked = sum(vendor.replies.values())
    # A reply that a kill or a full disk met on its way was paid and is asked for again: at most one
    # a worker each time.
    assert replied <= asked <= replied + 3 * 8
    price = PriceList("openai", "gpt-4o").cost_usd(Usage(input_tokens=1000, output_tokens=100))
    assert price
    assert results["totals"]["cost_usd"] == pytest.approx(replied * price)
    assert results["totals"]["spent_usd"] >= asked * price * 0.999
    assert "The disk is full" in err
