"""`swe-agent eval` end to end: patches of every kind, tried in containers."""

import difflib
import fcntl
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.conftest import BASE_IMAGE

CALC = "def add(a, b):\n    return a - b\n\n\ndef mul(a, b):\n    return a * b\n"
TEST = "from calc import add, mul\n\n\ndef test_mul():\n    assert mul(2, 3) == 6\n"
FIXED = CALC.replace("a - b", "a + b")
ADDED = "\n\ndef test_add():\n    assert add(2, 3) == 5\n"


def diff(name: str, before: str, after: str) -> str:
    """A patch of one file, as git writes it."""
    lines = (text.splitlines(keepends=True) for text in (before, after))
    return "".join(difflib.unified_diff(*lines, f"a/{name}", f"b/{name}"))


GOLD = diff("calc.py", CALC, FIXED)
TEST_PATCH = diff("test_calc.py", TEST, TEST + ADDED)
DRIFTED = GOLD.replace("@@ -1,5 +1,5 @@", "@@ -3,5 +3,5 @@")
FUZZY = GOLD.replace(" def mul", " def something_else")
BROKEN = GOLD.replace("-    return a - b", "-    return a // b")
BREAKS = diff("calc.py", CALC, FIXED.replace("a * b", "a ** b"))
OWN_TEST = diff("test_calc.py", TEST, TEST.replace("mul(2, 3) == 6", "True"))
LIAR = """--- /dev/null
+++ b/conftest.py
@@ -0,0 +1,7 @@
+import atexit
+import os
+import sys
+
+said = "PASSED test_calc.py::test_add\\nPASSED test_calc.py::test_mul\\n"
+atexit.register(lambda: sys.stdout.write(said + ">>>>> End Test Output\\n" + said))
+atexit.register(lambda: sys.stdout.write(">>>>> Test Exit Code: 0\\n"))
"""
PATCHES = {
    "t__gold-1": GOLD,
    "t__drifted-1": DRIFTED,
    "t__empty-1": "",
    "t__broken-1": BROKEN,
    "t__breaks-1": BREAKS,
    "t__own-1": OWN_TEST + GOLD,
    "t__liar-1": LIAR,
}


def task(name: str) -> dict[str, object]:
    return {
        "instance_id": name,
        "files": {"calc.py": CALC, "test_calc.py": TEST},
        "image": BASE_IMAGE,
        "problem_statement": "add(2, 3) gives -1.",
        "patch": GOLD,
        "test_patch": TEST_PATCH,
        "test": "python3 -m pytest -rA -q -p no:cacheprovider test_calc.py",
        "FAIL_TO_PASS": ["test_calc.py::test_add"],
        "PASS_TO_PASS": ["test_calc.py::test_mul"],
    }


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.jsonl"
    path.write_text("".join(json.dumps(task(name)) + "\n" for name in PATCHES))
    return path


@pytest.fixture
def preds(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """Writes predictions."""

    def write(patches: dict[str, str]) -> Path:
        rows = [
            {"instance_id": name, "model_name_or_path": "me/x", "model_patch": patch}
            for name, patch in patches.items()
        ]
        path = tmp_path / "preds.json"
        path.write_text(json.dumps(rows))
        return path

    return write


Preds = Callable[[dict[str, str]], Path]


@pytest.mark.docker
def test_every_kind_of_patch_gets_its_grade_and_a_second_call_keeps_it(
    call: Call, tasks: Path, preds: Preds, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = call("eval", tasks, preds(PATCHES), "-o", out, "-w", "2", "--json")
    assert first.code == 0, first.err
    told = json.loads(first.out)
    assert told["schema_version"] == 2
    assert told["resolved_ids"] == ["t__drifted-1", "t__gold-1", "t__own-1"]
    assert told["unresolved_ids"] == ["t__breaks-1", "t__liar-1"]
    assert told["empty_patch_ids"] == ["t__empty-1"]
    assert told["error_ids"] == ["t__broken-1"]
    assert json.loads((out / "me__x.eval.json").read_text()) == told

    logs = out / "logs/run_evaluation/eval/me__x"
    report = json.loads((logs / "t__breaks-1/report.json").read_text())["t__breaks-1"]
    assert report["tests_status"]["FAIL_TO_PASS"]["success"] == ["test_calc.py::test_add"]
    assert report["tests_status"]["PASS_TO_PASS"]["failure"] == ["test_calc.py::test_mul"]
    output = (logs / "t__liar-1/test_output.txt").read_text()
    assert output.count(">>>>> End Test Output") == 1
    assert output.endswith(">>>>> Test Exit Code: 1\n")
    assert "Patch Apply Failed" in (logs / "t__broken-1/run_instance.log").read_text()
    assert not (logs / "t__broken-1/report.json").exists()
    assert (logs / "t__gold-1/patch.diff").read_text() == GOLD

    changed = preds({**PATCHES, "t__gold-1": LIAR, "t__broken-1": ""})
    again = call("eval", tasks, changed, "-o", out, "--json")
    assert again.err.count("graded before") == 4
    assert json.loads(again.out)["resolved_ids"] == ["t__drifted-1", "t__own-1"]


@pytest.mark.docker
def test_gold_resolves_and_what_has_no_prediction_is_incomplete(
    call: Call, tasks: Path, preds: Preds, tmp_path: Path
) -> None:
    answer = call(
        "eval", tasks, "gold", "-o", tmp_path / "out", "--slice", ":1", "--json", "--timeout", "60"
    )
    told = json.loads(answer.out)
    assert (told["total_instances"], told["resolved_ids"]) == (1, ["t__gold-1"])
    some = call("eval", tasks, preds({"t__empty-1": ""}), "-o", tmp_path / "out", "--json")
    told = json.loads(some.out)
    assert (told["total_instances"], told["submitted_instances"]) == (7, 1)
    assert len(told["incomplete_ids"]) == 6


@pytest.mark.docker
def test_an_environment_that_fails_is_the_environments_failure(
    call: Call, preds: Preds, tmp_path: Path
) -> None:
    tasks = tmp_path / "odd.jsonl"
    no_image = {**task("t__image-1"), "image": "nowhere.invalid/none:1"}
    no_repo = {**task("t__repo-1"), "files": None, "image": None, "repo": "no/where"}
    slow = {**task("t__slow-1"), "test": "sleep 600"}
    tasks.write_text("".join(json.dumps(row) + "\n" for row in (no_image, no_repo, slow)))
    asked = preds({"t__image-1": GOLD, "t__repo-1": GOLD, "t__slow-1": GOLD})
    answer = call("eval", tasks, asked, "-o", tmp_path / "out", "--json", "--timeout", "2")
    told = json.loads(answer.out)
    assert told["error_ids"] == ["t__image-1", "t__repo-1", "t__slow-1"]
    assert told["infra_failure_ids"] == ["t__image-1"]
    assert told["ambiguous_failure_ids"] == ["t__slow-1"]
    assert "--mirror" in answer.err or "is not here" in answer.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["TASKS", "nowhere.json"], "cannot be read"),
        (["TASKS", "PREDS", "--run-id", "../x"], "is no name"),
        (["TASKS", "PREDS", "--filter", "zzz"], "None of the 7"),
        (["TASKS", "FOREIGN"], "not in the task file"),
    ],
)
def test_what_cannot_be_graded_is_a_usage_error(
    call: Call, tasks: Path, preds: Preds, arguments: list[str], said: str
) -> None:
    named = "other-1" if "FOREIGN" in arguments else "t__gold-1"
    words = {"TASKS": str(tasks), "PREDS": "", "FOREIGN": ""}
    written = str(preds({named: GOLD}))
    asked = [words.get(word, word) or written for word in arguments]
    answer = call("eval", *asked)
    assert answer.code == 2
    assert said in answer.err


def test_two_evaluations_do_not_share_a_folder(
    call: Call, tasks: Path, preds: Preds, tmp_path: Path
) -> None:
    logs = tmp_path / "out/logs/run_evaluation"
    logs.mkdir(parents=True)
    with (logs / ".eval.lock").open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        answer = call("eval", tasks, preds({"t__empty-1": ""}), "-o", tmp_path / "out")
    assert answer.code == 2
    assert "Another evaluation" in answer.err
    assert call("eval", tasks, preds({"t__empty-1": ""}), "-o", tmp_path / "out").code == 0


def test_the_official_harness_is_named_where_it_is_missing(
    call: Call, tasks: Path, preds: Preds, tmp_path: Path
) -> None:
    if importlib.util.find_spec("swebench"):
        pytest.skip("it is installed here")
    answer = call(
        "eval", tasks, preds({"t__gold-1": GOLD}), "--harness", "swebench", "-o", tmp_path / "o"
    )
    assert answer.code == 2
    assert "swe-agent[swebench]" in answer.err


@pytest.mark.docker
def test_a_batch_is_graded_in_its_own_folder_and_compared_by_that(
    call: Call, tasks: Path, tmp_path: Path
) -> None:
    replies = [
        ("edit", {"path": "calc.py", "old": "a - b", "new": "a + b"}),
        ("submit", {"summary": "ok"}),
    ]
    script = tmp_path / "script.jsonl"
    script.write_text(
        "".join(
            json.dumps({"text": "", "tool_calls": [{"name": name, "arguments": arguments}]}) + "\n"
            for name, arguments in replies
        )
    )
    folder = tmp_path / "batch"
    asked = ["batch", tasks, "-m", f"scripted/{script}", "--slice", ":1", "-q", "--evaluate"]
    answer = call(*asked, "-o", folder)
    assert answer.code in (0, 4), answer.err
    (report,) = (folder / "evaluation").glob("*.json")
    told = json.loads(report.read_text())
    assert (told["total_instances"], told["resolved_ids"]) == (1, ["t__gold-1"])
    compared = call("compare", folder, folder)
    assert "resolved by evaluation" in compared.err
    assert "resolved of 1" in compared.err
    assert "1 (100.0%)" in compared.err


QUIET = """import unittest

from calc import add


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(2, 3), 5)
"""


@pytest.mark.parametrize("patch", [GOLD, OWN_TEST], ids=["gold", "other"])
@pytest.mark.parametrize(
    ("command", "expect"),
    [
        ("python3 -m pytest -q -p no:cacheprovider", ["test_quiet.py::CalcTest::test_add"]),
        ("python3 -m unittest -q", ["test_quiet.CalcTest.test_add"]),
        ("python3 -m unittest", None),
    ],
    ids=["pytest", "unittest", "no list"],
)
def test_our_own_tasks_are_graded_however_quiet_their_command_is(
    call: Call, tmp_path: Path, preds: Preds, command: str, expect: list[str] | None, patch: str
) -> None:
    row = {"id": "own-1", "issue": "add", "test": command, **({"expect": expect} if expect else {})}
    files = {"calc.py": CALC, "test_calc.py": TEST, "test_quiet.py": QUIET}
    (tmp_path / "own.json").write_text(json.dumps([{**row, "files": files}]))
    said = preds({"own-1": patch})
    answer = call(
        "eval", tmp_path / "own.json", said, "-o", tmp_path / "out", "--sandbox", "none", "--json"
    )
    resolved = ["own-1"] if patch != OWN_TEST else []
    assert json.loads(answer.out)["resolved_ids"] == resolved, answer.err
