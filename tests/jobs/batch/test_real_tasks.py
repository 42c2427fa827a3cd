"""Real tasks end to end, with a scripted engineer who makes the reference change through the tools.

Set SWE_AGENT_TASKS to a task file with reference patches and SWE_AGENT_MIRRORS to folders with
clones of its repositories (colon between); set-up needs a package index.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from swe_agent.jobs.tasks import load_tasks
from tests.jobs.batch.conftest import Tasks, call

pytestmark = [pytest.mark.soak, pytest.mark.docker]
SOURCE, MIRRORS = os.environ.get("SWE_AGENT_TASKS"), os.environ.get("SWE_AGENT_MIRRORS")
NEEDED = "set SWE_AGENT_TASKS and SWE_AGENT_MIRRORS to run real tasks"


def engineer(patch: str) -> list[dict[str, object]]:
    """Makes a change by giving it to `git apply` in the shell."""
    command = f"git apply - <<'END_OF_PATCH'\n{patch}\nEND_OF_PATCH"
    return [call("shell", command=command), *[call("submit", summary="done")] * 3]


def lines(patch: str) -> set[str]:
    """What a patch adds and removes; how blank lines are told apart is the diff's own choice."""
    rows = [row for row in patch.splitlines() if row[:3] not in ("+++", "---")]
    return {row for row in rows if row[:1] in ("+", "-") and row[1:].strip()}


@pytest.fixture
def tidy(tmp_path: Path) -> Iterator[None]:
    """The images that the test's own runs made go with it."""
    import docker
    from docker.errors import ImageNotFound

    with closing(docker.from_env(timeout=300)) as client:
        before = {row["Id"] for row in client.api.images()}
        yield
        logs = [log.read_bytes().splitlines() for log in tmp_path.rglob("events.jsonl")]
        ready = [json.loads(line) for log in logs for line in log if b'"environment_ready"' in line]
        for name in {event["image"] for event in ready}:
            with suppress(ImageNotFound):
                if client.api.inspect_image(name)["Id"] not in before:
                    client.api.remove_image(name, force=True)


@pytest.mark.usefixtures("tidy")
@pytest.mark.skipif(not (SOURCE and MIRRORS), reason=NEEDED)
def test_a_gold_engineer_makes_the_reference_change_and_an_empty_one_none(tmp_path: Path) -> None:
    found = load_tasks(SOURCE or "")
    gold, empty = Tasks(tmp_path / "gold"), Tasks(tmp_path / "empty")
    for one in (gold, empty):
        one.folder.mkdir()
        for task in found.tasks:
            patch = found.keys[task.id].patch
            silent = [call("submit", summary="nothing")] * 4
            one.script(task.id, engineer(patch) if one is gold else silent)
        argv = [str(Path(sys.executable).with_name("swe-agent")), "batch", SOURCE or ""]
        argv += ["-m", one.model, "-w", "2", "--no-tests", "-o", str(one.folder / "out")]
        argv += [word for place in (MIRRORS or "").split(":") for word in ("--mirror", place)]
        done = subprocess.run(argv, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    preds = json.loads((gold.folder / "out/preds.json").read_bytes())
    for name, said in preds.items():
        assert lines(found.keys[name].patch) <= lines(said["model_patch"])
    nothing = json.loads((empty.folder / "out/preds.json").read_bytes())
    assert {said["model_patch"] for said in nothing.values()} == {""}
