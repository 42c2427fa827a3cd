"""The same logs through our grading and through the official one: same statuses, same verdicts.

`SWE_AGENT_SWEBENCH_PYTHON` names a Python that has the package `swebench`.
"""

import json
import os
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from swe_agent.jobs.evaluation.grading import grade
from swe_agent.jobs.evaluation.logs import infra_of, read_log
from swe_agent.jobs.evaluation.parsers import LIKE_OFFICIAL
from swe_agent.jobs.tasks_instance import AnswerKey
from tests.jobs.evaluation.logs import LOGS, TESTS

PYTHON = os.environ.get("SWE_AGENT_SWEBENCH_PYTHON", "")
OFFICIAL = """
import json, sys
from swebench.harness.grading import get_eval_report
from swebench.types import TestSpec
reports = []
for case in json.load(open(sys.argv[1])):
    spec = TestSpec("a__b-1", "", [], "a/b", "1", case["fixed"], case["kept"],
                    case["parser"], case["eval_type"])
    made = {"instance_id": "a__b-1", "model_patch": "diff", "model_name_or_path": "m"}
    reports.append(get_eval_report(spec, made, case["log"], True)["a__b-1"])
json.dump(reports, open(sys.argv[2], "w"))
"""


def official(cases: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The official reports of all cases, in one process."""
    (folder / "cases.json").write_text(json.dumps(cases))
    subprocess.run(
        [PYTHON, "-c", OFFICIAL, folder / "cases.json", folder / "reports.json"], check=True
    )
    found: list[dict[str, Any]] = json.loads((folder / "reports.json").read_text())
    return found


@pytest.mark.soak
@pytest.mark.skipif(not PYTHON, reason="SWE_AGENT_SWEBENCH_PYTHON names no Python with swebench")
def test_every_log_is_graded_as_the_official_functions_grade_it(tmp_path: Path) -> None:
    cases: list[dict[str, Any]] = []
    for number, (log, name, kind) in enumerate(
        product(LOGS.values(), LIKE_OFFICIAL, ("pass_and_fail", "fail_only"))
    ):
        path = tmp_path / f"{number}.txt"
        path.write_text(log)
        for fixed, kept in ((TESTS, TESTS), *(((test,), TESTS[:1]) for test in TESTS)):
            asked = {"fixed": fixed, "kept": kept, "eval_type": kind}
            cases.append({**asked, "parser": name, "log": str(path)})
    theirs = official(cases, tmp_path)
    assert len(theirs) > 5000
    for case, expected in zip(cases, theirs, strict=True):
        log = Path(case["log"]).read_text()
        key = AnswerKey(
            id="a__b-1",
            fail_to_pass=case["fixed"],
            pass_to_pass=case["kept"],
            eval_type=case["eval_type"],
        )
        reading = read_log(log, LIKE_OFFICIAL[case["parser"]])
        ours = grade(key, "diff", reading, infra_of(log)).model_dump(mode="json")
        assert {name: value for name, value in ours.items() if value is not None} == expected, case
