"""A batch's folder: one owner, files that are whole at every moment, earlier lives found again."""

import errno
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.jobs import folder as folder_module
from swe_agent.jobs.batch_rows import Row
from swe_agent.jobs.folder import BatchFolder, write_whole

ABOUT = {"model": "scripted/x", "tasks": "t.jsonl"}


def done(name: str, patch: str = "P") -> tuple[Row, str]:
    return Row(instance_id=name, state="done", verdict="verified", model="m"), patch


def test_a_row_and_its_prediction_are_on_disk_at_once(tmp_path: Path) -> None:
    with BatchFolder(tmp_path / "b", ABOUT) as batch:
        batch.set_row(*done("a", "diff é\n"))
        preds = json.loads((tmp_path / "b/preds.json").read_text("utf-8"))
        said = {"instance_id": "a", "model_name_or_path": "scripted/x", "model_patch": "diff é\n"}
        assert preds == {"a": said}
        lines = (tmp_path / "b/preds.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line) for line in lines] == [said]
        results = json.loads((tmp_path / "b/results.json").read_text("utf-8"))
        assert results["totals"]["states"] == {"done": 1}
        assert results["batch"] == ABOUT


def test_files_are_for_the_user_alone(tmp_path: Path) -> None:
    with BatchFolder(tmp_path / "b", ABOUT) as batch:
        batch.set_row(*done("a"))
    assert (tmp_path / "b").stat().st_mode & 0o77 == 0
    assert (tmp_path / "b/preds.json").stat().st_mode & 0o77 == 0


def test_an_earlier_life_is_found_again(tmp_path: Path) -> None:
    with BatchFolder(tmp_path / "b", ABOUT) as batch:
        batch.set_row(*done("a"))
        batch.set_row(Row(instance_id="b", state="failed", failure="environment"))
    with BatchFolder(tmp_path / "b", ABOUT) as batch:
        assert batch.rows["a"].verdict == "verified"
        assert batch.rows["b"].failure == "environment"
        assert batch.has_prediction("a")
        assert not batch.has_prediction("b")


def test_a_second_owner_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from swe_agent.jobs.folder import BatchFolder\n"
        f"with BatchFolder(Path({str(tmp_path / 'b')!r}), {ABOUT!r}):\n"
        "    print('mine', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "mine\n"
        with pytest.raises(UsageFault, match=f"process {other.pid}"):
            BatchFolder(tmp_path / "b", ABOUT)
        other.kill()
    with BatchFolder(tmp_path / "b", ABOUT):
        """The lock of a killed process holds nobody up."""


@pytest.mark.parametrize("key", ["model", "tasks"])
def test_another_batch_is_not_mixed_in(tmp_path: Path, key: str) -> None:
    with BatchFolder(tmp_path / "b", ABOUT) as batch:
        batch.set_row(*done("a"))
    with pytest.raises(UsageFault, match=f"a batch with {key}"):
        BatchFolder(tmp_path / "b", {**ABOUT, key: "other"})


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFault, match="cannot be written"):
        BatchFolder(tmp_path / "file" / "b", ABOUT)


def test_readers_see_whole_files_while_many_threads_write(tmp_path: Path) -> None:
    over = threading.Event()
    broken: list[str] = []

    def read() -> None:
        while not over.is_set():
            for name in ("preds.json", "results.json"):
                try:
                    json.loads((tmp_path / "b" / name).read_bytes())
                except FileNotFoundError:
                    continue
                except ValueError as error:
                    broken.append(str(error))

    with BatchFolder(tmp_path / "b", ABOUT) as batch:
        reader = threading.Thread(target=read)
        reader.start()
        writers = [
            threading.Thread(
                target=lambda w=w: [batch.set_row(*done(f"{w}-{n}", "x" * 500)) for n in range(10)]
            )
            for w in range(4)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        over.set()
        reader.join()
    assert broken == []
    assert len(json.loads((tmp_path / "b/preds.json").read_bytes())) == 40
    assert len((tmp_path / "b/preds.jsonl").read_text("utf-8").splitlines()) == 40


def test_a_full_disk_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "x.json"
    write_whole(place, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder_module.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(place, b"new")
    assert place.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["x.json"]


def test_what_could_not_be_written_is_written_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with BatchFolder(tmp_path / "b", ABOUT) as batch:

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(folder_module, "write_whole", full)
            with pytest.raises(OSError, match="No space"):
                batch.set_row(*done("a"))
        batch.set_row(*done("b"))
        assert set(json.loads((tmp_path / "b/preds.json").read_bytes())) == {"a", "b"}
