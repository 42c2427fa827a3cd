"""Whether tests can be collected at all, asked without running them."""

import re
from collections.abc import Sequence

from swe_agent.core.protocols import Sandbox
from swe_agent.core.text import decoded
from swe_agent.verify.runners import NOTHING_COLLECTED

_PYTEST = re.compile(r"(?<![\w.-])py\.?test(?![\w-])")
_UNITTEST = re.compile(r"(?<=-m )unittest(?![\w.])")
_NO_REASON = "Failed to import test module"
_TELLING = re.compile(r"^E?\s*(\w*Error\b.*|.*not found.*|.*No module named.*)")


def can_tell(command: str) -> bool:
    """Whether a command is one whose tests can be collected without running them.

    >>> can_tell("python3 -m pytest -q"), can_tell("make test")
    (True, False)
    """
    return bool(_PYTEST.search(command) or _UNITTEST.search(command))


def why_not_collected(sandbox: Sandbox, commands: Sequence[str], timeout_s: float) -> str:
    """What keeps tests from being collected, in one line; empty where all are.

    Commands that cannot tell are passed over.

    Raises:
        SandboxLost: the sandbox is gone.
    """
    for command in filter(can_tell, commands):
        result = sandbox.execute(_collecting(command), timeout_s)
        if result.spool is not None:
            result.spool.unlink(missing_ok=True)
        if result.exit_code not in (0, NOTHING_COLLECTED):
            lines = [line.strip() for line in decoded(result.output).splitlines() if line.strip()]
            lines = [line for line in lines if line.startswith("E ")] or lines
            lines = [line for line in lines if _NO_REASON not in line] or lines
            telling = [match[1] for line in lines if (match := _TELLING.match(line))]
            return (telling or lines[-1:] or [f"exit {result.exit_code}"])[0]
    return ""


def _collecting(command: str) -> str:
    """The command, made to load its tests and to run none.

    >>> _collecting("python3 -m pytest -q; true"), _collecting("python3 -m unittest -v")
    ('python3 -m pytest --collect-only -q; true', 'python3 -m unittest -k no-such-test. -v')
    """
    if _PYTEST.search(command):
        return _PYTEST.sub(lambda match: f"{match[0]} --collect-only", command, count=1)
    # A module that does not load is a failing test whatever the pattern.
    return _with_discovery(command)


def _with_discovery(command: str) -> str:
    match = re.search(r"-m unittest( discover)?", command)
    assert match, "a unittest command"
    return f"{command[: match.end()]} -k no-such-test.{command[match.end() :]}"
