"""`shell`, `recall` and the small tools."""

import pytest

from swe_agent.aci.tool import ToolLimits
from swe_agent.core.task import TestReport
from tests.aci.local_sandbox import LocalSandbox


def test_exit_code_and_output_are_shown(desk):
    seen = desk({"a.txt": "hi\n"}).call("shell", command="cat a.txt; echo err >&2; exit 3")
    assert seen.text == "Exit code 3.\nhi\nerr"
    assert seen.data == {"exit_code": 3, "timed_out": False, "total_bytes": 7}
    assert seen.outcome == "ok"


def test_silence_is_said_aloud(desk):
    assert desk({}).call("shell", command="true").text == "Exit code 0.\n(no output)"


def test_time_out_shows_what_came_before(desk):
    at = desk({}, ToolLimits(command_timeout_s=5))
    seen = at.call("shell", command="echo before; sleep 30", timeout_s=0.5)
    assert seen.data["timed_out"]
    assert "Timed out after 0.5 s" in seen.text
    assert at.call("shell", command="echo alive").text == "Exit code 0.\nalive"


def test_a_command_that_falls_silent_is_stopped_and_told_so(desk):
    at = desk({}, ToolLimits(idle_timeout_s=0.7))
    seen = at.call("shell", command="echo before; sleep 4711")
    assert "Went 0.7 s without output" in seen.text
    assert seen.text.endswith("\nbefore")
    assert seen.data["timed_out"]
    assert at.call("shell", command="echo alive").text == "Exit code 0.\nalive"


def test_time_out_is_at_most_ten_times_the_default(desk):
    at = desk({}, ToolLimits(command_timeout_s=0.05))
    seen = at.call("shell", command="sleep 30", timeout_s=1000)
    assert "Timed out after 0.5 s" in seen.text


@pytest.mark.parametrize("lines", [3_000, 60_000], ids=["in-memory", "spooled"])
def test_long_output_is_elided_exactly_and_kept_whole(desk, lines):
    at = desk({}, ToolLimits(output_chars=2000))
    command = f"i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); done"
    seen = at.call("shell", command=command)
    whole = "".join(f"line {at}\n" for at in range(lines))
    assert at.bench.blobs.get(seen.blob).decode() == whole
    assert len(seen.text) <= 2000
    body = seen.text.split("\n", 1)[1] + "\n"
    head, _, rest = body.partition("[... ")
    note, _, tail = rest.partition(" ...]\n")
    cut = int(note.split()[0])
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert cut == len(whole) - len(head) - len(tail)


def test_recall_pages_the_whole_output(desk):
    at = desk({}, ToolLimits(output_chars=1000))
    at.call("shell", command="i=0; while [ $i -lt 900 ]; do echo line $i; i=$((i+1)); done")
    page = at.call("recall", step=1, start=500, end=502)
    assert page.text.split("\n")[1:] == ["500| line 499", "501| line 500", "502| line 501"]
    assert len(at.call("recall", step=1).text) <= 1000


def test_recall_shows_after_the_output_what_the_call_was_given(desk):
    at = desk({})
    at.call("create", path="a.py", text="".join(f"x_{n} = {n}\n" for n in range(300)))
    whole = at.call("recall", step=1).text + at.call("recall", step=1, start=201).text
    output, _, given = whole.partition("create was given this `text`:\n")
    assert "1| x_0 = 0\n" in output
    assert all(f"| x_{n} = {n}" in given for n in range(300))


def test_recall_of_an_unknown_step_names_the_known(desk):
    at = desk({})
    at.call("plan", items=["a"])
    seen = at.call("recall", step=7)
    assert (seen.outcome, seen.data["reason"]) == ("failed", "step")
    assert seen.text.endswith(": 1.")


def test_command_that_wants_a_terminal_is_refused_with_the_alternative(desk):
    seen = desk({"a.py": ""}).call("shell", command="sudo vim a.py")
    assert (seen.outcome, seen.data["reason"]) == ("refused", "terminal")
    assert "`edit`" in seen.text


def test_plan_is_numbered_and_submit_returns(desk):
    at = desk({})
    seen = at.call("plan", items=["look", " mend "])
    assert (seen.text, seen.data) == ("1. look\n2. mend", {"items": ["look", "mend"]})
    assert at.call("submit", summary="done").data == {"summary": "done"}


def test_run_tests_shows_counts_then_first_failures(desk):
    at = desk({})
    outcomes = {f"t.py::p{at}": "passed" for at in range(40)}
    outcomes |= {f"t.py::f{at}": "failed" for at in range(30)} | {"t.py::e": "error"}
    at.bench.report = TestReport(
        outcomes=outcomes,
        exit_codes={"pytest": 1},
        failures={f"t.py::f{at}": f"assert {at} == 0\n" * 300 for at in range(30)},
        duration_s=2.0,
    )
    seen = at.call("run_tests", targets="t.py")
    assert at.bench.asked == [("t.py",)]
    assert seen.text.startswith(
        "30 failed, 1 with errors, 40 passed in 2.0 s. `pytest` exited with 1.\n--- t.py::f0\n"
    )
    assert "Also failing:" in seen.text
    assert len(seen.text) <= 10_000
    assert TestReport.model_validate(seen.data["report"]) == at.bench.report


def test_run_tests_without_tests_shows_the_end_of_the_output(desk):
    at = desk({})
    at.bench.report = TestReport(exit_codes={"pytest": 5}, tail="no tests ran")
    assert "no tests ran" in at.call("run_tests").text


def test_bytes_that_show_longer_than_they_are_keep_the_exact_count(desk):
    at = desk({}, ToolLimits(output_chars=2000))
    for size in (900, 1900, 400_000):
        seen = at.call("shell", command=f"head -c {size} /dev/zero | tr '\\0' '\\377'")
        assert len(seen.text) <= 2000
        assert f" of {size} bytes elided" in seen.text
        assert at.bench.blobs.get(seen.blob) == b"\xff" * size


def test_a_command_that_ran_out_of_memory_is_told_with_the_limit(desk):
    at = desk({})
    if isinstance(at.sandbox, LocalSandbox):
        pytest.skip("a folder has no limit of its own")
    seen = at.call("shell", command="awk 'BEGIN { while (1) { s = s \"0123456789\" s } }'")
    assert seen.text.startswith("Killed: out of memory (limit 512 MB; exit code 137).")
