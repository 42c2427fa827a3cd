"""Our grading beside the official harness, both with containers, on the same image and rows.

`SWE_AGENT_SWEBENCH_PYTHON` names a Python that has the package `swebench`.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import Call, call
from tests.cli.test_eval import CALC, GOLD, PATCHES, TEST, TEST_PATCH
from tests.conftest import BASE_IMAGE

if TYPE_CHECKING:
    import docker

__all__ = ["call"]
PYTHON = os.environ.get("SWE_AGENT_SWEBENCH_PYTHON", "")
IMAGE = "sweb.eval.x86_64.t__official-1:latest"
SCRIPT = """cd /testbed
git config --global --add safe.directory /testbed
git checkout {base} test_calc.py
git apply -v - <<'EOF_114329324912'
{patch}
EOF_114329324912
: '>>>>> Start Test Output'
python3 -m pytest -rA -p no:cacheprovider test_calc.py
: '>>>>> End Test Output'
git checkout {base} test_calc.py
"""
FILL = f"""mkdir -p /testbed && cd /testbed
cat > calc.py <<'EOF'
{CALC}EOF
cat > test_calc.py <<'EOF'
{TEST}EOF
git init -q && git config user.email a@example.org && git config user.name a
git add -A && git commit -q -m base && git rev-parse HEAD
"""


@pytest.fixture
def base(engine: "docker.DockerClient") -> Iterator[str]:
    """Makes an image like those of the data sets; gives the commit that it holds."""
    made = engine.containers.run(BASE_IMAGE, "sleep 300", detach=True, user="0", network="none")
    try:
        done = made.exec_run(["sh", "-e", "-c", FILL], user="0")
        assert done.exit_code == 0, done.output
        conf = {"WorkingDir": "/testbed", "User": "root", "Cmd": ["/bin/bash"]}
        repository, _, tag = IMAGE.partition(":")
        made.commit(repository, tag, conf=conf)
    finally:
        made.remove(force=True)
    yield done.output.decode().strip().splitlines()[-1]
    engine.images.remove(IMAGE, force=True)


def rows(base: str) -> list[dict[str, Any]]:
    """A row of the data set's fifth version for each patch."""
    return [
        {
            "instance_id": name,
            "image": IMAGE,
            "repo": "t/t",
            "version": "1",
            "base_commit": base,
            "patch": GOLD,
            "test_patch": TEST_PATCH,
            "problem_statement": "add is wrong",
            "FAIL_TO_PASS": ["test_calc.py::test_add"],
            "PASS_TO_PASS": ["test_calc.py::test_mul"],
            "log_parser": "parse_log_pytest",
            "eval_type": "pass_and_fail",
            "eval_script": SCRIPT.format(base=base, patch=TEST_PATCH),
        }
        for name in PATCHES
    ]


def reports(folder: Path) -> dict[str, Any]:
    return {
        path.parent.name: json.loads(path.read_text())
        for path in (folder / "logs/run_evaluation/r/me__x").glob("*/report.json")
    }


OTHERS = {"unremoved_images": [], "unstopped_instances": 0, "unstopped_containers": []}
"""What the harness tells of everything on the engine, whoever runs it."""


@pytest.mark.soak
@pytest.mark.docker
@pytest.mark.skipif(not PYTHON, reason="SWE_AGENT_SWEBENCH_PYTHON names no Python with swebench")
def test_on_an_image_of_a_data_set_both_give_the_same_reports(
    call: Call, base: str, tmp_path: Path
) -> None:
    tasks, preds = tmp_path / "rows.json", tmp_path / "preds.json"
    tasks.write_text(json.dumps(rows(base)))
    said = {"model_name_or_path": "me/x"}
    preds.write_text(
        json.dumps([{**said, "instance_id": n, "model_patch": p} for n, p in PATCHES.items()])
    )
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    program = [PYTHON, "-m", "swebench.harness.run_evaluation", "--run_id", "r", "-t", "120"]
    subprocess.run(
        [*program, "-d", tasks, "-p", preds, "--max_workers", "2"], cwd=theirs, check=True
    )
    answer = call("eval", tasks, preds, "-o", ours, "--run-id", "r", "-w", "2", "--json")

    official = json.loads((theirs / "me__x.r.json").read_text())
    found = json.loads(answer.out)
    assert found.keys() == official.keys()
    assert found == {**official, **OTHERS}
    assert reports(ours) == reports(theirs)
    assert len(reports(ours)) == 5
    assert "markers of a grader" in answer.err
