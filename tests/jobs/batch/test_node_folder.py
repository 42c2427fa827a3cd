"""Folders of runs on a cluster's nodes: none stays behind."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from swe_agent.jobs.executors.node_folder import node_folder

HOLDER = """
import sys
from swe_agent.jobs.executors.node_folder import node_folder
with node_folder() as folder:
    (folder / "deep").mkdir()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, here and in programs that are started."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def holder() -> tuple[subprocess.Popen[str], Path]:
    """A process that holds a folder, and the folder."""
    held = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert held.stdout is not None
    return held, Path(held.stdout.readline().strip())


def test_a_folder_goes_with_what_it_was_for(temporary: Path) -> None:
    with node_folder() as folder:
        (folder / "events.jsonl").write_text("{}")
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next(temporary: Path) -> None:
    alive, its = holder()
    dead, left = holder()
    dead.send_signal(signal.SIGKILL)
    dead.communicate()
    assert left.exists()
    with node_folder():
        assert not left.exists()
        assert (its / "deep").exists(), "its process lives"
    alive.communicate("")
    assert list(temporary.iterdir()) == []
