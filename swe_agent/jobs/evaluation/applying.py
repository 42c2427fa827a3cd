"""Patches applied inside a sandbox, as the official harness does it: what git refuses, patch may
take."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Protocol

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import CommandResult
from swe_agent.core.text import decoded
from swe_agent.jobs.evaluation.markers import APPLIED, APPLY_FAILED

CHAIN = (
    "git apply --verbose",
    "git apply --verbose --3way",
    "git apply --verbose --reject",
    "patch --batch --forward --fuzz=5 -p1 -i",
)
_FILE = "/tmp/patch.diff"
_TEST_FILE = "/tmp/test_patch.diff"
_TIMEOUT_S = 300.0
_TRUST = "export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'; "
_RESET = "git checkout -- . ; git clean -fd"
_NAMED = re.compile(r"^(?:---|\+\+\+) (?:[ab]/)?(.+?)(?:\t.*)?$", re.MULTILINE)
_NOTHING = "/dev/null"


class TrialBox(Protocol):
    """Where a prediction is tried: commands in the work tree, and files. A sandbox is one."""

    @property
    def shell(self) -> str: ...

    def execute(self, command: str, timeout_s: float) -> CommandResult: ...

    def write_file(self, path: str, content: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Applied:
    """Whether a patch is in the tree, and what the programs said about it."""

    ok: bool
    log: str


def apply_patch(box: TrialBox, patch: str, kept: Sequence[str] = ()) -> Applied:
    """Try each way in turn, from a clean tree each; the first that works counts.

    A patch that is in the tree at the end counts too, whatever the programs said. `kept` are
    folders that set-up made: they are not cleaned away.

    Raises:
        EnvironmentFault: the sandbox has no git, or is lost.
    """
    require_git(box)
    box.write_file(_FILE, patch.encode("utf-8", "replace"))
    said: list[str] = []
    reset = " ".join((_RESET, *(f"-e {quote('/' + name)}" for name in kept)))
    for at, command in enumerate(CHAIN):
        if at:
            _run(box, reset)
        code, output = _run(box, f"{command} {_FILE}")
        if code == 0:
            return Applied(True, f"{APPLIED}:\n{output}")
        said.append(f"Failed: {command}\n{output}")
    code, _ = _run(box, f"git apply --check --reverse {_FILE}")
    if code == 0:
        return Applied(True, f"{APPLIED}: it is in the tree already")
    return Applied(False, "\n".join((*said, APPLY_FAILED)))


def put_tests(box: TrialBox, test_patch: str) -> Applied:
    """Take the files of the test patch back to the base, whatever a patch did to them, and apply
    it.

    Raises:
        EnvironmentFault: the sandbox is lost.
    """
    if not test_patch.strip():
        return Applied(True, "there is no test patch")
    box.write_file(_TEST_FILE, test_patch.encode("utf-8", "replace"))
    names = " ".join(map(quote, files_of(test_patch)))
    back = f'for f in {names}; do rm -rf "./$f"; git checkout HEAD -- "$f" 2>/dev/null; done; true'
    _, restored = _run(box, back)
    code, output = _run(box, f"git apply -v {_TEST_FILE}")
    return Applied(code == 0, f"{restored}{output}")


def files_of(patch: str) -> tuple[str, ...]:
    """The files that a patch names, sorted.

    >>> files_of("--- /dev/null\\n+++ b/t/new.py\\n@@ -0,0 +1 @@\\n+x\\n")
    ('t/new.py',)
    """
    return tuple(sorted({name for name in _NAMED.findall(patch) if name != _NOTHING}))


def require_git(box: TrialBox) -> None:
    """
    Raises:
        EnvironmentFault: there is no git in the sandbox.
    """
    code, _ = _run(box, "command -v git >/dev/null")
    if code:
        raise EnvironmentFault(
            "The task's image has no git, which patches are applied with.",
            "Use an image that has git.",
        )


def _run(box: TrialBox, command: str) -> tuple[int, str]:
    result = box.execute(_TRUST + command, _TIMEOUT_S)
    return result.exit_code, decoded(result.output)
