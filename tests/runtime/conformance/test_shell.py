"""The shell lasts: what a command does to itself ends with it, and the next one runs as if nothing
had happened."""

from collections.abc import Callable

import pytest

from swe_agent.core.errors import ToolFailure
from swe_agent.core.protocols import CommandResult
from swe_agent.runtime.sandbox import BrokerSandbox
from tests.runtime.conformance.rig import Rig, said

Run = Callable[..., CommandResult]

VALID = ~(0b11 << 31)
"""All signals but the two that the C library keeps for itself."""


def is_well(run: Run) -> bool:
    """Whether the shell still does its work, in the repository's folder or below `/`."""
    return said(run("echo well && pwd >/dev/null")) == (0, b"well\n")


def test_cd_persists(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir -p 'a b/c' && cd 'a b'")
    assert said(run("cd c && pwd")) == (0, f"{sandbox.root}/a b/c\n".encode())
    assert said(run("pwd")) == (0, f"{sandbox.root}/a b/c\n".encode())


def test_exports_persist_and_plain_variables_do_not(run: Run) -> None:
    run("export KEPT='two  words\nand a \"line\" $HOME' ; plain=1")
    assert said(run('printf %s "$KEPT${plain:-}"')) == (0, b'two  words\nand a "line" $HOME')
    run("unset KEPT")
    assert said(run('echo "[${KEPT-gone}]"')) == (0, b"[gone]\n")


def test_an_export_with_invalid_utf8_persists_byte_for_byte(run: Run) -> None:
    run("export ODD=$(printf 'a\\377b')")
    assert said(run('printf %s "$ODD"')) == (0, b"a\xffb")


def test_an_export_like_the_hosts_own_separators_is_only_an_export(run: Run) -> None:
    run("export ODD=$(printf '\\001=\\001x\\0012<\\001')")
    assert said(run('printf %s "$ODD" | wc -c'))[0] == 0
    assert is_well(run)


def test_cd_and_export_persist_through_exit(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir d; cd d; export A=1; exit 3")
    assert said(run('pwd; echo "$A"')) == (0, f"{sandbox.root}/d\n1\n".encode())


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("false", 1),
        ("exit 7", 7),
        ("(exit 9)", 9),
        ("exit 255", 255),
        ("set -e; false; echo no", 1),
        ("set -u; echo $no_such_thing; echo no", None),
        ("exec sh -c 'exit 5'", 5),
        ("exec 2>&1; exit 4", 4),
        ("no-such-program", 127),
        ("/", 126),
        ("return 6", 6),
        ("kill -9 $(sh -c 'echo $PPID')", 137),
        ("trap 'exit 8' EXIT; true", 8),
        ("trap 'echo bye' EXIT; exit 3", 3),
    ],
)
def test_exit_code_is_the_commands_own(run: Run, command: str, code: int | None) -> None:
    result = run(command)
    assert result.exit_code == code or (code is None and result.exit_code)
    assert b"no\n" not in result.output
    assert is_well(run)


@pytest.mark.parametrize(
    "command",
    [
        "echo 'unbalanced",
        'echo "unbalanced',
        "echo $((1 + ",
        "echo $(ls",
        "cat <<END\nno end",
        "if true; then",
        ")",
        "}",
        "fi",
        "case x in",
        "f() {",
        "&&",
        "\\",
        "echo `",
        "#",
        "",
        "\n\n",
        "break",
        "continue 5",
        "shift 3",
        "eval 'echo \"'",
        ". /no/such/file",
        "exec /no/such/file",
        "exec </no/such/file",
        "exec >&-",
        "exec >&- 2>&-; echo lost",
        "exec 2>&1 1>/dev/null",
        "exec 0<&- 3<&- 4<&-",
        "set -n",
        "set -x; set -v; set -f; set -C",
        "set -o noglob; set -eu",
        "IFS=abc; export IFS",
        "export PATH=",
        "export PATH=/nowhere; cat",
        "unset PATH HOME PWD IFS",
        "export HOME=/nowhere LANG=xx LC_ALL=C ENV=/nope BASH_ENV=/nope PS4='$(exit 3)'",
        "trap '' EXIT INT TERM HUP QUIT; true",
        "trap - EXIT; true",
        "trap 'sleep 0; exit 3' EXIT; exit 1",
        "umask 777",
        "ulimit -n 3",
        "ulimit -f 0",
        "alias echo=false pwd=false cd=false; true",
        "readonly PATH HOME",
        "readonly swe_code; swe_left=x; swe_home=/nowhere; swe_root=/nowhere; n=x",
        "readonly swe_code=1 swe_left=1; export swe_code swe_left",
        "export swe_home=/nowhere swe_root=/nowhere swe_line=x swe_left= swe_code= n=",
        "export OPTIND=5 OPTARG=x PPID=1 UID=0",
        "set -- a b c; shift",
        "echo() { false; }; pwd() { false; }; true",
    ],
)
def test_a_broken_command_breaks_nothing_but_itself(
    run: Run, sandbox: BrokerSandbox, command: str
) -> None:
    result = run(command)
    assert not result.timed_out
    assert said(run("unset n; n=1; echo well")) == (0, b"well\n")
    sandbox.write_file("f", b"1")
    assert sandbox.read_file("f") == b"1"


@pytest.mark.parametrize("name", ["printf", "eval", "trap", "pwd", "cd", "export", "unset", "exit"])
def test_functions_do_not_outlive_their_command(run: Run, name: str) -> None:
    run(f"{name}() {{ :; }}; true")
    assert said(run("export A=1; unset B; cd /; echo well; pwd")) == (0, b"well\n/\n")


@pytest.mark.parametrize("name", ["SHELLOPTS", "BASHOPTS", "UID", "EUID", "PPID", "BASHPID"])
def test_the_shells_readonly_names_may_be_exported(run: Run, name: str) -> None:
    run(f"export {name}; export AFTER=1")
    run("true")
    assert said(run('echo "$AFTER"')) == (0, b"1\n")


@pytest.mark.unlike_none("it would reach every process that there is")
@pytest.mark.parametrize(
    "command",
    [
        "kill -9 $$",
        "kill -9 1",
        "kill -9 -1",
        "kill -9 0",
        "kill 0",
        "kill -15 $$",
        "kill -2 1",
        "kill -INT 0",
        "kill -INT -1",
        "kill -HUP -1",
        "kill -QUIT -1",
        "kill -STOP 1; kill -TSTP 1",
        "kill -ALRM -1; kill -USR1 1; kill -USR2 1; kill -CHLD 1; kill -PIPE 1",
        "kill -INT $$; sleep 0.1; kill -INT $$",
        "(sleep 0.2; kill -INT -1) & sleep 5",
        "i=1; while [ $i -lt 65 ]; do kill -$i 1; i=$((i+1)); done",
    ],
)
def test_no_signal_ends_the_shell(run: Run, sandbox: BrokerSandbox, command: str) -> None:
    assert not run(command).timed_out
    assert is_well(run)
    sandbox.write_file("f", b"1")
    assert sandbox.tree().read("f") == b"1"


@pytest.mark.unlike_none("it would reach every process that there is")
@pytest.mark.parametrize("signal", ["KILL", "TERM", pytest.param("STOP", marks=pytest.mark.soak)])
def test_the_shell_that_stands_by_may_be_taken_away(
    run: Run, sandbox: BrokerSandbox, signal: str
) -> None:
    run("export A=1; cd /tmp")
    sandbox.execute(f"kill -{signal} -1", 20)
    assert said(run("echo $A; pwd", 30)) == (0, b"1\n/tmp\n")
    assert said(run("echo $A; pwd", 30)) == (0, b"1\n/tmp\n")


@pytest.mark.parametrize("name", ["run", "ask", "put", "bytes", "unpack", "again", "mend"])
def test_the_hosts_own_words_are_no_commands(run: Run, name: str) -> None:
    assert run(f"{name} 1 2").exit_code == 127


def test_a_command_has_no_arguments(run: Run) -> None:
    assert said(run('echo "$#"')) == (0, b"0\n")


def test_commands_get_signals_as_in_any_shell(run: Run) -> None:
    assert run("sh -c 'kill -INT $$; exit 0'").exit_code == 130
    assert run("sh -c 'kill -TERM $$; exit 0'").exit_code == 143
    assert said(run("trap 'echo got' TERM; kill -TERM $(sh -c 'echo $PPID'); true")) == (
        0,
        b"got\n",
    )


def test_no_command_ignores_a_signal(rig: Rig) -> None:
    sandbox = rig.fresh()
    for _ in range(3):
        ignored = sandbox.run("sed -n 's/^SigIgn:.//p' /proc/self/status", 10).output
        assert int(ignored, 16) & VALID == 0
    sandbox.close()


def test_stdin_is_closed(run: Run) -> None:
    assert said(run("cat; read x; echo $?", 10)) == (0, b"1\n")


def test_a_deleted_working_folder_leads_back_to_the_root(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir gone; cd gone; rmdir ../gone")
    assert said(run("pwd")) == (0, f"{sandbox.root}\n".encode())


def test_a_working_folder_that_became_a_file_leads_back(run: Run, sandbox: BrokerSandbox) -> None:
    run("mkdir x; cd x")
    run(f"cd {sandbox.root}; rmdir x; cd /tmp")
    sandbox.write_file("x", b"")
    assert is_well(run)


@pytest.mark.parametrize("name", ["a b", "-dash", "$(x)", "é", "q'\"q", "*", "trailing "])
def test_a_folder_with_an_odd_name_may_be_worked_in(
    run: Run, sandbox: BrokerSandbox, name: str
) -> None:
    sandbox.write_file(f"{name}/f", b"1")
    word = "'" + name.replace("'", "'\\''") + "'"
    run(f"cd ./{word}")
    assert said(run("cat f")) == (0, b"1")


def test_text_of_a_command_is_preserved_exactly(run: Run) -> None:
    text = "tab\tcr\rbs\\n \\\\ 'q' \"dq\" `b` $HOME $(x) é \u2028 \U0001f600 #{} !x ~ *\n\nend \\"
    body = text.replace("'", "'\\''")
    assert said(run(f"printf %s '{body}'")) == (0, text.encode())


def test_bytes_of_a_command_that_are_not_utf8_are_preserved(run: Run) -> None:
    odd = b"a\xff\xfe\x80b".decode("utf-8", "surrogateescape")
    assert said(run(f"printf %s '{odd}'")) == (0, b"a\xff\xfe\x80b")


def test_a_command_of_200_kb_is_run(run: Run) -> None:
    text = "0123456789abcde\n" * 12_500
    result = run(f"x='{text}'; echo ${{#x}}", 120)  # every shell reads it byte by byte
    assert said(result) == (0, b"200000\n")


@pytest.mark.parametrize("size", [3_000, 3_950, 4_050, 70_000])
def test_a_command_of_any_length_is_run_whole(run: Run, size: int) -> None:
    """Short ones go to the shell that stands by; its pipe holds no more."""
    run("export A=1")
    text = "é" * (size // 2)
    assert said(run(f"echo '{text}' | wc -c; echo $A")) == (0, f"{size + 1}\n1\n".encode())


def test_a_here_document_is_one_command(run: Run) -> None:
    assert said(run("cat <<'E'\na 'b'\n$c\nE\necho end")) == (0, b"a 'b'\n$c\nend\n")


def test_a_nul_in_a_command_is_refused(run: Run, sandbox: BrokerSandbox) -> None:
    with pytest.raises(ToolFailure, match="NUL"):
        run("echo a\0b")
    with pytest.raises(ToolFailure, match="NUL"):
        sandbox.execute("echo a\0b", 5)
    assert is_well(run)


def test_stdout_and_stderr_come_in_the_order_written(run: Run) -> None:
    command = "for i in 1 2 3; do echo o$i; echo e$i >&2; done"
    assert said(run(command)) == (0, b"o1\ne1\no2\ne2\no3\ne3\n")


def test_an_argument_list_that_is_too_long_fails_alone(run: Run) -> None:
    run("x=0123456789; i=0; while [ $i -lt 15 ]; do x=$x$x; i=$((i+1)); done; export BIG=$x")
    assert run("cat /dev/null").exit_code != 0
    run("unset BIG")
    assert said(run("echo 1 | cat")) == (0, b"1\n")


@pytest.mark.unlike_none("process 1 is not its broker")
@pytest.mark.parametrize("name", ["fd/0", "fd/2", "mem", "environ"])
def test_the_brokers_files_and_memory_are_not_to_be_had(run: Run, name: str) -> None:
    """Whoever reads its input steals requests, whoever writes to its output forges replies."""
    result = run(f"{{ echo had; }} 5{'>' if name == 'fd/2' else '<'}/proc/1/{name}")
    assert result.exit_code != 0
    assert b"had\n" not in result.output
    assert said(run("echo next")) == (0, b"next\n")


@pytest.mark.unlike_none("process 1 is not its broker")
def test_commands_may_look_at_processes_of_their_own(run: Run) -> None:
    assert run("sleep 5 & ls /proc/$!/fd >/dev/null").exit_code == 0


def test_the_brokers_program_may_go(run: Run, sandbox: BrokerSandbox) -> None:
    run('rm -f /.swe-agent/*sh; rm -f "$HOME"/../*sh')
    assert said(run("echo next")) == (0, b"next\n")
    assert sandbox.ask("echo asked") == b"asked\n"
