"""How a run of the offline model ends where it has no repair: its ideas spent, or a limit first."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import git

FILES = {
    "blend.py": "def blend(name):\n    return name\n",
    "test_blend.py": (
        "import unittest\nfrom blend import blend\n\n\nclass BlendTest(unittest.TestCase):\n"
        "    def test_price(self):\n        self.assertEqual(blend('assam'), 'GB-4711')\n"
    ),
}


@pytest.fixture
def project(repo: Path) -> Path:
    for path, text in FILES.items():
        (repo / path).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "a blend without a price")
    return repo


@pytest.mark.parametrize(
    ("limit", "code", "says"),
    [
        ((), 3, "its ideas are spent"),
        (("--max-steps", "4"), 5, "Trying"),
        (("--max-time", "6"), 5, ""),
    ],
    ids=["ideas spent", "steps", "time"],
)
def test_without_a_repair_the_diagnosis_is_said_and_the_tree_stays(
    call, project: Path, tmp_path: Path, limit: tuple[str, ...], code: int, says: str
) -> None:
    if "--max-time" in limit:  # so that its ideas outlast the limit on any machine
        test = project / "test_blend.py"
        test.write_text("import time\n\ntime.sleep(1)\n" + test.read_text())
        git(project, "commit", "-qam", "slow tests")
    before = {path: (project / path).read_text() for path in FILES}
    place = tmp_path / "run"
    fixed = ("run", project, "-m", "offline", "--sandbox", "none", "-i", "no price", "-o", place)

    answer = call(*fixed, "--test", "python3 -m unittest -q", *limit)

    result = json.loads((place / "result.json").read_text())
    assert (answer.code, result["exit_code"], result["patch"]) == (code, code, "")
    assert says in result["summary"]
    if says:
        assert "Most suspicious: blend at blend.py:1" in result["summary"]
        assert "blend at blend.py:1" in answer.err
    assert git(project, "status", "--porcelain") == ""
    assert {path: (project / path).read_text() for path in FILES} == before


def test_nothing_is_tried_twice_however_small_the_window(
    call, project: Path, tmp_path: Path
) -> None:
    place = tmp_path / "run"
    fixed = ("run", project, "-m", "offline", "--sandbox", "none", "-i", "no price", "-o", place)
    small = ("-s", "context.window_tokens=4000")

    call(*fixed, "--test", "python3 -m unittest -q", *small)

    events = [json.loads(line) for line in (place / "events.jsonl").read_text().splitlines()]
    calls = [event["call"] for event in events if event["type"] == "tool_called"]
    tried = [
        json.dumps(candidate)
        for one in calls
        if one["name"] == "try_edits"
        for candidate in one["arguments"]["candidates"]
    ]
    assert len(tried) > 50
    assert len(set(tried)) == len(tried)
