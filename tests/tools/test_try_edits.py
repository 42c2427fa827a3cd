"""`try_edits` over a folder with real test processes, and once in a container."""

import sys
from pathlib import Path

import pytest

from swe_agent.aci.load import load_tools
from swe_agent.aci.permissions import Permissions
from swe_agent.aci.route import Route
from swe_agent.core.messages import Observation, ToolCall
from swe_agent.core.protocols import Sandbox
from tests.aci.local_sandbox import Bench, LocalSandbox
from tests.tools.boxes import Boxes

TOOLS = Path(__file__).parents[2] / "tools"
FILES = {
    "larder/__init__.py": "",
    "larder/jam.py": "def jars(fruit, each):\n    return fruit // each + 1\n",
    "tests/test_jam.py": (
        "import unittest\nfrom larder.jam import jars\n\n\nclass JamTest(unittest.TestCase):\n"
        "    def test_full(self):\n        self.assertEqual(jars(6, 3), 2)\n\n"
        "    def test_none(self):\n        self.assertEqual(jars(0, 3), 0)\n"
    ),
}
UNITTEST = "python3 -m unittest discover -s tests"
FULL, NONE = "test_jam.JamTest.test_full", "test_jam.JamTest.test_none"
PYTEST_FULL = "tests/test_jam.py::JamTest::test_full"
PYTEST_NONE = "tests/test_jam.py::JamTest::test_none"


def jars(new: str) -> dict:
    """An edit of what `jars` returns."""
    return {"path": "larder/jam.py", "old": "fruit // each + 1", "new": new}


class Desk:
    """A folder with files, and the tool on it."""

    def __init__(self, sandbox: Sandbox, command: str) -> None:
        self.bench = Bench(sandbox)
        self.bench.test_commands = (command,)
        self.route = Route(load_tools([TOOLS], ["try_edits"]), Permissions(), self.bench.blobs)

    def call(self, **arguments) -> Observation:
        call = ToolCall(id="c1", name="try_edits", arguments=arguments)
        return self.route.act(call, self.bench)

    def rows(self, **arguments) -> list[dict]:
        observation = self.call(**arguments)
        assert observation.outcome == "ok", observation.text
        return observation.data["results"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    root = tmp_path / "repo"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def desk(folder: Path) -> Desk:
    return Desk(LocalSandbox(folder), UNITTEST)


def edit(new: str, old: str = "fruit // each + 1") -> dict[str, str]:
    return {"path": "larder/jam.py", "old": old, "new": new}


def test_each_candidate_gets_its_own_verdict_in_order(desk: Desk) -> None:
    right, worse, partly = edit("fruit // each"), edit("fruit"), edit("fruit % each")
    rows = desk.rows(candidates=[right, worse, partly], tests=[FULL, NONE])
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert [row["status"] for row in rows] == ["passed", "failed", "failed"]
    assert [row["passed"] for row in rows] == [2, 1, 1]
    assert rows[1]["failed"] == [FULL]
    assert "6 != 2" in rows[1]["message"]


def test_the_repository_stays_as_it_is(desk: Desk, folder: Path) -> None:
    desk.rows(candidates=[edit("fruit // each")], tests=[FULL])
    found = {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert found == FILES


def test_a_candidate_of_several_edits_is_made_in_order(desk: Desk) -> None:
    edits = [edit("fruit // each + 5"), edit("", old=" + 5")]
    rows = desk.rows(candidates=[edits], tests=[FULL, NONE])
    assert rows[0]["status"] == "passed"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (edit("x", old="not there"), "occurs 0 times"),
        (edit("x", old="each"), "occurs 2 times"),
        (edit("fruit //"), "SyntaxError"),
        ({"path": "../secret.py", "old": "a", "new": "b"}, "no such file"),
    ],
    ids=["absent", "twice", "syntax", "outside"],
)
def test_an_edit_that_cannot_be_made_is_invalid_and_harms_no_other(
    desk: Desk, wrong: dict[str, str], why: str
) -> None:
    rows = desk.rows(candidates=[wrong, edit("fruit // each")], tests=[FULL])
    assert [row["status"] for row in rows] == ["invalid", "passed"]
    assert why in rows[0]["message"]


def test_a_candidate_that_never_ends_is_stopped(desk: Desk) -> None:
    loop = edit("jars_for_ever(each)\n\n\ndef jars_for_ever(each):\n    while True:\n        pass")
    rows = desk.rows(candidates=[loop, edit("fruit // each")], tests=[FULL])
    assert [row["status"] for row in rows] == ["timeout", "passed"]
    assert rows[0]["failed"] == [FULL]


def test_a_candidate_that_sleeps_is_stopped(desk: Desk) -> None:
    asleep = edit("__import__('time').sleep(60)")
    rows = desk.rows(candidates=[asleep], tests=[FULL], timeout_s=0.5)
    assert rows[0]["status"] == "timeout"


def test_a_candidate_that_kills_its_process_fails_alone(desk: Desk) -> None:
    killed = edit("__import__('os').kill(__import__('os').getpid(), 9)")
    rows = desk.rows(candidates=[killed, edit("fruit // each")], tests=[FULL])
    assert [row["status"] for row in rows] == ["failed", "passed"]


def test_a_candidate_that_leaves_early_has_not_passed(desk: Desk) -> None:
    rows = desk.rows(candidates=[edit("__import__('os')._exit(0)")], tests=[FULL])
    assert rows[0]["status"] == "failed"


def test_memory_is_bounded(desk: Desk) -> None:
    rows = desk.rows(candidates=[edit("len(b'x' * (3 << 30))")], tests=[FULL])
    assert rows[0]["status"] == "failed"
    assert "MemoryError" in rows[0]["message"]


def test_what_a_test_command_starts_has_its_processor_time_bounded(desk: Desk) -> None:
    desk.bench.test_commands = (f'test "$(ulimit -t)" -le 200 && {UNITTEST}',)
    (row,) = desk.rows(candidates=[edit("fruit // each")], tests=list(desk.bench.test_commands))
    assert row["status"] == "passed"


def test_edits_of_equal_length_are_told_apart(desk: Desk) -> None:
    candidates = [edit(f"fruit // each + {number}") for number in range(2, 10)]
    candidates.insert(4, edit("fruit // each + 0"))
    rows = desk.rows(candidates=candidates, tests=[FULL, NONE])
    assert [row["index"] for row in rows if row["status"] == "passed"] == [4]


def test_pytest_runs_tests_named_its_way(folder: Path) -> None:
    desk = Desk(LocalSandbox(folder), f"{sys.executable} -m pytest")
    rows = desk.rows(candidates=[edit("fruit // each"), edit("fruit")], tests=[PYTEST_FULL])
    assert [row["status"] for row in rows] == ["passed", "failed"]
    assert rows[1]["failed"] == [PYTEST_FULL]


def test_pytest_runs_only_the_cases_named(folder: Path) -> None:
    (folder / "tests/test_more.py").write_text(
        "import pytest\nfrom larder.jam import jars\n\n\n"
        "@pytest.mark.parametrize('n', [3, 4])\ndef test_jars(n):\n    assert jars(n, 3) == n - 2\n"
    )
    desk = Desk(LocalSandbox(folder), f"{sys.executable} -m pytest")
    test = "tests/test_more.py::test_jars[3]"
    rows = desk.rows(candidates=[edit("fruit // each")], tests=[test])
    assert (rows[0]["status"], rows[0]["passed"]) == ("passed", 1)


def test_pytest_is_set_up_as_the_test_command_says(folder: Path) -> None:
    text = "from larder.jam import jars\n\n\ndef check_jars():\n    assert jars(3, 3) == 1\n"
    (folder / "tests/test_more.py").write_text(text)
    desk = Desk(LocalSandbox(folder), "cd . && python3 -m pytest -q -o 'python_functions=check_*'")
    rows = desk.rows(candidates=[edit("fruit // each")], tests=["tests/test_more.py::check_jars"])
    assert rows[0]["status"] == "passed"


def test_a_project_whose_settings_stop_pytest_here_is_tried_without_them(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\nof_a_plugin = 1\n")
    desk = Desk(LocalSandbox(folder), "python3 -m pytest -q")
    rows = desk.rows(candidates=[edit("fruit // each")], tests=[PYTEST_NONE])
    assert rows[0]["status"] == "passed"


@pytest.mark.parametrize("conftest", ["", "import larder.jam\n"], ids=["none", "imports it"])
def test_what_conftest_imported_is_not_kept_from_before_the_edit(
    folder: Path, conftest: str
) -> None:
    (folder / "tests/conftest.py").write_text(conftest)
    (folder / "conftest.py").write_text("")
    desk = Desk(LocalSandbox(folder), "python3 -m pytest -q")
    rows = desk.rows(candidates=[edit("fruit // each"), edit("2"), edit("0")], tests=[PYTEST_NONE])
    assert [row["status"] for row in rows] == ["passed", "failed", "passed"]


def test_tests_of_a_file_that_do_not_judge_are_not_made(folder: Path, tmp_path: Path) -> None:
    count = tmp_path / "count"
    (folder / "tests/test_many.py").write_text(
        "import pytest\nfrom larder.jam import jars\n\n\ndef named(n):\n"
        f"    open({str(count)!r}, 'a').write('x')\n\n\n"
        "class TestJam:\n    @pytest.mark.parametrize('n', [3, 4])\n"
        "    def test_one(self, n):\n        assert jars(n, 3) == 1\n\n\n"
        "@pytest.mark.parametrize('n', range(9), ids=named)\n"
        "def test_other(n):\n    pass\n"
    )
    desk = Desk(LocalSandbox(folder), "python3 -m pytest -q")
    test = "tests/test_many.py::TestJam::test_one[4]"
    rows = desk.rows(candidates=[edit("fruit // each"), edit("2")], tests=[test])
    assert [row["status"] for row in rows] == ["passed", "failed"]
    assert not count.exists()


def test_what_tests_import_from_elsewhere_is_loaded_once_unless_it_starts_threads(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, elsewhere = tmp_path / "count", tmp_path / "elsewhere"
    monkeypatch.setenv("PYTHONPATH", str(elsewhere))
    elsewhere.mkdir()
    (elsewhere / "costly.py").write_text(f"open({str(count)!r}, 'a').write('x')\n")
    (elsewhere / "busy.py").write_text(
        "import threading\n\n\nWORK = threading.Thread(target=threading.Event().wait)\n"
        "WORK.daemon = True\nWORK.start()\n"
    )
    (folder / "tests/test_more.py").write_text(
        "import busy, costly\nfrom larder.jam import jars\n\n\n"
        "def test_more():\n    assert busy.WORK.is_alive()\n    assert jars(9, 3) == 3\n"
    )
    desk = Desk(LocalSandbox(folder), "python3 -m pytest -q")
    tries = [edit("fruit // each"), edit("2")] * 3
    rows = desk.rows(candidates=tries, tests=["tests/test_more.py::test_more"])
    assert [row["status"] for row in rows] == ["passed", "failed"] * 3
    assert len(count.read_text()) <= 1 + len(tries) // 2


def test_no_tests_named_means_all(desk: Desk) -> None:
    rows = desk.rows(candidates=[edit("fruit // each"), edit("fruit")])
    assert [row["status"] for row in rows] == ["passed", "failed"]
    assert rows[0]["passed"] == 2


def test_a_plain_command_is_judged_by_its_exit_code(folder: Path) -> None:
    command = "python3 -c 'import larder.jam as j; assert j.jars(6, 3) == 2'"
    desk = Desk(LocalSandbox(folder), command)
    rows = desk.rows(candidates=[edit("fruit // each"), edit("fruit")], tests=[command])
    assert [row["status"] for row in rows] == ["passed", "failed"]


def test_candidates_not_reached_in_time_have_no_result(desk: Desk) -> None:
    loop = edit("all(iter(int, 1)) or [x for x in iter(int, 1)]")
    rows = desk.rows(candidates=[loop] * 60, tests=[FULL], total_s=1.0, timeout_s=0.5)
    assert 0 < len(rows) < 60


def test_slow_tests_come_last_and_the_first_failure_ends_a_candidate(folder: Path) -> None:
    (folder / "tests/test_a_slow.py").write_text(
        "import time, unittest\nfrom larder.jam import jars\n\n\nclass T(unittest.TestCase):\n"
        "    def test_slow(self):\n        time.sleep(1.2)\n"
        "        self.assertEqual(jars(9, 3), 3)\n"
    )
    slow = "test_a_slow.T.test_slow"
    desk = Desk(LocalSandbox(folder), UNITTEST)
    rows = desk.rows(candidates=[edit("fruit // each"), edit("fruit")], tests=[slow, FULL, NONE])
    assert [row["status"] for row in rows] == ["passed", "failed"]
    assert {slow, FULL} <= set(rows[1]["failed"])
    assert "6 != 2" in rows[1]["message"]


def test_more_than_two_hundred_candidates_are_refused(desk: Desk) -> None:
    assert desk.call(candidates=[edit("fruit")] * 201, tests=[FULL]).outcome == "invalid"


def test_a_sandbox_without_python_says_so(
    folder: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for program in ("sh", "rm"):
        (tmp_path / "bin" / program).symlink_to(f"/bin/{program}")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    observation = desk.call(candidates=[edit("fruit")], tests=[FULL])
    assert observation.outcome == "failed"
    assert "no Python" in observation.text


@pytest.mark.docker
def test_it_works_in_a_container(tmp_path: Path, base_image: str) -> None:
    boxes = Boxes(tmp_path)
    try:
        sandbox = boxes.filled(base_image, {path: text.encode() for path, text in FILES.items()})
        rows = Desk(sandbox, UNITTEST).rows(
            candidates=[edit("fruit // each"), edit("fruit")], tests=[FULL, NONE]
        )
    finally:
        boxes.close()
    assert [row["status"] for row in rows] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("command", "full"), [(UNITTEST, FULL), ("python3 -m pytest", PYTEST_FULL)]
)
def test_a_probe_shows_which_candidates_behave_alike(desk, command: str, full: str) -> None:
    desk.bench.test_commands = (command,)
    observation = desk.call(
        candidates=[jars("fruit // each"), jars("int(fruit / each)"), jars("2"), jars("5")],
        tests=[full],
        probe={"path": "larder/jam.py", "function": "jars"},
    )
    floor, also, two, five = (row["behaviour"] for row in observation.data["results"])
    assert len(floor) > 20
    assert floor == also
    assert floor != two
    assert five != two
    assert "Alike in behaviour: 0, 1; 2." in observation.text


def test_a_probe_survives_a_candidate_that_never_ends_on_other_inputs(desk) -> None:
    (row,) = desk.rows(
        candidates=[jars("2 if (fruit, each) == (6, 3) else [1 for _ in iter(int, 1)]")],
        tests=[FULL],
        probe={"path": "larder/jam.py", "function": "jars"},
    )
    assert row["status"] == "passed"
    assert "!Overlong" in row["behaviour"]


def test_a_probe_does_not_stop_what_passes_without_it(desk: Desk, folder: Path) -> None:
    again = "        return self.count(n - 1) + self.count(n - 2) if n > 1 else 1\n"
    jam = f"class Jam:\n    def count(self, n):\n{again}\n\ndef jars(fruit, each):\n"
    (folder / "larder/jam.py").write_text(jam + "    while each: pass\n    return 2\n")
    call = {
        "candidates": [edit("    Jam().count(29)", "    while each: pass")],
        "tests": [FULL],
        "timeout_s": 0.8,
    }
    plain = desk.rows(**call)
    probed = desk.rows(**call, probe={"path": "larder/jam.py", "function": "jars"})
    assert [row["status"] for row in (*plain, *probed)] == ["passed", "passed"]


def test_files_that_are_added_lie_in_no_repository(desk, folder: Path) -> None:
    more = "import unittest\nfrom larder.jam import jars\n\n\nclass More(unittest.TestCase):\n"
    more += "    def test_nine(self):\n        self.assertEqual(jars(9, 3), 3)\n"
    rows = desk.rows(
        candidates=[[], jars("fruit // each")],
        tests=["test_more.py::More::test_nine"],
        files={"test_more.py": more},
    )
    assert [row["status"] for row in rows] == ["failed", "passed"]
    assert not (folder / "test_more.py").exists()


def test_no_file_of_the_repository_is_replaced_by_an_added_one(desk) -> None:
    observation = desk.call(candidates=[[]], tests=[FULL], files={"larder/jam.py": ""})
    assert observation.outcome == "failed"
    assert "cannot add larder/jam.py" in observation.text


@pytest.mark.parametrize(
    ("command", "none"), [(UNITTEST, NONE), ("python3 -m pytest", PYTEST_NONE)]
)
def test_watched_functions_show_what_their_variables_held(
    desk, folder: Path, command: str, none: str
) -> None:
    (folder / "larder/jam.py").write_text(
        "def jars(fruit, each):\n    found = [n for n in (fruit, 9) if n > 5]\n"
        "    jam = Plum()\n    return len(found) + 1\n\n\ndef lids():\n    return 0\n\n\n"
        "class Plum(KeyError):\n    pass\n"
    )
    desk.bench.test_commands = (command,)
    watch = [{"path": "larder/jam.py", "function": "jars"}]
    observation = desk.call(candidates=[[]], tests=[none], watch=watch)
    states = observation.data["states"]
    assert ["larder/jam.py", 2, False, {"fruit": "0", "each": "3"}] in states
    jam = "<larder.jam Plum KeyError LookupError>"
    last = {"fruit": "0", "each": "3", "found": "[9]", "jam": jam}
    assert ["larder/jam.py", 4, False, last] in states
    assert "larder/jam.py:2 fruit=0, each=3" in observation.text
    if sys.version_info < (3, 12):
        assert {state[3].get("n") for state in states if state[2]} >= {"0", "9"}


def test_a_watched_loop_without_end_shows_its_first_states(desk: Desk, folder: Path) -> None:
    (folder / "larder/jam.py").write_text(
        "def jars(fruit, each):\n    count = 0\n    while True:\n        count += 1\n"
    )
    watch = [{"path": "larder/jam.py", "function": "jars"}]
    observation = desk.call(candidates=[[]], tests=[FULL], watch=watch, timeout_s=0.2)
    counts = [state[3]["count"] for state in observation.data["states"] if state[1] == 4]
    assert counts == [str(n) for n in range(len(counts))]
    assert len(counts) == 24
