"""`jobs`: background commands are begun, listed, read and stopped on purpose."""

import re


def until(at, job: str, pattern: str) -> str:
    """Read a job until its text matches; the job itself decides when."""
    for _ in range(200):
        text = at.call("jobs", read=job).text
        if re.search(pattern, text, re.DOTALL):
            return text
    raise AssertionError(text)


def test_a_job_goes_on_while_other_commands_run(desk):
    at = desk({})
    begun = at.call("jobs", start="while [ ! -f go ]; do :; done; echo went; exit 3")
    assert begun.data == {"job": "j1"}
    assert "running" in at.call("jobs", read="j1").text
    assert at.call("shell", command="echo free").text == "Exit code 0.\nfree"
    at.call("shell", command="touch go")
    assert "went" in until(at, "j1", "ended with exit code 3")


def test_a_stopped_job_is_gone_with_its_children(desk):
    at = desk({})
    at.call("jobs", start="sh -c 'while :; do echo x >>ticks; done' & wait")
    at.call("shell", command="while [ ! -s ticks ]; do :; done")
    assert at.call("jobs", stop="j1").outcome == "ok"
    first = at.call("shell", command="wc -c <ticks").text
    assert at.call("shell", command="wc -c <ticks").text == first
    assert re.search("j1  (gone|ended)", at.call("jobs").text)


def test_all_jobs_are_listed_with_their_commands(desk):
    at = desk({})
    assert at.call("jobs").text == "There are no jobs."
    at.call("jobs", start="echo one")
    at.call("jobs", start="echo 'two words'")
    until(at, "j2", "ended with exit code 0")
    listed = at.call("jobs")
    assert "echo one" in listed.text
    assert "j2  ended with exit code 0  echo 'two words'" in listed.text
    assert listed.data == {"jobs": ["j1", "j2"]}


def test_an_unknown_job_and_two_wishes_at_once_are_refused(desk):
    at = desk({})
    assert "There is no job j7" in at.call("jobs", read="j7").text
    assert at.call("jobs", read="j1", stop="j1").outcome == "failed"


def test_a_job_that_wants_a_terminal_is_refused(desk):
    assert desk({}).call("jobs", start="vim a.txt").outcome == "refused"
