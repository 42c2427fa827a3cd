"""What the commands do with a run that lies on disk, and with bad input."""

import json
from pathlib import Path

import pytest

from tests.cli import story
from tests.cli.conftest import git

ID = "261122-000000-abcd"
PATCH = (
    b"diff --git a/gcd.py b/gcd.py\n--- a/gcd.py\n+++ b/gcd.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
)


@pytest.fixture
def finished(homes: Path, repo: Path) -> Path:
    """A finished, verified run on `repo`."""
    folder = homes / "state" / "runs" / ID
    story.record(folder, story.whole(repo))
    (folder / "patch.diff").write_bytes(PATCH)
    usage = {"cost_usd": 0.05}
    (folder / "result.json").write_text(
        json.dumps({"run_id": ID, "verdict": "verified", "exit_code": 0, "usage": usage})
    )
    return folder


def test_apply_writes_the_patch_into_the_repository(call, finished: Path, repo: Path):
    answer = call("apply", ID)

    assert answer.code == 0
    assert (repo / "gcd.py").read_text() == "one\n2\n"
    assert str(repo) in answer.err


@pytest.mark.parametrize("name", ["2611", ID, "FOLDER"])
def test_a_run_is_found_by_id_beginning_or_folder(call, finished: Path, repo: Path, name: str):
    assert call("apply", str(finished) if name == "FOLDER" else name).code == 0


def test_apply_onto_a_branch_leaves_the_work_tree(call, finished: Path, repo: Path):
    answer = call("apply", ID, "--branch", "fix")

    assert answer.code == 0
    assert (repo / "gcd.py").read_text() == "one\ntwo\n"
    assert git(repo, "show", "fix:gcd.py") == "one\n2\n"
    assert ID in git(repo, "log", "-1", "--format=%B", "fix")


def test_apply_onto_a_branch_refuses_dirty_files_with_8(call, finished: Path, repo: Path):
    (repo / "gcd.py").write_text("mine\n")

    assert call("apply", ID, "--branch", "fix").code == 8


def test_a_patch_that_does_not_apply_changes_nothing_and_says_where_it_lies(
    call, finished: Path, repo: Path
):
    (repo / "gcd.py").write_text("mine\n")

    answer = call("apply", ID)

    assert answer.code == 2
    assert (repo / "gcd.py").read_text() == "mine\n"
    assert str(finished / "patch.diff") in answer.err


def test_apply_of_a_run_that_goes_on_names_resume(call, homes: Path, repo: Path):
    story.record(homes / "state" / "runs" / ID, story.beginning(repo))

    answer = call("apply", ID)

    assert answer.code == 2
    assert f"swe-agent resume {ID}" in answer.err


@pytest.mark.parametrize("command", ["apply", "resume"])
@pytest.mark.parametrize("name", ["nope", "./nope", "../x", ""])
def test_an_unknown_run_is_one_sentence(call, command: str, name: str):
    answer = call(command, name)

    assert answer.code == 2
    assert "no run" in answer.err


def test_a_beginning_that_fits_two_runs_is_refused(call, finished: Path, homes: Path, repo: Path):
    story.record(homes / "state" / "runs" / "261122-000001-efgh", story.beginning(repo))

    answer = call("apply", "2611")

    assert answer.code == 2
    assert "261122-000001-efgh" in answer.err


def test_runs_are_listed_newest_first(call, finished: Path, homes: Path, repo: Path):
    story.record(homes / "state" / "runs" / "261123-000000-efgh", story.beginning(repo))

    rows = json.loads(call("runs", "--json").out)

    assert [row["id"] for row in rows] == ["261123-000000-efgh", ID]
    assert [row["state"] for row in rows] == ["interrupted", "finished"]
    assert rows[1]["verdict"] == "verified"
    assert rows[1]["cost_usd"] == 0.05
    assert rows[1]["age_s"] >= 0
    listed = call("runs")
    assert ID in listed.err
    assert "\x1b" not in listed.err
    assert listed.out == ""


def test_a_run_that_was_stopped_with_a_result_can_go_on_and_stays(call, homes: Path, repo: Path):
    folder = homes / "state" / "runs" / ID
    story.record(folder, story.beginning(repo))
    (folder / "result.json").write_text('{"verdict": "no_patch", "exit_code": 6}')

    (row,) = json.loads(call("runs", "--json").out)
    pruned = call("runs", "prune", "--older-than", "0")

    assert (row["state"], row["verdict"], row["exit_code"]) == ("interrupted", "no_patch", 6)
    assert pruned.code == 0
    assert folder.exists()


def test_a_run_that_a_process_holds_is_running_and_stays(call, homes: Path, repo: Path):
    from swe_agent.trajectory.log import EventLog

    folder = homes / "state" / "runs" / ID
    with EventLog(folder / "events.jsonl") as log:
        log.append(story.beginning(repo)[0])

        rows = json.loads(call("runs", "--json").out)
        removal = call("runs", "rm", ID)

    assert rows[0]["state"] == "running"
    assert removal.code == 2
    assert folder.exists()


def test_runs_rm_removes_one_run(call, finished: Path):
    assert call("runs", "rm", ID).code == 0
    assert not finished.exists()


def test_prune_keeps_young_runs_and_a_dry_run_keeps_all(call, finished: Path):
    call("runs", "prune")
    call("runs", "prune", "--older-than", "0", "--dry-run")
    assert finished.exists()

    call("runs", "prune", "--older-than", "0")
    assert not finished.exists()


def test_config_show_fits_a_narrow_terminal(call):
    lines = call("config", "show").err.splitlines()
    assert max(map(len, lines)) <= 80
    (names,) = [at for at, line in enumerate(lines) if line.startswith("tools.names ")]
    assert lines[names].endswith("default")
    assert '"submit"' in " ".join(lines[names : names + 6])


def test_config_show_says_where_each_value_came_from(call):
    answer = call("config", "show", "limits.max_steps", "-s", "limits.max_steps=7", "--json")

    assert json.loads(answer.out) == {"limits.max_steps": {"value": 7, "from": "--set"}}


def test_config_show_of_an_unknown_key_is_a_usage_error(call):
    assert call("config", "show", "nope").code == 2


def test_config_check_names_what_is_wrong(call, tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("limits:\n  max_stepz: 3\n")

    answer = call("config", "check", wrong)

    assert answer.code == 2
    assert "max_stepz" in answer.err


def test_config_where_names_the_folders(call, homes: Path):
    places = json.loads(call("config", "where", "--json").out)

    assert places["runs"] == str(homes / "state" / "runs")


def test_tools_are_listed_and_shown(call):
    names = [tool["name"] for tool in json.loads(call("tools", "list", "--json").out)]
    shown = json.loads(call("tools", "show", "edit", "--json").out)

    assert {"view", "search", "edit", "shell", "submit"} <= set(names)
    assert set(shown["schema"]["properties"]) == {"path", "old", "new"}
    assert call("tools", "show", "nope").code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-i", "@missing.md"], "missing.md cannot be read"),
        (["-i", "  "], "is empty"),
        (["-i", "https://example.org/issues/1"], "no address of a GitHub or GitLab issue"),
        (["-i", "x", "-s", "nope=1"], "nope"),
        (["-i", "x", "-c", "missing.yaml"], "missing.yaml"),
        (["-i", "x", "--branch", "a..b"], "not a name"),
        (["-i", "x", "--network", "everywhere"], "sandbox.network"),
        (["-i", "x", "--max-steps", "0"], "limits.max_steps"),
        (["-i", "x", "-s", "mode=confirm"], "there is no terminal"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_of_run_is_one_sentence_and_leaves_no_run(
    call, repo: Path, homes: Path, arguments, says
):
    answer = call("run", repo, "-m", "offline", *arguments)

    assert answer.code == 2
    assert says in answer.err
    assert "Traceback" not in answer.err
    assert not (homes / "state" / "runs").exists()


def test_run_outside_a_repository_says_git_init(call, tmp_path: Path):
    answer = call("run", tmp_path, "-i", "x")

    assert answer.code == 2
    assert "git init" in answer.err


def test_an_output_folder_with_something_in_it_is_refused(call, repo: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()

    answer = call("run", repo, "-i", "x", "-m", "offline", "-o", tmp_path / "out")

    assert answer.code == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine"]


def test_new_run_folders_are_private_and_their_ids_sort(homes: Path):
    from swe_agent.cli.home import new_run_folder

    first, second = new_run_folder(), new_run_folder()

    assert first.stat().st_mode & 0o077 == 0
    assert first.name != second.name
    assert first.name[:13] <= second.name[:13]
