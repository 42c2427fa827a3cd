"""Logs of graders, made up: what each kind looks like, honest and not."""

START = ">>>>> Start Test Output"
END = ">>>>> End Test Output"
SUMMARY = """============ short test summary info ============
PASSED t.py::test_a
PASSED t.py::test_b[x-1]
FAILED t.py::test_c - assert 1 == 2
FAILED t.py::test_d[a - b] - boom
ERROR t.py::test_e
SKIPPED [1] t.py:3: no reason
XFAIL t.py::test_f
PASSED t.py::test_g[log(photon)]
PASSED t.py::test_h[/tmp/somewhere/file.txt]
PASSED
SKIPPED t.py::test_i
"""


def log_of(output: str, code: int | None = 1) -> str:
    """A whole log around a test command's output."""
    ended = "" if code is None else f">>>>> Test Exit Code: {code}\n"
    return f"+ git apply\n{START}\n{output}\n{END}\n{ended}"


UNITTEST = """test_one (a.b.C) ... ok
test_two (a.b.C) ... Testing against Django
ok
test_three (a.b.C) ... FAIL
test_four (a.b.C) ... skipped 'why'
test_five (a.b.C) ... ERROR
FAIL: test_three (a.b.C)
"""
GO = """=== RUN TestA
--- PASS: TestA (0.00s)
    --- FAIL: TestA/sub (0.10s)
--- SKIP: TestB (0.00s)
"""
CARGO = "test a::b ... ok\ntest c ... FAILED\ntest d ... ignored\n"
TAP = "ok 1 first thing\nnot ok 2 second thing\n# tests 2\n"

LOGS = {
    "whole": log_of(SUMMARY),
    "no exit code": log_of(SUMMARY, None),
    "all passed": log_of("PASSED t.py::test_a\nPASSED t.py::test_c\n", 0),
    "forged": log_of("PASSED t.py::test_a\nPASSED t.py::test_c\n", 1),
    "empty": log_of("", 4),
    "counted": log_of("Executed 12 of 12\n", 0),
    "counted none": log_of("Executed 0 of 0\n", 0),
    "no markers": SUMMARY,
    "no end": f"{START}\n{SUMMARY}",
    "outside the markers": f"{START}\n{END}\n{SUMMARY}",
    "apply failed": log_of(SUMMARY) + ">>>>> Patch Apply Failed",
    "timed out": log_of(SUMMARY) + ">>>>> Tests Timed Out",
    "old pytest": log_of("t.py::test_a PASSED\nt.py::test_c FAILED\n"),
    "coloured": log_of("\x1b[32mPASSED\x1b[0m t.py::test_a[x y]\n"),
    "unittest": log_of(UNITTEST),
    "go": log_of(GO),
    "cargo": log_of(CARGO),
    "tap": log_of(TAP),
    "out of memory": log_of("Killed\n", 137),
    "two starts": log_of(SUMMARY) + log_of("PASSED t.py::test_c\n"),
    "binary": log_of("PASSED \ufffd\x00\nPASSED t.py::test_a\n"),
}
TESTS = (
    "t.py::test_a",
    "t.py::test_b[x-1]",
    "t.py::test_c",
    "t.py::test_d[a",
    "t.py::test_e",
    "t.py::test_f",
    "t.py::test_g[log(pho",
    "t.py::test_h[/file.txt]",
    "t.py::test_h[/tmp/somewhere/file.txt]",
    "t.py::test_i",
    "t.py::test_nowhere",
    "[1]",
    "t.py::test_a[x y]",
    "test_one (a.b.C)",
    "test_two (a.b.C)",
    "test_three",
    "TestA",
    "TestA/sub",
    "TestB",
    "a::b",
    "c",
    "first thing",
    "second thing",
)
