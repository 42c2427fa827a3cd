"""`tools try` makes one call as a model would, and leaves the repository alone."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import git

HERE = ("--sandbox", "none", "-s", "sandbox.setup=['true']")


def test_a_call_is_made_and_what_came_of_it_shown(call, repo: Path):
    wanted = json.dumps({"path": "gcd.py", "old": "two", "new": "2"})
    answer = call("tools", "try", "edit", wanted, "--repo", repo, *HERE, "--json")

    told = json.loads(answer.out)
    assert (answer.code, told["tool"], told["outcome"]) == (0, "edit", "ok")
    assert "-two\n+2\n" in told["patch"]
    assert (repo / "gcd.py").read_text() == "one\ntwo\n"
    assert git(repo, "status", "--short") == ""


def test_people_read_what_a_model_would(call, repo: Path, tmp_path: Path):
    (tmp_path / "call.json").write_text('{"path": "gcd.py", "start": 2, "end": 2}')
    answer = call("tools", "try", "view", f"@{tmp_path / 'call.json'}", "--repo", repo, *HERE)

    assert (answer.code, answer.out) == (0, "")
    assert "2| two" in answer.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("view", '{"path": "no.py"}'), 3, "no such file"),
        (("view", '{"start": 7}'), 2, "path"),
        (("veiw", "{}"), 2, "Did you mean view"),
        (("view", "[1]"), 2, "no JSON object"),
        (("view", "{"), 2, "not JSON"),
        (("view", "@no.json"), 2, "cannot be read"),
        (("shell", '{"command": "vim gcd.py"}'), 8, "terminal"),
    ],
)
def test_what_did_not_work_is_said_and_has_an_exit_code(call, repo: Path, words, code, said):
    answer = call("tools", "try", *words, "--repo", repo, *HERE)

    assert answer.code == code
    assert said in answer.err
