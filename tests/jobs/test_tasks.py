"""Task files: what each dialect means, and what of it the agent's side may know."""

import json
import sys
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.tasks import Selection, load_tasks, selected
from swe_agent.jobs.tasks_instance import AnswerKey, Instance

TEST_PATCH = "--- a/tests/test_a.py\n+++ b/tests/test_a.py\n@@ -1 +1 @@\n-x\n+SECRET\n"
CLASSIC = {
    "instance_id": "acme__rocket-7",
    "repo": "acme/rocket",
    "base_commit": "0123abcd",
    "problem_statement": "It explodes.",
    "hints_text": "HINT",
    "patch": "--- a/r.py\n+++ b/r.py\n@@ -1 +1 @@\n-x\n+GOLD\n",
    "test_patch": TEST_PATCH,
    "version": "1.2",
    "environment_setup_commit": "0123abcd",
    "FAIL_TO_PASS": '["tests/test_a.py::test_one"]',
    "PASS_TO_PASS": "[]",
}


def load(tmp_path: Path, *rows: object, name: str = "tasks.jsonl") -> tuple[Instance, AnswerKey]:
    """The one task of rows written as JSONL."""
    (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = load_tasks(str(tmp_path / name))
    assert found.faults == ()
    (task,) = found.tasks
    return task, found.keys[task.id]


def test_a_classic_row_is_a_task_with_the_image_that_is_published_for_it(tmp_path: Path) -> None:
    task, key = load(tmp_path, CLASSIC)
    assert (task.id, task.repo, task.base) == ("acme__rocket-7", "acme/rocket", "0123abcd")
    assert task.issue == "It explodes."
    assert task.image is None
    assert task.usual_image == "docker.io/swebench/sweb.eval.x86_64.acme_1776_rocket-7:latest"
    assert key.fail_to_pass == ("tests/test_a.py::test_one",)
    assert key.pass_to_pass == ()
    assert key.row == CLASSIC


def test_nothing_that_grades_reaches_the_agents_side(tmp_path: Path) -> None:
    task, _ = load(tmp_path, {**CLASSIC, "test_cmd": "pytest -rA tests/test_a.py", "expect": "[]"})
    told = task.model_dump_json()
    for secret in ("GOLD", "SECRET", "HINT", "test_one", "test_a.py"):
        assert secret not in told
    assert task.test == ("pytest -rA",)


def test_a_test_command_keeps_what_the_test_patch_does_not_touch(tmp_path: Path) -> None:
    task, key = load(tmp_path, {**CLASSIC, "test_cmds": ["pytest 'a b' tests/test_b.py", "make t"]})
    assert task.test == ("pytest 'a b' tests/test_b.py", "make t")
    assert key.test == task.test


@pytest.mark.parametrize("form", [dict, json.dumps], ids=["mapping", "JSON string"])
def test_the_issues_pictures_are_the_tasks_and_those_of_patches_are_not(
    tmp_path: Path, form: type
) -> None:
    assets = {"problem_statement": ["https://x.example/a.png"], "patch": ["https://x.example/b"]}
    task, _ = load(tmp_path, {**CLASSIC, "image_assets": form(assets)})
    assert task.pictures == ("https://x.example/a.png",)


@pytest.mark.parametrize("form", [list, json.dumps], ids=["list", "JSON string"])
def test_test_lists_are_lists_or_json_strings(tmp_path: Path, form: type) -> None:
    names = ["t.py::a", "t.py::b[x, y]"]
    _, key = load(tmp_path, {**CLASSIC, "FAIL_TO_PASS": form(names)})
    assert key.fail_to_pass == tuple(names)


def test_the_image_is_taken_from_image_then_image_name_then_docker_image(tmp_path: Path) -> None:
    columns = ("image", "image_name", "docker_image")
    for at, column in enumerate(columns):
        row = {**CLASSIC, **{name: f"registry/{name}:1" for name in columns[at:]}}
        assert load(tmp_path, row)[0].image == f"registry/{column}:1"


def test_a_v5_row_keeps_its_script_on_the_grading_side(tmp_path: Path) -> None:
    row = {
        **CLASSIC,
        "image": "swebench/x:latest",
        "log_parser": "parse_log_pytest",
        "eval_type": "fail_only",
        "eval_script": "#!/bin/sh\npytest\n",
    }
    task, key = load(tmp_path, row)
    assert task.test == ()
    assert (key.parser, key.eval_type) == ("parse_log_pytest", "fail_only")
    assert key.eval_script.startswith("#!")


def test_a_live_row_is_tested_by_its_own_commands(tmp_path: Path) -> None:
    row = {**CLASSIC, "test_cmds": ["pytest -rA"], "log_parser": "pytest"}
    task, _ = load(tmp_path, row)
    assert task.usual_image == "docker.io/starryzhang/sweb.eval.x86_64.acme_1776_rocket-7:latest"
    assert task.test == ("pytest -rA",)


def test_a_smith_row_starts_at_the_branch_of_its_bug(tmp_path: Path) -> None:
    name = "acme__rocket.1fd52536.combine_file__09vlzwgc"
    row = {
        "instance_id": name,
        "repo": "swesmith/acme__rocket.1fd52536",
        "image_name": "swebench/swesmith.x86_64.acme_1776_rocket.1fd52536",
        "patch": "BUG",
        "FAIL_TO_PASS": ["t::a"],
        "PASS_TO_PASS": [],
        "problem_statement": "",
    }
    task, _ = load(tmp_path, row)
    assert (task.base, task.image_revision, task.issue) == (name, name, "")
    assert "BUG" not in task.model_dump_json()


def test_a_rebench_row_is_set_up_as_its_install_config_says(tmp_path: Path) -> None:
    config = {
        "python": "3.9",
        "pre_install": ["apt-get update"],
        "reqs_path": ["requirements.txt"],
        "pip_packages": ["pytest"],
        "install": "pip install -e .",
        "test_cmd": "pytest -rA",
        "log_parser": "parse_log_pytest",
    }
    task, key = load(tmp_path, {**CLASSIC, "install_config": config})
    assert task.python == "3.9"
    assert task.setup == (
        "apt-get update",
        "pip install -r requirements.txt",
        "pip install 'pytest'",
        "pip install -e .",
    )
    assert (task.test, key.parser) == (("pytest -rA",), "parse_log_pytest")
    with_image, _ = load(tmp_path, {**CLASSIC, "install_config": config, "docker_image": "a/b:1"})
    assert (with_image.image, with_image.setup) == ("a/b:1", ())


def test_a_multi_row_is_named_after_its_request(tmp_path: Path) -> None:
    row = {
        "org": "Acme",
        "repo": "rocket",
        "number": 12,
        "base": {"label": "acme:main", "ref": "main", "sha": "deadbeef"},
        "resolved_issues": [{"number": 3, "title": "Boom", "body": "It explodes."}],
        "fix_patch": "GOLD",
        "test_patch": "",
        "f2p_tests": {"suite one": {"run": "NONE"}},
        "s2p_tests": {},
        "n2p_tests": {"suite two": {"run": "NONE"}},
        "p2p_tests": {},
    }
    task, key = load(tmp_path, row)
    assert task.id == "Acme__rocket-12"
    assert (task.repo, task.base) == ("Acme/rocket", "deadbeef")
    assert task.issue == "Boom\n\nIt explodes."
    assert task.usual_image == "mswebench/acme_m_rocket:pr-12"
    assert (key.patch, key.fail_to_pass) == ("GOLD", ("suite one", "suite two"))
    assert key.brings_scripts


def test_our_own_yaml_names_a_repository_beside_it(tmp_path: Path) -> None:
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "tasks.yaml").write_text(
        "tasks:\n"
        "  - id: gcd\n    repo: project\n    base: main\n    issue: It loops.\n"
        "    setup: pip install -e .\n    test: pytest -q\n"
        "    expect: [test_gcd.py::test_zero]\n"
        "  - id: lcm\n    repo: ./project\n    test: [make test, make lint]\n"
        "    expect: {fail_to_pass: [a], pass_to_pass: [b]}\n",
        "utf-8",
    )
    found = load_tasks(str(tmp_path / "tasks.yaml"))
    gcd, lcm = found.tasks
    assert gcd.repo == lcm.repo == str(tmp_path / "project")
    assert (gcd.base, gcd.setup, gcd.test) == ("main", ("pip install -e .",), ("pytest -q",))
    assert lcm.test == ("make test", "make lint")
    assert found.keys["gcd"].fail_to_pass == ("test_gcd.py::test_zero",)
    assert found.keys["lcm"].pass_to_pass == ("b",)
    assert "test_zero" not in gcd.model_dump_json()


def test_a_json_file_is_a_list_or_a_mapping_of_ids(tmp_path: Path) -> None:
    path = tmp_path / "tasks.json"
    path.write_text(json.dumps([CLASSIC]), "utf-8")
    assert [task.id for task in load_tasks(str(path)).tasks] == ["acme__rocket-7"]
    path.write_text(json.dumps({"one-1": {"repo": "a/b"}, "two-2": {"repo": "a/b"}}), "utf-8")
    assert [task.id for task in load_tasks(str(path)).tasks] == ["one-1", "two-2"]


def test_a_task_repository_is_a_source(tmp_path: Path) -> None:
    folder = tmp_path / "tasks" / "acme__rocket-7"
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(
        "instance_id: acme__rocket-7\nrepo: acme/rocket\nbase_commit: abc\nimage: a/b:1\n", "utf-8"
    )
    (folder / "tests.json").write_text('{"FAIL_TO_PASS": ["t"], "PASS_TO_PASS": []}', "utf-8")
    (folder / "problem_statement.md").write_text("Boom", "utf-8")
    (folder / "gold.patch").write_bytes(b"-a\r\n+b\r\n")
    (folder / "test.patch").write_text("TEST", "utf-8")
    (folder / "eval.sh").write_text("pytest", "utf-8")
    found = load_tasks(str(tmp_path))
    (task,) = found.tasks
    key = found.keys[task.id]
    assert (task.issue, task.image) == ("Boom", "a/b:1")
    assert (key.patch, key.test_patch, key.eval_script) == ("-a\r\n+b\r\n", "TEST", "pytest")
    assert key.fail_to_pass == ("t",)


def test_parquet_is_a_source(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="swe-agent[parquet] is not installed")
    import pyarrow
    import pyarrow.parquet

    rows = [{**CLASSIC, "instance_id": f"a__b-{n}", "FAIL_TO_PASS": ["t"]} for n in range(100)]
    path = tmp_path / "tasks.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    found = load_tasks(str(path))
    assert [task.id for task in found.tasks] == [f"a__b-{n}" for n in range(100)]
    assert found.keys["a__b-3"].fail_to_pass == ("t",)


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("tasks.parquet", "pyarrow", "parquet"), ("verified", "datasets", "datasets")],
)
def test_what_an_extra_is_needed_for_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, extra: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, f"{package}.parquet", None)
    (tmp_path / "tasks.parquet").write_bytes(b"PAR1")
    with pytest.raises(UsageFault) as fault:
        load_tasks(name)
    assert f"pip install 'swe-agent[{extra}]'" in fault.value.next_step


def test_without_keys_none_are_kept(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(json.dumps(CLASSIC), "utf-8")
    assert load_tasks(str(tmp_path / "t.jsonl"), keyed=False).keys == {}


def ids(selection: Selection, count: int = 30) -> list[str]:
    return [t.id for t in selected([Instance(id=f"t-{n:02}") for n in range(count)], selection)]


def test_tasks_are_shuffled_then_filtered_then_sliced() -> None:
    shuffled = ids(Selection(shuffle=True))
    assert shuffled != ids(Selection())
    assert sorted(shuffled) == ids(Selection())
    odd = [name for name in shuffled if int(name[2:]) % 2]
    assert ids(Selection(True, r"t-\d[13579]$", "2:5")) == odd[2:5]


def test_the_shuffle_does_not_depend_on_the_order_of_the_file() -> None:
    tasks = [Instance(id=f"t-{n}") for n in range(20)]
    wanted = Selection(shuffle=True)
    assert selected(tasks, wanted) == selected(tasks[::-1], wanted)


@pytest.mark.parametrize(
    ("part", "expected"),
    [("0:2", ["t-00", "t-01"]), (":1", ["t-00"]), ("-1:", ["t-29"]), ("1", ["t-00"])],
)
def test_a_slice_is_pythons(part: str, expected: list[str]) -> None:
    assert ids(Selection(part=part)) == expected


@pytest.mark.parametrize("wrong", [Selection(part="a:b"), Selection(matching="(")])
def test_a_selection_that_cannot_be_read_is_refused(wrong: Selection) -> None:
    with pytest.raises(UsageFault):
        ids(wrong)
