"""A task of Multi-SWE-bench from its row to its grade, in an image that looks like theirs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.evaluation.parsers import parser_for
from swe_agent.jobs.tasks_instance import AnswerKey
from tests.cli.conftest import Call, call

if TYPE_CHECKING:
    import docker

__all__ = ["call"]
FIX = """diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
 def add(a, b):
-    return a - b
+    return a + b
"""
TESTS = """diff --git a/test_add.py b/test_add.py
new file mode 100644
--- /dev/null
+++ b/test_add.py
@@ -0,0 +1,5 @@
+from calc import add
+
+
+def test_add():
+    assert add(2, 3) == 5
"""
MAKE = r"""set -e
git config --global user.name a; git config --global user.email a@example.org
mkdir /home/calc; cd /home/calc; git init -q
printf 'def add(a, b):\n    return a - b\n' >calc.py
printf 'def test_old():\n    assert True\n' >test_old.py
echo '*.so' >.gitignore; git add -A; git commit -qm base; git rev-parse HEAD >/home/base
echo built >lib.so
printf %s "$FIX" >/home/fix.patch; printf %s "$TESTS" >/home/test.patch
for name in run test-run fix-run; do
  patches=/home/test.patch
  [ $name = fix-run ] && patches="$patches /home/fix.patch"
  [ $name = run ] && patches=
  { printf '#!/bin/bash\nset -e\ncd /home/calc\n'
    [ -z "$patches" ] || echo "git apply --whitespace=nowarn $patches"
    echo 'python3 -m pytest -rA -p no:cacheprovider'; } >/home/$name.sh
done
"""


@pytest.fixture(scope="module")
def image(engine: "docker.DockerClient", base_image: str) -> Iterator[str]:
    """`/home/NAME` with its history, the answer and the scripts beside it."""
    name = "swe-agent-test-multi:pr-1"
    patches = {"FIX": FIX, "TESTS": TESTS}
    made = engine.containers.run(
        base_image, ["sh", "-c", MAKE], user="0:0", environment=patches, detach=True
    )
    assert made.wait()["StatusCode"] == 0, made.logs()
    made.commit(*name.split(":"), conf={"WorkingDir": "/home/", "User": "", "Env": []})
    made.remove()
    yield name
    engine.images.remove(name, force=True)


@pytest.fixture
def tasks(image: str, tmp_path: Path) -> Path:
    test = {"run": "NONE", "test": "FAIL", "fix": "PASS"}
    row = {
        "org": "Acme",
        "repo": "calc",
        "number": 1,
        "base": {"sha": "0" * 40},
        "resolved_issues": [{"number": 3, "title": "Wrong", "body": "add(2, 3) is -1."}],
        "fix_patch": FIX,
        "test_patch": TESTS,
        "image": image,
        "f2p_tests": {},
        "s2p_tests": {},
        "n2p_tests": {"test_add.py::test_add": test},
        "p2p_tests": {"test_old.py::test_old": {**test, "test": "PASS"}},
    }
    place = tmp_path / "tasks.jsonl"
    place.write_text(json.dumps(row))
    return place


def predicted(tmp_path: Path, patch: str) -> Path:
    row = {"instance_id": "Acme__calc-1", "model_name_or_path": "m", "model_patch": patch}
    place = tmp_path / "preds.json"
    place.write_text(json.dumps([row]))
    return place


def said(name: str, **arguments: object) -> str:
    return json.dumps({"text": "", "tool_calls": [{"name": name, "arguments": arguments}]})


@pytest.mark.docker
def test_the_agent_works_in_the_images_repository_and_finds_no_answer_beside_it(
    call: Call, tasks: Path, tmp_path: Path
) -> None:
    script = tmp_path / "script.jsonl"
    look = "pwd; ls -a /home; cat lib.so; git log --oneline | wc -l; cat /home/*.patch /home/*.sh"
    edit = said("edit", path="calc.py", old="a - b", new="a + b")
    script.write_text("\n".join((said("shell", command=look), edit, said("submit", summary="."))))
    out = tmp_path / "out"
    answer = call("batch", tasks, "-m", f"scripted/{script}", "-o", out, "--no-tests")
    assert answer.code == 0, answer.err
    log = (out / "runs/Acme__calc-1/events.jsonl").read_text().splitlines()
    shown = next(one for one in map(json.loads, log) if one["type"] == "tool_returned")
    text = shown["observation"]["text"]
    assert "/home/calc\n" in text
    assert "built\n1\n" in text
    assert "git apply" not in text
    assert "fix.patch" not in text
    assert (
        "-    return a - b\n+    return a + b" in (out / "runs/Acme__calc-1/patch.diff").read_text()
    )
    graded = call("eval", tasks, out, "--json")
    assert json.loads(graded.out)["resolved_ids"] == ["Acme__calc-1"], graded.err


@pytest.mark.docker
@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        pytest.param(FIX, "resolved_ids", id="gold"),
        pytest.param(FIX.replace("a + b", "b - a"), "unresolved_ids", id="wrong"),
        pytest.param(FIX.replace("a - b", "a * b"), "error_ids", id="does not apply"),
    ],
)
def test_a_prediction_is_graded_by_the_images_own_script(
    call: Call, tasks: Path, tmp_path: Path, patch: str, kind: str
) -> None:
    preds = predicted(tmp_path, patch)
    told: dict[str, Any] = json.loads(call("eval", tasks, preds, "-o", tmp_path, "--json").out)
    assert told[kind] == ["Acme__calc-1"]


def test_a_runner_that_nobody_reads_is_said() -> None:
    key = AnswerKey(id="a", repo="Acme/calc", brings_scripts=True)
    assert parser_for(key, "set -e\ngo test -v ./...")("--- PASS: TestA (0.00s)") == {
        "TestA": "PASSED"
    }
    with pytest.raises(UsageFault, match="Acme/calc"):
        parser_for(key, "set -e\nmvn clean test")
