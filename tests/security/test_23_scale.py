"""Check 23: a repository of 100,000 files and 2 GB, a long line, a deep folder, a long file and a
long run."""

import json
import random
import time
from pathlib import Path

import pytest

from swe_agent.solve import resume
from tests.security.test_14_output_bombs import measured
from tests.solve.conftest import FIX, SUBMIT, Play, Played, call, git

pytestmark = [pytest.mark.docker, pytest.mark.soak]
FILES, FILE_BYTES = 100_000, 20_000
PEAK_KB = 500_000


@pytest.fixture
def large(project: Path) -> Path:
    """The project among 100,000 other files."""
    rng = random.Random(23)
    for folder in range(FILES // 500):
        place = project / "many" / f"{folder % 20}" / f"{folder}"
        place.mkdir(parents=True)
        for number in range(500):
            (place / f"{number}.dat").write_bytes(rng.randbytes(FILE_BYTES))
    git(project, "-c", "core.compression=0", "add", "-A")  # random bytes do not shrink
    git(project, "-c", "gc.auto=0", "commit", "-q", "-m", "many")  # no gc works beside the run
    return project


def test_a_repository_of_two_gigabytes_is_worked_on_in_little_memory(large: Path) -> None:
    change = (
        "i=0; while [ $i -lt 50 ]; do echo changed >>many/$((i % 20))/$i/1.dat; i=$((i+1)); done"
    )
    found = measured(large, ["ls many | wc -l", change, "rm -rf many/3"])
    print(found["peak_kb"], found["first_action_s"], [row["duration_s"] for row in found["rows"]])
    assert found["peak_kb"] < PEAK_KB


def test_odd_sizes_are_worked_on(project: Path) -> None:
    make = (
        "head -c 1000000 /dev/zero | tr '\\0' x >line.txt; seq 1 200000 >long.txt; "
        "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d || break; i=$((i+1)); done; echo 1 >f"
    )
    found = measured(project, [make, "cd /workspace; sed -i s/x/y/ line.txt long.txt; wc line.txt"])
    assert found["rows"][1]["data"]["exit_code"] == 0
    assert found["peak_kb"] < PEAK_KB


def test_one_line_of_200_000_is_edited_and_no_other_changes(play: Play, project: Path) -> None:
    lines = [f"row {number}\n" for number in range(200_000)]
    (project / "long.txt").write_text("".join(lines))
    (project / "wide.txt").write_text("x" * 1_000_000 + "end\n")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "long")
    one = call("edit", path="long.txt", old="row 123456\n", new="row here\n")
    two = call("edit_lines", path="long.txt", start=200_000, end=200_000, text="last\n")
    wide = call("edit", path="wide.txt", old="xend", new="end")
    played = play([one, two, wide, FIX, SUBMIT], limits__max_steps=20)
    assert played.result.verdict == "verified"
    patch = (played.folder / "patch.diff").read_text()
    changed = [line for line in patch.splitlines() if line[:1] in "+-" and "row" in line]
    assert changed == ["-row 123456", "+row here", "-row 199999"]
    assert "+" + "x" * 999_999 + "end" in patch.splitlines()


def test_the_log_of_a_thousand_steps_grows_in_line_with_them(play: Play) -> None:
    looks = [
        call("shell", command=f"echo {number} >>seen; wc -c calc.py") for number in range(1000)
    ]
    played = play([*looks, FIX, SUBMIT], limits__max_steps=1100, limits__max_time_s=86_400)
    assert (played.result.verdict, played.result.steps) == ("verified", 1002)
    ends = {}
    with (played.folder / "events.jsonl").open("rb") as log:
        for line in log:
            if (event := json.loads(line))["type"] == "tool_returned":
                ends[event["step"]] = log.tell()
    assert ends[1000] - ends[500] < 1.3 * (ends[600] - ends[100])
    _is_resumed_before_its_last_call(played)


def _is_resumed_before_its_last_call(played: Played) -> None:
    """Killed when the last reply had come: nothing is asked for again, and it ends the same."""
    log = played.folder / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    types = [json.loads(line)["type"] for line in lines]
    last = len(types) - 1 - types[::-1].index("model_replied")
    log.write_bytes(b"".join(lines[: last + 1]))
    began, later = time.monotonic(), []
    again = resume(played.folder, lambda event: later.append((event.type, time.monotonic())))
    print("first event after", later[0][1] - began, "s")
    assert "model_called" not in dict(later)
    assert (again.verdict, again.steps, again.patch) == ("verified", 1002, played.result.patch)
