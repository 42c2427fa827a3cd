"""`swe-agent checkpoints`: what a run saved is listed, compared and restored, byte for byte."""

import json
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from swe_agent.core.events import (
    Checkpoint,
    CheckpointSaved,
    EnvironmentReady,
    ModelCalled,
    ModelReplied,
    PhaseStarted,
    RolledBack,
    RunStarted,
    TestsRan,
    ToolCalled,
)
from swe_agent.core.messages import ToolCall, Turn
from swe_agent.core.protocols import Entry
from swe_agent.core.task import Task, TestReport
from swe_agent.runtime.store import TreeStore
from swe_agent.trajectory.log import EventLog
from tests.cli.conftest import Call

GOOD = TestReport(outcomes={"t::a": "passed", "t::b": "failed"}, exit_codes={"t": 1}, duration_s=1)
BAD = TestReport(outcomes={"t::a": "failed", "t::b": "failed"}, exit_codes={"t": 1}, duration_s=1)


def entry(store: TreeStore, content: bytes, mode: int = 0o644) -> Entry:
    return Entry("file", store.put(content), len(content), mode)


def trees(store: TreeStore) -> list[str]:
    """Three trees: the start; an odd edit with a link, a mode and a folder; all of that gone."""
    link = Entry("link", store.put(b"/etc/passwd"), 0, 0o777)
    first = store.overlay(
        store.empty, {"a.py": entry(store, b"one\r\ntwo"), "gone": entry(store, b"x")}
    )
    second = store.overlay(
        first,
        {
            "a.py": entry(store, b"one\r\nTWO\x1b[2J"),
            "gone": None,
            "d/link": link,
            "d/run me": entry(store, b"\0\xff", 0o4755),
            "d/empty": Entry("folder", "", 0, 0o755),
        },
    )
    return [first, second, first]


def events_of(found: list[str]) -> list[object]:
    call = ToolCall(id="c1", name="edit", arguments={})
    first, second, third = (Checkpoint(tree=tree) for tree in found)
    turn = Turn(text="", calls=(call,), stop="tool_use")
    return [
        RunStarted(
            run_id="r", version="0", task=Task(id="t", issue="i", repository="/r"),
            model="scripted/x", strategy="react", base_tree=first.tree,
        ),
        EnvironmentReady(
            sandbox="docker", image="i", profile="p", root="/w", shell="sh",
            test_commands=("t",), checkpoint=first,
        ),
        TestsRan(purpose="baseline", tree=first.tree, report=GOOD),
        PhaseStarted(phase="plan", iteration=1),
        ModelCalled(step=1, model="m", reserve_usd=0.1),
        ModelReplied(step=1, turn=turn, duration_s=1),
        ToolCalled(step=1, call=call, writes=True),
        CheckpointSaved(checkpoint=second, after_call="c1", changed=4),
        TestsRan(purpose="iteration", tree=second.tree, report=BAD),
        RolledBack(to=first, from_tree=second.tree, reason="lost"),
        CheckpointSaved(checkpoint=third, changed=0),
    ]  # fmt: skip


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A run with three checkpoints."""
    folder = tmp_path / "recorded"
    folder.mkdir()
    with (
        closing(TreeStore(folder / "checkpoints")) as store,
        EventLog(folder / "events.jsonl") as log,
    ):
        for event in events_of(trees(store)):
            log.append(event)  # type: ignore[arg-type]
        store.flush()
    return folder


def test_they_are_listed_with_what_became_of_them(call: Call, recorded: Path) -> None:
    rows = json.loads(call("checkpoints", "list", recorded, "--json").out)
    assert [(row["number"], row["step"], row["after"], row["changed"]) for row in rows] == [
        (0, 0, "", 0),
        (1, 1, "edit", 4),
        (2, 1, "", 0),
    ]
    assert [row["failed"] for row in rows] == [1, 2, 1]
    assert [row["rolled_back"] for row in rows] == [False, True, False]
    said = call("checkpoints", "list", recorded).err
    assert "rolled back" in said
    assert "start" in said


def test_two_are_compared_as_a_patch_of_exact_bytes(call: Call, recorded: Path) -> None:
    answer = call("checkpoints", "diff", recorded, "0", "1")
    assert "-two\n" in answer.out
    assert "+TWO\x1b[2J\n" in answer.out  # stdout is no terminal here
    assert "deleted file mode 100644" in answer.out
    assert call("checkpoints", "diff", recorded, "0").out == answer.out
    assert call("checkpoints", "diff", recorded, "0", "2").out == ""


def test_only_the_paths_are_shown_on_request(call: Call, recorded: Path) -> None:
    paths = call("checkpoints", "diff", recorded, "1", "0", "--stat").out.splitlines()
    assert paths == ["a.py", "d/link", "d/run me", "gone"]


def test_one_is_restored_with_its_bytes_links_and_folders(
    call: Call, recorded: Path, tmp_path: Path
) -> None:
    place = tmp_path / "at" / "one"
    assert call("checkpoints", "restore", recorded, "1", "--to", place).code == 0
    assert (place / "a.py").read_bytes() == b"one\r\nTWO\x1b[2J"
    assert os.readlink(place / "d" / "link") == "/etc/passwd"  # noqa: PTH115
    assert (place / "d" / "run me").read_bytes() == b"\0\xff"
    assert (place / "d" / "run me").stat().st_mode & 0o7777 == 0o755  # no special rights
    assert list((place / "d" / "empty").iterdir()) == []
    assert not (place / "gone").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["restore", "{run}", "7", "--to", "{new}"], "There is no checkpoint 7; there is 0 to 2"),
        (["restore", "{run}", "0", "--to", "{run}"], "is not empty"),
        (["diff", "{run}", "2"], "There is no checkpoint 3"),
        (["fork", "{run}", "9"], "There is no checkpoint 9"),
        (["fork", "{run}", "0", "-s", "limits.max_steps=-1"], "limits.max_steps"),
        (["fork", "{run}", "0", "-s", "limits"], "KEY=VALUE"),
        (["list", "{new}"], "There is no run"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    call: Call, recorded: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    given = [word.format(run=recorded, new=tmp_path / "new") for word in words]
    answer = call("checkpoints", *given)
    assert answer.code == 2
    assert said in answer.err
    assert not (tmp_path / "state" / "runs").exists()


@pytest.mark.parametrize("words", [["checkpoints", "diff", "{run}", "0"], ["resume", "{run}"]])
def test_a_damaged_store_is_said_to_be_one(
    call: Call, recorded: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recorded)
    (recorded / "x").write_text('{"text": "x"}\n')
    for file in (recorded / "checkpoints").rglob("*"):
        if file.is_file():
            file.unlink()
    answer = call(*(word.format(run=recorded) for word in words))
    assert answer.code == 2
    assert "checkpoints of the run recorded are damaged" in answer.err
    assert "Go on with it" not in answer.err


def test_a_run_at_work_is_read_without_touching_its_store(call: Call, recorded: Path) -> None:
    pack = recorded / "checkpoints" / "objects.pack"
    torn = pack.read_bytes() + b"1000\nthe run is writing this just now"
    pack.write_bytes(torn)
    with EventLog(recorded / "events.jsonl"):
        assert "-two" in call("checkpoints", "diff", recorded, "0", "1").out
    assert pack.read_bytes() == torn


@pytest.mark.parametrize("name", ["..", ".git"])
def test_a_tree_with_a_name_that_is_none_is_not_written(
    call: Call, recorded: Path, tmp_path: Path, name: str, at: Callable[[str], None]
) -> None:
    at(name)
    answer = call("checkpoints", "restore", recorded, "3", "--to", tmp_path / "in" / "new")
    assert answer.code == 2
    assert "which is not written" in answer.err
    assert not (tmp_path / "in" / "evil").exists()


@pytest.fixture
def at(recorded: Path) -> Callable[[str], None]:
    """Adds a checkpoint whose tree has an entry of this name."""

    def added(name: str) -> None:
        with closing(TreeStore(recorded / "checkpoints")) as store:
            tree = store.overlay(store.empty, {f"{name}/evil": entry(store, b"x")})
            store.flush()
        with EventLog(recorded / "events.jsonl") as log:
            log.append(CheckpointSaved(checkpoint=Checkpoint(tree=tree)))

    return added
