"""The offline model over real files and real tests."""

import shutil
from pathlib import Path

import pytest

from swe_agent.core.messages import Note, Turn
from swe_agent.core.protocols import Prompt
from swe_agent.core.task import TestReport
from swe_agent.repair.offline import OfflineModel
from swe_agent.settings.content import content_path
from tests.repair.conversation import Conversation, written

TEA = {
    "tea/__init__.py": "",
    "tea/pot.py": (
        "def cups(water, cup):\n    return water % cup\n\n\n"
        "def strong(leaves, water):\n    return leaves >= water\n"
    ),
    "tests/test_pot.py": (
        "import unittest\nfrom tea.pot import cups, strong\n\n\nclass PotTest(unittest.TestCase):\n"
        "    def test_cups(self):\n        self.assertEqual(cups(10, 3), 3)\n\n"
        "    def test_strong(self):\n        self.assertTrue(strong(3, 2))\n"
        "        self.assertFalse(strong(2, 2))\n\n"
        "    def test_weak(self):\n        self.assertFalse(strong(1, 2))\n"
    ),
}
GOOD = TEA["tea/pot.py"].replace(">=", ">")


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    return written(tmp_path / "tea-shop", TEA)


def test_the_demo_project_is_repaired_the_right_way(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    shutil.copytree(content_path("configs", "demo"), root)
    told = Conversation(root, (root / "ISSUE.md").read_text()).go_on()
    assert "(minutes + unit - 1) // unit" in (root / "parking/duration.py").read_text()
    assert "begun_units at parking/duration.py:33" in told
    assert "off by one" in told


def test_a_fault_is_repaired_and_explained(tmp_path: Path) -> None:
    files = TEA | {"tea/pot.py": TEA["tea/pot.py"].replace("water % cup", "water // cup")}
    talk = Conversation(written(tmp_path / "r", files))
    told = talk.go_on()
    assert (talk.root / "tea/pot.py").read_text().endswith("return leaves > water\n")
    assert "comparator" in told
    assert "confidence" in told.lower()


def test_two_faults_are_repaired_one_on_the_other(tea: Path) -> None:
    talk = Conversation(tea)
    talk.go_on()
    assert not talk.bench.run_tests(()).failed
    assert len(talk.calls("edit")) == 2


def test_an_interrupted_conversation_goes_on_the_same_way(tea: Path, tmp_path: Path) -> None:
    whole = Conversation(tea)
    one = OfflineModel()
    whole.go_on(lambda: one)
    for at, message in enumerate(whole.history):
        if isinstance(message, Turn):
            prompt = Prompt("", tuple(whole.history[:at]), whole.route.specs())
            assert OfflineModel().complete(prompt) == message


def test_where_no_test_fails_it_says_so_and_changes_nothing(tmp_path: Path) -> None:
    good = TEA | {"tea/pot.py": GOOD.replace("%", "//")}
    talk = Conversation(written(tmp_path / "r", good))
    assert "No failing test" in talk.go_on()
    assert not talk.calls("edit")


def test_a_fault_beyond_it_ends_with_a_diagnosis_and_an_unchanged_tree(tmp_path: Path) -> None:
    files = {
        "tea/blend.py": "def blend(name):\n    return name\n",
        "tests/test_blend.py": (
            "import unittest\nfrom tea.blend import blend\n\n\nclass T(unittest.TestCase):\n"
            "    def test_price(self):\n        self.assertEqual(blend('assam'), 'GB-4711')\n"
        ),
    }
    talk = Conversation(written(tmp_path / "r", files))
    told = talk.go_on()
    assert "No repair found" in told
    assert "its ideas are spent" in told
    assert "blend at tea/blend.py:1" in told
    assert (talk.root / "tea/blend.py").read_text() == files["tea/blend.py"]
    assert not talk.calls("edit")


def test_tests_are_never_changed(tea: Path) -> None:
    talk = Conversation(tea)
    talk.go_on()
    edited = {
        edit["path"]
        for call in talk.calls("try_edits")
        for candidate in call.arguments["candidates"]
        for edit in candidate
    }
    assert edited == {"tea/pot.py"}


def test_a_repair_that_is_rolled_back_is_not_made_again(tmp_path: Path) -> None:
    files = TEA | {"tea/pot.py": TEA["tea/pot.py"].replace("water % cup", "water // cup")}
    talk = Conversation(written(tmp_path / "r", files))
    talk.go_on(until=lambda call: call.name == "edit")
    first = talk.calls("edit")[0].arguments
    (talk.root / "tea/pot.py").write_text(files["tea/pot.py"])
    talk.history.append(Note(kind="rollback", text="It lost a test."))
    talk.go_on()
    assert all(call.arguments != first for call in talk.calls("edit")[1:])


def test_a_baseline_in_the_conversation_is_used(tea: Path) -> None:
    talk = Conversation(tea)
    report = TestReport(outcomes={"test_pot.PotTest.test_weak": "passed"})
    talk.history.append(Note(kind="tests", text="", data={"report": report.model_dump()}))
    talk.go_on()
    assert not talk.calls("run_tests")


def test_it_asks_for_no_tool_that_is_not_offered(tea: Path) -> None:
    talk = Conversation(tea)
    specs = tuple(spec for spec in talk.route.specs() if spec.name != "run_tests")
    turn = OfflineModel().complete(Prompt("", tuple(talk.history), specs))
    assert turn.calls == ()
    assert turn.stop == "end"


def test_a_case_of_the_tests_alone_is_not_what_is_kept(tmp_path: Path) -> None:
    files = {
        "tea/price.py": "def price(g):\n    if g > 250:\n        return g * 2\n    return 9\n",
        "tests/test_price.py": (
            "import unittest\nfrom tea.price import price\n\n\nclass T(unittest.TestCase):\n"
            "    def test_limit(self):\n        self.assertEqual(price(250), 500)\n"
            "    def test_small(self):\n        self.assertEqual(price(249), 9)\n"
        ),
    }
    talk = Conversation(written(tmp_path / "r", files))
    told = talk.go_on()
    assert "g >= 250" in (talk.root / "tea/price.py").read_text()
    assert "could not tell" in told


def test_in_a_large_repository_the_files_that_matter_are_looked_for(tmp_path: Path) -> None:
    files = TEA | {"tea/pot.py": TEA["tea/pot.py"].replace("water % cup", "water // cup")}
    files |= {f"attic/box_{number}.py": "" for number in range(300)}
    talk = Conversation(written(tmp_path / "r", files))
    talk.go_on()
    assert not talk.bench.run_tests(()).failed
    assert len(talk.calls("view")) < 10


def test_a_repair_that_needs_time_is_found_although_the_fault_never_ends(tmp_path: Path) -> None:
    files = {
        "tea/steep.py": (
            "def steep(minutes):\n    spent = 0\n    while minutes > 0:\n        minutes += 1\n"
            "        spent += 1\n    return spent\n"
        ),
        "tests/test_steep.py": (
            "import time, unittest\nfrom tea.steep import steep\n\n\nclass T(unittest.TestCase):\n"
            "    def test_a_long(self):\n        began = time.process_time()\n"
            "        self.assertEqual(steep(5), 5)\n"
            "        while time.process_time() - began < 1.0:\n            pass\n\n"
            "    def test_short(self):\n        self.assertEqual(steep(1), 1)\n"
        ),
    }
    talk = Conversation(written(tmp_path / "r", files))
    tests = ("test_steep.T.test_a_long", "test_steep.T.test_short")
    report = TestReport(
        outcomes=dict.fromkeys(tests, "failed"), failures=dict.fromkeys(tests, "Timeout after 5 s")
    )
    talk.history.append(Note(kind="tests", text="", data={"report": report.model_dump()}))
    talk.go_on()
    assert "minutes -= 1" in (talk.root / "tea/steep.py").read_text()


def test_among_those_that_pass_the_most_that_behave_alike_win(tmp_path: Path) -> None:
    files = {
        "tea/price.py": (
            "def full(cups, limit):\n    left = limit - cups\n    return left < 0\n\n\n"
            "def price(cups):\n    total = cups * 3\n    return total + 1\n"
        ),
        "tests/test_price.py": (
            "import unittest\nfrom tea.price import price\n\n\nclass T(unittest.TestCase):\n"
            "    def test_two(self):\n        self.assertEqual(price(2), 6)\n"
        ),
    }
    talk = Conversation(written(tmp_path / "r", files))
    told = talk.go_on()
    (probe,) = [c.arguments["probe"] for c in talk.calls("try_edits") if "probe" in c.arguments]
    assert probe == {"path": "tea/price.py", "function": "price"}
    assert "return total\n" in (talk.root / "tea/price.py").read_text()
    assert "could not tell" in told


STEEP = {
    "src/tea/__init__.py": "",
    "src/tea/steep.py": "def minutes(grams, strong):\n    return grams - 2 if strong else grams\n",
    "tests/test_steep.py": (
        "import os, sys, unittest\nsys.path.insert(0, 'src')\nfrom tea.steep import minutes\n\n\n"
        "class T(unittest.TestCase):\n    def test_weak(self):\n"
        "        self.assertEqual(minutes(3, False), 3)\n"
    ),
}


@pytest.mark.parametrize(
    "issue",
    [
        "Strong tea is thin: `minutes(3, True)` gives 1, but it should return 5.",
        "```\n>>> minutes(3, True)\n1\n```\nExpected: 5",
        "From the docs, but it does not hold:\n\n    >>> from tea.steep import minutes\n"
        "    >>> minutes(3, True)\n    5\n",
    ],
    ids=["words", "session and words", "session"],
)
def test_where_no_test_fails_the_issues_examples_are_repaired(tmp_path: Path, issue: str) -> None:
    talk = Conversation(written(tmp_path / "r", STEEP), issue)
    told = talk.go_on()
    assert "grams + 2 if strong" in (talk.root / "src/tea/steep.py").read_text()
    assert "template: arithmetic" in told
    assert not (talk.root / "test_of_the_issue.py").exists()


def test_what_the_user_says_later_is_repaired_on_top(tmp_path: Path) -> None:
    more = STEEP["src/tea/steep.py"] + "\n\ndef sugar(cups):\n    return cups - 1\n"
    files = {**STEEP, "src/tea/steep.py": more}
    talk = Conversation(written(tmp_path / "r", files), "Strong tea is thin.")
    assert "add one that shows the fault" in talk.go_on()
    for word in ("`minutes(3, True)` should return 5.", "And `sugar(2)` should return 3."):
        talk.history.append(Note(kind="human", text=word))
        assert "template: arithmetic" in talk.go_on()
    text = (talk.root / "src/tea/steep.py").read_text()
    assert "grams + 2 if strong" in text
    assert "return cups + 1" in text


def test_a_failing_test_of_something_else_stays_as_it_is(tmp_path: Path) -> None:
    other = STEEP["tests/test_steep.py"] + (
        "    def test_other(self):\n        self.assertEqual(len(os.listdir('.')), -1)\n"
    )
    files = {**STEEP, "tests/test_steep.py": other}
    talk = Conversation(written(tmp_path / "r", files), "`minutes(3, True)` should return 5.")
    talk.go_on()
    assert "grams + 2 if strong" in (talk.root / "src/tea/steep.py").read_text()
    assert (talk.root / "tests/test_steep.py").read_text() == other


def test_where_the_examples_hold_the_failing_tests_are_repaired(tmp_path: Path) -> None:
    steep = STEEP["src/tea/steep.py"] + "\n\ndef sugar(cups):\n    return cups - 1\n"
    tests = STEEP["tests/test_steep.py"].replace("import minutes", "import minutes, sugar")
    tests += "    def test_sweet(self):\n        self.assertEqual(sugar(2), 3)\n"
    files = {**STEEP, "src/tea/steep.py": steep, "tests/test_steep.py": tests}
    talk = Conversation(written(tmp_path / "r", files), "`minutes(3, False)` should return 3.")
    talk.go_on()
    assert "return cups + 1" in (talk.root / "src/tea/steep.py").read_text()


def test_examples_that_hold_are_no_fault(tmp_path: Path) -> None:
    talk = Conversation(written(tmp_path / "r", STEEP), "`minutes(3, True)` should return 1.")
    assert "1 examples of the issue were run, and hold" in talk.go_on()
    assert not talk.calls("edit")
