"""Patches go in by the first way that works, and test files always as the test patch has them."""

import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import CommandResult
from swe_agent.jobs.evaluation.applying import apply_patch, files_of, put_tests
from tests.cli.conftest import git
from tests.cli.test_eval import CALC, DRIFTED, FIXED, FUZZY, GOLD, TEST, TEST_PATCH, diff

NEW_TEST = "--- /dev/null\n+++ b/tests/test_new.py\n@@ -0,0 +1 @@\n+def test_new(): pass\n"


@dataclass
class Folder:
    """A git repository on this machine as a box; `/tmp` is a folder of its own."""

    root: Path
    tmp: Path
    path: str = "/usr/local/bin:/usr/bin:/bin"
    shell: str = "sh"

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        began = time.monotonic()
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace("/tmp/", f"{self.tmp}/")],
            cwd=self.root,
            env={"PATH": self.path, "HOME": str(self.tmp)},
            capture_output=True,
            timeout=timeout_s,
        )
        output = done.stdout + done.stderr
        return CommandResult(done.returncode, output, len(output), time.monotonic() - began)

    def write_file(self, path: str, content: bytes) -> None:
        (self.tmp / Path(path).name).write_bytes(content)

    def read(self, name: str) -> str:
        return (self.root / name).read_text()


@pytest.fixture
def box(tmp_path: Path) -> Folder:
    root, tmp = tmp_path / "testbed", tmp_path / "t"
    root.mkdir()
    tmp.mkdir()
    (root / "calc.py").write_text(CALC)
    (root / "test_calc.py").write_text(TEST)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "base")
    return Folder(root, tmp)


@pytest.mark.parametrize("patch", [GOLD, DRIFTED], ids=["plain", "lines moved"])
def test_git_takes_what_fits(box: Folder, patch: str) -> None:
    applied = apply_patch(box, patch)
    assert applied.ok
    assert ">>>>> Applied Patch" in applied.log
    assert box.read("calc.py") == FIXED


@pytest.mark.skipif(not shutil.which("patch"), reason="there is no patch here")
def test_what_git_refuses_patch_may_take(box: Folder) -> None:
    applied = apply_patch(box, FUZZY)
    assert applied.ok
    assert "fuzz" in applied.log
    assert box.read("calc.py") == FIXED


def test_a_patch_that_fits_nowhere_leaves_its_words(box: Folder) -> None:
    applied = apply_patch(box, GOLD.replace("a - b", "a ? b"))
    assert not applied.ok
    assert applied.log.count("Failed: ") == 4
    assert applied.log.endswith(">>>>> Patch Apply Failed")


def test_half_of_a_patch_is_taken_back_before_the_next_way_is_tried(box: Folder) -> None:
    half = diff("test_calc.py", TEST, TEST.replace("6", "7")) + GOLD.replace("a - b", "a ? b")
    made = "--- /dev/null\n+++ b/left.txt\n@@ -0,0 +1 @@\n+x\n"
    apply_patch(box, made + half)
    assert "Failed: git apply --verbose --reject" in apply_patch(box, made + half).log


def test_folders_of_the_environment_survive_the_cleaning(box: Folder) -> None:
    for name in (".venv/bin", "node_modules"):
        (box.root / name).mkdir(parents=True)
        (box.root / name / "tool").write_text("x")
    apply_patch(box, GOLD.replace("a - b", "a ? b"), kept=(".venv",))
    assert (box.root / ".venv/bin/tool").exists()
    assert not (box.root / "node_modules").exists()


def test_a_patch_that_is_in_the_tree_already_counts(box: Folder) -> None:
    (box.root / "calc.py").write_text(FIXED)
    git(box.root, "commit", "-q", "-a", "-m", "fixed")
    applied = apply_patch(box, GOLD)
    assert applied.ok
    assert "already" in applied.log


def test_a_box_without_git_is_the_environments_fault(box: Folder, tmp_path: Path) -> None:
    box.path = str(tmp_path / "empty")
    with pytest.raises(EnvironmentFault, match="no git"):
        apply_patch(box, GOLD)


@pytest.mark.parametrize("what", ["edited", "deleted", "linked", "a folder"])
def test_test_files_are_the_test_patchs_whatever_a_patch_made_of_them(
    box: Folder, what: str
) -> None:
    place = box.root / "test_calc.py"
    place.unlink()
    match what:
        case "edited":
            place.write_text("def test_add(): pass\n")
        case "linked":
            place.symlink_to("calc.py")
        case "a folder":
            place.mkdir()
            (place / "x").write_text("x")
        case _:
            pass
    applied = put_tests(box, TEST_PATCH)
    assert applied.ok, applied.log
    assert box.read("test_calc.py") == TEST + "\n\ndef test_add():\n    assert add(2, 3) == 5\n"
    assert not place.is_symlink()
    assert box.read("calc.py") == CALC


def test_a_new_test_file_takes_the_place_of_the_patchs_own(box: Folder) -> None:
    (box.root / "tests").mkdir()
    (box.root / "tests/test_new.py").write_text("cheat")
    assert put_tests(box, NEW_TEST).ok
    assert box.read("tests/test_new.py") == "def test_new(): pass\n"


def test_files_are_named_once_without_their_prefixes() -> None:
    renamed = "--- a/old name.py\t2020\n+++ b/new.py\n"
    assert files_of(TEST_PATCH + NEW_TEST + renamed) == (
        "new.py",
        "old name.py",
        "test_calc.py",
        "tests/test_new.py",
    )
