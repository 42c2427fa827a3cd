"""Whole runs: a real repository, a real container, a script in place of a model."""

import json
import subprocess
from pathlib import Path

import docker
import pytest

from swe_agent.core.errors import EnvironmentFault, ModelFault, UsageFault
from swe_agent.core.events import Event, ReminderGiven, RunFinished, TestsRan
from swe_agent.solve import resume
from swe_agent.trajectory.log import read_log
from tests.runtime.servers import counting, serving
from tests.solve.conftest import (
    ADD,
    BREAK,
    CALC,
    ENGINEER,
    FIX,
    MUL,
    RUN,
    SUBMIT,
    TEST_COMMAND,
    Play,
    call,
    contents,
    edit,
    git,
    meddling,
    write_script,
)
from tests.starving import doom

pytestmark = pytest.mark.docker


def test_a_broken_test_is_rolled_back_and_the_fix_is_verified(play: Play, project: Path) -> None:
    before = contents(project)
    played = play(ENGINEER)
    result = played.result
    assert (result.verdict, result.exit_code, result.targets) == ("verified", 0, "given")
    assert (result.rollbacks, result.iterations, result.steps) == (1, 2, 5)
    assert result.tests.before == {ADD: "failed", MUL: "passed"}
    assert result.tests.after == {ADD: "passed", MUL: "passed"}
    assert b"a ** b" in (played.folder / "rejected" / "001.diff").read_bytes()
    assert "a ** b" not in result.patch
    assert contents(project) == before
    subprocess.run(["git", "apply", str(played.folder / "patch.diff")], cwd=project, check=True)
    assert "return a + b" in (project / "calc.py").read_text()


def test_a_submission_that_loses_a_test_is_taken_back(play: Play) -> None:
    played = play([BREAK, SUBMIT, FIX, SUBMIT])
    assert played.result.verdict == "verified"
    assert [event.lost for event in played.of("rolled_back")] == [(MUL,)]
    told = played.of("rolled_back")[0].note
    assert told is not None
    assert MUL in told.text


def test_the_patch_is_relative_to_the_tree_as_the_user_has_it(play: Play, project: Path) -> None:
    (project / "calc.py").write_text("# mine\n" + (project / "calc.py").read_text())
    (project / "new_module.py").write_text("x = 1\n")
    played = play([call("shell", command="cat new_module.py; git status --short"), FIX, SUBMIT])
    assert played.result.verdict == "verified"
    assert "x = 1" in played.observations()[0]
    assert "new_module" not in played.result.patch
    assert " # mine" in played.result.patch


def test_secrets_and_ignored_files_stay_behind(play: Play, project: Path) -> None:
    (project / ".gitignore").write_text("private.txt\n")
    for name in ("private.txt", ".env", ".netrc"):
        (project / name).write_text("CANARY-4711\n")
    git(project, "config", "http.extraheader", "Authorization: CANARY-4711")
    look = call("shell", command="grep -r CANARY / --exclude-dir=proc --exclude-dir=sys -s; env")
    played = play([look, FIX, SUBMIT])
    assert "CANARY-4711" not in played.observations()[0].replace("grep -r CANARY", "")
    assert played.result.verdict == "verified"


def test_no_change_ends_without_a_patch(play: Play) -> None:
    played = play([SUBMIT, SUBMIT])
    assert (played.result.verdict, played.result.exit_code) == ("no_patch", 3)
    assert (played.folder / "patch.diff").read_bytes() == b""


def test_a_patch_that_fixes_nothing_is_not_verified(play: Play) -> None:
    played = play([edit("def mul", "# product\ndef mul"), SUBMIT, SUBMIT])
    assert (played.result.verdict, played.result.exit_code) == ("unverified", 4)
    assert "# product" in played.result.patch


def test_a_test_that_the_patch_adds_is_a_target(play: Play, project: Path) -> None:
    (project / "calc.py").write_text((project / "calc.py").read_text().replace("a - b", "a + b"))
    created = call(
        "create",
        path="test_sub.py",
        text="import unittest\n\nfrom calc import sub\n\n\n"
        "class SubTest(unittest.TestCase):\n    def test_sub(self):\n"
        "        self.assertEqual(sub(5, 3), 2)\n",
    )
    added = edit("def mul", "def sub(a, b):\n    return a - b\n\n\ndef mul")
    played = play([created, added, SUBMIT], issue="There is no sub.")
    assert (played.result.verdict, played.result.targets) == ("verified", "added")


def test_a_limit_keeps_the_best_patch(play: Play) -> None:
    fixed = play([FIX, call("run_tests"), BREAK, SUBMIT], limits__max_steps=3)
    assert "return a + b" in fixed.result.patch
    assert "a ** b" not in fixed.result.patch
    assert (fixed.result.verdict, fixed.result.exit_code) == ("verified", 0)


def test_a_limit_without_a_verified_patch_is_its_own_exit(play: Play) -> None:
    played = play([call("view", path="calc.py")] * 4, limits__max_steps=2)
    assert (played.result.verdict, played.result.exit_code) == ("no_patch", 5)
    assert "2 steps" in played.result.error


def test_going_in_circles_is_told_and_then_ended(play: Play) -> None:
    played = play([call("view", path="calc.py")] * 9)
    assert [event.name for event in played.of("reminder_given")] == ["stuck"]
    assert played.result.exit_code == 3
    assert played.result.steps < 9


def test_a_reply_without_a_call_is_asked_for_one(play: Play) -> None:
    played = play([{"text": "I think it is add."}, FIX, SUBMIT])
    assert [event.name for event in played.of("reminder_given")] == ["no_call"]
    assert played.result.verdict == "verified"


def test_without_an_issue_every_failing_test_is_a_target(play: Play) -> None:
    played = play([FIX, SUBMIT], issue="", tests__commands=())
    assert (played.result.verdict, played.result.targets) == ("verified", "found")


def test_without_an_issue_and_a_failing_test_there_is_nothing_to_do(
    play: Play, project: Path, tmp_path: Path
) -> None:
    (project / "calc.py").write_text((project / "calc.py").read_text().replace("a - b", "a + b"))
    with pytest.raises(UsageFault, match="no test fails"):
        play([FIX], issue="")
    assert not [
        e for e in read_log(tmp_path / RUN / "events.jsonl") if e.event.type == "model_called"
    ]


def test_tests_that_collect_nothing_cost_no_model_call(play: Play, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault):
        play([FIX], tests__commands=("python3 -m pytest no_such_folder",))
    assert not [
        e for e in read_log(tmp_path / RUN / "events.jsonl") if e.event.type == "model_called"
    ]


def test_a_missing_image_is_an_environment_fault(play: Play) -> None:
    with pytest.raises(EnvironmentFault, match="no-such-image"):
        play([FIX], sandbox__image="localhost:1/no-such-image:1")


def test_a_removed_container_is_rebuilt_and_the_run_goes_on(play: Play, tmp_path: Path) -> None:
    """The script itself cannot remove its container, so a watcher of the log does, as a careless
    user would."""
    client = docker.from_env()
    removed: list[str] = []

    def remove_once(event: Event) -> None:
        if not removed and event.type == "checkpoint_saved":
            for found in client.containers.list(filters={"label": f"swe-agent.run={RUN}"}):
                removed.append(found.id)
                found.remove(force=True)

    replies = [FIX, call("shell", command="cat calc.py; pwd"), SUBMIT]
    played = play(replies, also=remove_once)
    assert removed
    assert "return a + b" in played.observations()[1]
    assert [event.name for event in played.of("reminder_given")] == ["rebuilt"]
    assert played.result.verdict == "verified"


DOOMED = "until grep -q 1000 /proc/1/oom_score_adj; do sleep 0.1; done"


@pytest.mark.soak
def test_a_command_that_uses_up_the_sandboxs_memory_is_told_and_the_run_goes_on(play: Play) -> None:
    greedy = call("shell", command=f"echo undone >>calc.py; {DOOMED}; cat /dev/zero >/dev/shm/x")
    with meddling(doom):
        played = play(
            [FIX, greedy, call("shell", command="tail -1 calc.py"), SUBMIT], sandbox__memory_mb=64
        )
    assert "out of memory (limit 64 MB; exit code 137)" in played.observations()[1]
    assert "undone" not in played.observations()[2]
    (told,) = played.of("reminder_given")
    assert isinstance(told, ReminderGiven)
    assert "memory, 64 MB" in told.note.text
    assert "What the last command did is undone" in told.note.text
    assert played.result.verdict == "verified"
    assert "undone" not in played.result.patch


GREEDY = """    import time
    while open("/proc/1/oom_score_adj").read() != "1000\\n":
        time.sleep(0.1)
    with open("/dev/shm/x", "wb") as file:
        while True:
            file.write(bytes(1 << 20))
"""
"""Uses memory that belongs to no process, once the kernel will kill the first one for it."""


@pytest.mark.soak
def test_tests_that_use_up_the_sandboxs_memory_fail_and_the_run_goes_on(
    play: Play, project: Path
) -> None:
    """At base, in the attempt, and not any more with the patch."""
    (project / "calc.py").write_text(CALC.replace("    return a - b\n", GREEDY))
    fix = edit(GREEDY, "    return a + b\n")
    replies = [call("run_tests"), call("shell", command="pwd"), fix, SUBMIT]
    with meddling(doom):
        played = play(replies, sandbox__memory_mb=64)
    assert "out of memory" in played.observations()[0]
    assert "memory, 64 MB" in played.observations()[0]
    assert [event.name for event in played.of("reminder_given")] == ["rebuilt"]
    assert played.result.tests.before == {TEST_COMMAND: "error"}
    assert played.result.verdict == "verified"


@pytest.mark.soak
def test_a_patch_whose_tests_use_up_the_sandboxs_memory_is_taken_back(play: Play) -> None:
    greedy = edit("    return a * b\n", GREEDY)
    with meddling(doom):
        played = play([greedy, SUBMIT, FIX, SUBMIT], sandbox__memory_mb=64)
    assert [event.lost for event in played.of("rolled_back")] == [(MUL,)]
    assert played.result.verdict == "verified"


@pytest.mark.soak
def test_a_command_under_which_every_sandbox_ends_does_not_end_the_run(play: Play) -> None:
    def wreck(client: docker.DockerClient, container: str) -> None:
        if "sleep 4711" in str(client.api.top(container)["Processes"]):
            client.api.remove_container(container, force=True)

    wrecking = call("shell", command="echo undone >>calc.py; sleep 4711")
    with meddling(wreck):
        played = play([wrecking, call("shell", command="tail -1 calc.py"), FIX, SUBMIT])
    assert "ended each of the 3 times" in played.observations()[0]
    assert "undone" not in played.observations()[1]
    assert played.result.verdict == "verified"


def test_a_run_that_ran_out_of_replies_is_resumed_with_more(play: Play, tmp_path: Path) -> None:
    with pytest.raises(ModelFault, match="1 "):
        play([FIX])
    write_script(tmp_path / "script.jsonl", [FIX, SUBMIT])
    result = resume(tmp_path / RUN, lambda _: None)
    assert (result.verdict, result.steps) == ("verified", 2)
    events = [line.event for line in read_log(tmp_path / RUN / "events.jsonl")]
    assert [type(event) for event in events].count(RunFinished) == 1
    assert sum(isinstance(e, TestsRan) and e.purpose == "baseline" for e in events) == 2


def test_the_result_holds_the_patch_as_text(play: Play) -> None:
    odd = '\u00e9\U0001f600 "\\\\" \x1b \u2028\r\n' * 25_000
    make = [call("create", path=f"odd{number}.txt", text=odd) for number in range(3)]
    played = play([FIX, *make, SUBMIT])
    text = (played.folder / "patch.diff").read_bytes().decode()
    assert odd.split("\n")[0] in text
    assert json.loads((played.folder / "result.json").read_bytes())["patch"] == text
    assert played.result.patch == text


def test_a_finished_run_goes_on_with_a_new_wish(play: Play, tmp_path: Path) -> None:
    first = play([FIX, SUBMIT])
    again = [FIX, SUBMIT, edit("def mul", "# product\ndef mul"), SUBMIT]
    write_script(tmp_path / "script.jsonl", again)
    result = resume(first.folder, lambda _: None, "Say what mul is.")
    assert result.verdict == "verified"
    assert "# product" in result.patch


def test_resuming_a_finished_run_changes_nothing(play: Play) -> None:
    played = play([FIX, SUBMIT])
    log = (played.folder / "events.jsonl").read_bytes()
    assert resume(played.folder, lambda _: None) == played.result
    assert (played.folder / "events.jsonl").read_bytes() == log


def test_left_overs_stay_out_of_the_patch_and_are_reported(play: Play) -> None:
    rubbish = "echo x > repro.py; chmod +x test_calc.py; echo y > kept.log; ln -s /etc/passwd out"
    make = call("shell", command=f"{rubbish}; ln -s calc.py beside")
    played = play([FIX, make, SUBMIT], patch__keep=("*.log",))
    assert played.result.verdict == "verified"
    assert set(played.result.left_out) == {"repro.py", "test_calc.py", "out"}
    assert "passwd" not in played.result.patch
    assert "beside" in played.result.patch
    assert "kept.log" in played.result.patch
    assert "repro" not in played.result.patch


@pytest.mark.parametrize(("policy", "reached"), [("setup", False), ("off", False), ("on", True)])
def test_commands_reach_the_network_only_where_that_was_asked_for(
    policy: str, reached: bool, play: Play
) -> None:
    look = call("shell", command="cat /proc/net/dev")
    played = play([look, FIX, SUBMIT], sandbox__network=policy)
    assert ("eth0" in played.observations()[0]) is reached
    assert played.result.verdict == "verified"


def test_commands_set_up_and_tests_reach_exactly_what_is_allowed(
    play: Play, tmp_path: Path
) -> None:
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "hello").write_text("hello")
    fetch = "import urllib.request as u; print(u.urlopen('http://localhost:{}/hello').read())"
    with serving(tmp_path / "served") as port, counting() as (other, came):
        here, there = (f'python3 -c "{fetch.format(one)}"' for one in (port, other))
        played = play(
            [call("shell", command=here), call("shell", command=there), FIX, SUBMIT],
            sandbox__network=f"allow:localhost:{port}",
            sandbox__setup=(f"{here} && ! {there}",),
            tests__commands=(f"{here} && {TEST_COMMAND}",),
        )
    (ready,) = played.of("environment_ready")
    docker.from_env().images.remove(ready.model_dump()["image"], force=True)
    assert "hello" in played.observations()[0]
    assert "hello" not in played.observations()[1]
    assert played.result.verdict == "verified"
    assert came == []


def test_a_rollback_tells_what_it_cannot_bring_back(play: Play) -> None:
    deep = "import os\nfor _ in range(2_100):\n    os.mkdir('d')\n    os.chdir('d')"
    make = call("shell", command=f'python3 -c "{deep}"')
    tests = call("run_tests")
    played = play([make, tests, BREAK, tests, FIX, SUBMIT])
    assert (played.result.verdict, played.result.rollbacks) == ("verified", 1)
    told = [event for event in played.of("reminder_given") if event.name == "not_restored"]
    assert len(told) == 1
    assert "- d (paths in it are longer than a program can open)" in told[0].note.text
    assert set(played.result.left_out) == {"d"}


def test_a_submodule_is_worked_with_and_changes_in_it_are_not_shipped(
    play: Play, project: Path, tmp_path: Path
) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "sign.py").write_text("SIGN = 1\n")
    git(inner, "init", "-q")
    git(inner, "add", "-A")
    git(inner, "commit", "-q", "-m", "inner")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "libs")
    git(project, *add)
    (project / "calc.py").write_text(f"from libs.sign import SIGN\n\n\n{CALC}")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "with a submodule")
    before = contents(project)
    look = call("shell", command="git status --short; echo 2 >libs/new; rm libs/sign.py; ls libs")
    played = play([look, call("shell", command="git checkout -q libs"), FIX, SUBMIT])
    assert played.result.verdict == "verified"
    assert "new" in played.observations()[0]
    assert played.result.left_out == {
        "libs/new": "in a submodule, which is committed to on its own"
    }
    assert contents(project) == before
    subprocess.run(["git", "apply", str(played.folder / "patch.diff")], cwd=project, check=True)
