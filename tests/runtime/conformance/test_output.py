"""Output is bytes: any of them, however many, and none of them is ever taken for the protocol."""

import resource
from collections.abc import Callable

import pytest

from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.output import SPOOL_BYTES
from swe_agent.runtime.sandbox import BrokerSandbox
from tests.runtime.conformance.rig import said

Run = Callable[..., CommandResult]

FAKES = {
    "begin marker": b"\x010123456789abcdef<\x01",
    "end marker": b"\x010123456789abcdef>0\x01",
    "half a marker": b"\x010123456789abc",
    "separator": b"\x01=\x01",
    "field separators": b"\x02a\x03\n",
    "frame header": b"\x01\0\0\0\0\0\0\x05hello\x02\0\0\0\xff\xff\xff\xff",
    "nul": b"a\0b\0",
    "invalid utf-8": b"\xff\xfe\xc3(\x80",
    "terminal": b"\x1b[2J\x1b]0;x\x07\x1bc\r\x08",
    "no newline": b"end",
    "other tools' markers": b"###SENTINEL### EXITCODESTART0EXITCODEEND ---CMD_DONE---\n",
    "every byte": bytes(range(256)),
}


def octal(content: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in content)


@pytest.mark.parametrize("content", FAKES.values(), ids=FAKES.keys())
def test_output_is_exact(run: Run, sandbox: BrokerSandbox, content: bytes) -> None:
    command = f"printf '{octal(content)}'; exit 5"
    assert said(run(command)) == (5, content)
    assert said(run(f"printf '{octal(content)}' >&2")) == (0, content)
    assert said(sandbox.execute(command, 20)) == (5, content)
    assert said(run("echo next")) == (0, b"next\n")


def test_no_output_is_no_output(run: Run) -> None:
    result = run("true")
    assert (result.output, result.total_bytes, result.spool) == (b"", 0, None)


@pytest.mark.parametrize("size", [63, 64, 65, 4096, 127_999, 128_000, 128_001])
def test_output_of_any_size_is_counted(run: Run, size: int) -> None:
    result = run(f"head -c {size} /dev/zero")
    assert (result.exit_code, result.total_bytes) == (0, size)
    assert (len(result.output) == size) == (result.spool is None)
    if result.spool:
        assert result.spool.read_bytes() == bytes(size)
        result.spool.unlink()


def test_a_hundred_megabytes_do_not_fill_the_hosts_memory(run: Run) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run("echo first; head -c 100000000 /dev/zero; echo; echo last", 120)
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert result.total_bytes == 6 + 100_000_000 + 6
    assert result.output.startswith(b"first\n")
    assert result.output.endswith(b"\nlast\n")
    assert b"bytes elided" in result.output
    assert len(result.output) < 200_000
    assert result.spool is not None
    assert result.spool.stat().st_size == SPOOL_BYTES
    result.spool.unlink()
    assert grown_kb < 64_000


def test_many_lines_come_whole_into_the_spool(run: Run) -> None:
    result = run("i=0; while [ $i -lt 30000 ]; do echo line $i; i=$((i+1)); done", 60)
    assert result.spool is not None
    assert result.spool.read_bytes() == b"".join(b"line %d\n" % i for i in range(30_000))
    result.spool.unlink()


def test_partial_output_is_kept_at_a_time_out(run: Run) -> None:
    result = run("echo before; sleep 60; echo after", 1)
    assert (result.exit_code, result.timed_out) == (124, True)
    assert result.output == b"before\n"


def test_output_without_end_is_stopped_at_the_time_out(run: Run) -> None:
    result = run("yes", 1)
    assert result.timed_out
    assert result.total_bytes > 1_000_000
    assert result.output.startswith(b"y\ny\n")
    if result.spool:
        result.spool.unlink()
    assert said(run("echo next")) == (0, b"next\n")


def test_a_background_job_cannot_garble_a_file(run: Run, sandbox: BrokerSandbox) -> None:
    sandbox.write_file("f", b"exact\n")
    run("(while :; do printf '\\001noise>0\\001'; sleep 0.01; done) 2>&1 & true")
    for number in range(20):
        content = b"%d\n" % number
        sandbox.write_file("g", content)
        assert sandbox.read_file("f") == b"exact\n"
        assert sandbox.read_file("g") == content
    assert sandbox.tree().read("g") == b"19\n"


def test_noise_of_background_jobs_is_dropped_between_commands(
    run: Run, sandbox: BrokerSandbox
) -> None:
    run("(sleep 0.2; yes | head -c 3000000) & true")
    sandbox.execute("sleep 1", 20)
    sandbox.sweep()
    assert said(run("echo mine")) == (0, b"mine\n")


@pytest.mark.unlike_none("what `execute` starts ends with it")
def test_a_daemon_does_not_hold_its_command_back(run: Run, sandbox: BrokerSandbox) -> None:
    result = run("sleep 77 & echo started")
    assert said(result) == (0, b"started\n")
    assert result.duration_s < 5
    result = sandbox.execute("sleep 78 & echo started", 30)
    assert said(result) == (0, b"started\n")
    assert result.duration_s < 10
    swept = " ".join(sandbox.sweep())
    assert "sleep 77" in swept
    assert "sleep 78" in swept
