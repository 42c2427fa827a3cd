"""Real tasks of public projects: the reference patches resolve all of them, no patch none.

`SWE_AGENT_TASKS` names a task file and `SWE_AGENT_MIRRORS` a folder with clones; the environments
are made from the tasks' own set-up, which needs the network and the Pythons that they name.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from swe_agent.jobs.tasks import load_tasks
from tests.cli.conftest import Call, call
from tests.jobs.evaluation.test_official import PYTHON, official

__all__ = ["call"]
TASKS = os.environ.get("SWE_AGENT_TASKS", "")
MIRRORS = os.environ.get("SWE_AGENT_MIRRORS", "")
NOTHING = """--- /dev/null
+++ b/NOTHING.txt
@@ -0,0 +1 @@
+nothing
"""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.docker,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not (TASKS and MIRRORS), reason="SWE_AGENT_TASKS and SWE_AGENT_MIRRORS are not set"
    ),
]


def test_gold_resolves_all_and_what_changes_nothing_resolves_none(
    call: Call, tmp_path: Path
) -> None:
    keys = load_tasks(TASKS).keys
    preds = tmp_path / "preds.json"
    rows = [
        {"instance_id": name, "model_name_or_path": "idle", "model_patch": NOTHING} for name in keys
    ]
    preds.write_text(json.dumps(rows))
    out = tmp_path / "out"
    gold = call("eval", TASKS, "gold", "--mirror", MIRRORS, "-o", out, "-w", "2", "--json")
    idle = call("eval", TASKS, preds, "--mirror", MIRRORS, "-o", out, "-w", "2", "--json")
    assert json.loads(gold.out)["resolved_ids"] == sorted(keys), gold.err
    told = json.loads(idle.out)
    assert (told["resolved_ids"], told["unresolved_ids"]) == ([], sorted(keys)), idle.err

    if not PYTHON:
        return
    cases, ours = [], []
    for model in ("gold", "idle"):
        for name, key in sorted(keys.items()):
            folder = out / "logs/run_evaluation/eval" / model / name
            ours.append(squeezed(json.loads((folder / "report.json").read_text())[name]))
            cases.append(
                {
                    "fixed": squeezed(key.fail_to_pass),
                    "kept": squeezed(key.pass_to_pass),
                    "eval_type": key.eval_type,
                    "parser": "parse_log_pytest_v2",
                    "log": str(folder / "test_output.txt"),
                }
            )
    assert official(cases, tmp_path) == ours


def squeezed(value: Any) -> Any:
    """Test ids as the official reader of whole ids has them: many spaces are one."""
    match value:
        case str():
            return " ".join(value.split())
        case dict():
            return {name: squeezed(one) for name, one in value.items()}
        case list() | tuple():
            return [squeezed(one) for one in value]
        case _:
            return value
