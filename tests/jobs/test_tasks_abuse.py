"""Task files made to harm: one clear fault a row, the others are used, memory is bounded."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs import tasks_sources
from swe_agent.jobs.tasks import load_tasks

GOOD = {"instance_id": "good-1", "repo": "a/b"}


def faults_of(path: Path, rows: list[object]) -> list[str]:
    """The reasons of the faults, where all other rows are used."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines), "utf-8")
    found = load_tasks(str(path))
    assert len(found.tasks) + len(found.faults) == len(rows)
    assert "good-1" in [task.id for task in found.tasks]
    return [fault.reason for fault in found.faults]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"instance_id": "../../x"}, "id"),
        ({"instance_id": "A/B"}, "id: 'A/B' is none; wanted: letters, digits and ."),
        ({"instance_id": ".."}, "id"),
        ({"instance_id": "-rf"}, "id"),
        ({"instance_id": "a\nb"}, "id"),
        ({"instance_id": "x" * 500}, "id"),
        ({"repo": "a/b"}, "id: the row has none (columns: instance_id, id)"),
        ({"instance_id": "x", "image": "--privileged"}, "image"),
        ({"instance_id": "x", "image": "a b"}, "image: 'a b' is none; wanted: "),
        ({"instance_id": "x", "docker_args": ["--privileged"]}, "docker_args"),
        ({"instance_id": "x", "volumes": {"/": "/host"}}, "volumes"),
        ({"instance_id": "x", "base": "--upload-pack=touch /tmp/x"}, "base"),
        ({"instance_id": "x", "python": "; touch /tmp/x"}, "python"),
        ({"instance_id": "x", "env": {"A B": "c"}}, "env"),
        ({"instance_id": "x", "files": {"../x": ""}}, "files"),
        ({"instance_id": "x", "files": {"/etc/x": ""}}, "files"),
        ({"instance_id": "x", "files": {".git/config": ""}}, "files"),
        ({"instance_id": "x", "FAIL_TO_PASS": "[" * 100_000}, "tests"),
        ({"instance_id": "x", "FAIL_TO_PASS": [1]}, "tests"),
        ({"instance_id": "x", "repo": ["a"]}, "repo"),
        ({"instance_id": "x", "issue": 7}, "issue"),
        ({"instance_id": "GOOD-1"}, "twice"),
        ("[" * 100_000, "deep"),
        ("{", "JSON"),
        ('"text"', "not an object"),
    ],
    ids=str,
)
def test_a_bad_row_is_one_fault_and_the_others_are_used(
    tmp_path: Path, row: object, reason: str
) -> None:
    (found,) = faults_of(tmp_path / "t.jsonl", [GOOD, row])
    assert reason in found
    assert len(found) < 300
    assert found.isprintable()


def test_a_fault_says_where_the_row_stands(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(f'{json.dumps(GOOD)}\n\n{{"id": "a/b\\u001b"}}\n', "utf-8")
    (fault,) = load_tasks(str(tmp_path / "t.jsonl")).faults
    assert (fault.place, fault.id) == ("line 3", "a/b<U+001B>")


def test_a_line_over_the_limit_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks_sources, "ROW_LIMIT_BYTES", 1000)
    monkeypatch.setattr(tasks_sources, "_PIECE_BYTES", 100)
    huge = json.dumps({"instance_id": "huge", "patch": "x" * 5000})
    (reason,) = faults_of(tmp_path / "t.jsonl", [huge, GOOD])
    assert "over 1,000 bytes" in reason


def test_a_huge_line_is_passed_over_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with path.open("wb") as stream:
        stream.write(json.dumps(GOOD).encode() + b"\n")
        stream.seek(500_000_000)  # a hole: no disk is used
        stream.write(b"\n" + json.dumps({**GOOD, "instance_id": "good-2"}).encode())
    code = (
        "from pathlib import Path\n"
        "from swe_agent.jobs.tasks import load_tasks\n"
        f"found = load_tasks({str(path)!r})\n"
        "peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0]\n"
        "print(len(found.tasks), len(found.faults), peak)\n"
    )
    limit = 450_000_000
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.stdout.split()[:2] == ["2", "1"], done.stderr
    assert int(done.stdout.split()[2]) < 200_000


def test_yaml_aliases_are_refused(tmp_path: Path) -> None:
    rows = ["a: &a [x, x, x, x]"]
    rows += [
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    (tmp_path / "t.yaml").write_text("\n".join(rows), "utf-8")
    with pytest.raises(UsageFault, match="alias"):
        load_tasks(str(tmp_path / "t.yaml"))


def test_a_file_without_any_task_is_refused_with_its_first_fault(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"id": "../x"}\n', "utf-8")
    with pytest.raises(UsageFault, match="line 1: id"):
        load_tasks(str(tmp_path / "t.jsonl"))


@pytest.mark.parametrize("name", ["missing.jsonl", "nowhere", "a/b/c"])
def test_what_is_not_there_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageFault, match="no task file"):
        load_tasks(name)
