"""`swe-agent locate` prints places, and with --json nothing else on stdout."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Call, git


@pytest.fixture(autouse=True)
def cache_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWE_AGENT_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shop(repo: Path) -> Path:
    (repo / "gcd.py").write_text("class Number:\n    def gcd(self, a, b):\n        return a\n")
    (repo / "lcm.py").write_text("def lcm(a, b):\n    return b\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "second")
    return repo


def test_json_has_files_and_functions_with_scores(call: Call, shop: Path) -> None:
    answer = call("locate", shop, "-i", "gcd(0, 5) never ends", "--top", "1", "--json")
    found = json.loads(answer.out)
    assert answer.code == 0
    assert [row["path"] for row in found["files"]] == ["gcd.py"]
    assert [row["name"] for row in found["functions"]] == ["gcd.py::Number.gcd"]
    assert found["files"][0]["score"] > 0


def test_what_commits_were_about_is_a_reason(call: Call, shop: Path) -> None:
    (shop / "lcm.py").write_text("def lcm(a, b):\n    return a\n")
    git(shop, "commit", "-q", "-a", "-m", "Overflow of large factors")
    answer = call("locate", shop, "-i", "Large factors overflow again", "--json")
    first = json.loads(answer.out)["files"][0]
    assert first["path"] == "lcm.py"
    assert "its file was changed for like reasons" in first["reasons"]


def test_people_read_it_on_stderr(call: Call, shop: Path) -> None:
    answer = call("locate", shop, "-i", "gcd(0, 5) never ends")
    assert "gcd.py::Number.gcd" in answer.err
    assert answer.out == ""


def test_an_issue_that_matches_nothing_is_told_so(call: Call, shop: Path) -> None:
    said = "Nothing in the issue points at a place"
    assert said in call("locate", shop, "-i", "zzz qqq").err
    assert said not in call("locate", shop, "-i", "gcd").err


def test_a_name_with_a_line_break_stays_on_its_line(call: Call, shop: Path) -> None:
    (shop / "two\nlines.py").write_text("def odd_one():\n    pass\n")
    answer = call("locate", shop, "-i", "`odd_one` fails")
    assert "  1. two<U+000A>lines.py  " in answer.err.split("files:\n")[1].split("\n")[0]


def test_reasons_are_broken_between_words_at_the_width_of_the_terminal(
    call: Call, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    answer = call("locate", shop, "-i", "the gcd of a number in gcd.py never ends with zero")
    rows = [row for row in answer.err.split("\n") if row.startswith("     ")]
    assert len(rows) > 2
    assert max(map(len, rows)) < 40


def test_a_change_in_the_work_tree_is_seen(call: Call, shop: Path) -> None:
    call("locate", shop, "-i", "lcm", "--json")
    (shop / "new.py").write_text("def fresh_one():\n    pass\n")
    answer = call("locate", shop, "-i", "`fresh_one` fails", "--json")
    assert json.loads(answer.out)["functions"][0]["name"] == "new.py::fresh_one"


def test_a_folder_without_git_is_read_too(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.go").write_text("package a\nfunc Sum(a int) int { return a }\n")
    answer = call("locate", folder, "-i", "Sum is wrong", "--json")
    assert json.loads(answer.out)["functions"][0]["name"] == "a.go::Sum"


@pytest.mark.parametrize("where", ["missing", "empty"])
def test_nothing_to_read_is_a_usage_fault(call: Call, tmp_path: Path, where: str) -> None:
    (tmp_path / "empty").mkdir()
    assert call("locate", tmp_path / where, "-i", "x").code == 2


def test_no_issue_is_a_usage_fault(call: Call, shop: Path) -> None:
    assert call("locate", shop).code == 2


def test_a_name_that_is_not_utf8_can_be_printed(call: Call, shop: Path) -> None:
    (shop / "odd\udcff.py").write_text("def odd_one():\n    pass\n")
    for more in ([], ["--json"]):
        assert call("locate", shop, "-i", "`odd_one` fails", *more).code == 0


def test_a_model_puts_the_places_in_order(call: Call, shop: Path, tmp_path: Path) -> None:
    plain = json.loads(call("locate", shop, "-i", "`gcd`, or `lcm`?", "--json").out)
    script = tmp_path / "script.jsonl"
    reply = {"tool_calls": [{"name": "rank_places", "arguments": {"order": ["P2"]}}]}
    script.write_text(json.dumps(reply) + "\n")
    asked = ("--rerank", "-m", f"scripted/{script}", "--json")
    found = json.loads(call("locate", shop, "-i", "`gcd`, or `lcm`?", *asked).out)
    names = [row["name"] for row in plain["functions"]]
    assert [row["name"] for row in found["functions"]] == [names[1], names[0]]


def test_the_offline_model_cannot_put_them_in_order(call: Call, shop: Path) -> None:
    assert call("locate", shop, "-i", "gcd", "--rerank", "-m", "offline").code == 2
