"""The leak guard: no environment of a batch may reach history that comes after a task's base, and a
command that digs for it is noted.

Sandboxes get a git repository of one commit; what else an image may hold is looked for in it.
"""

import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from shlex import quote

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.messages import ToolCall
from swe_agent.core.protocols import Sandbox
from swe_agent.core.text import decoded, visible

TIMEOUT_S = 300.0
PROBE = r"""
g() { git -c safe.directory='*' "$@" 2>/dev/null; }
if command -v git >/dev/null 2>&1; then
  echo "commits $(g cat-file --batch-all-objects --batch-check | grep -c ' commit ')"
  echo "refs $(g for-each-ref --format='%(objectname)' | sort -u | wc -l)"
  echo "remotes $(g remote | wc -l)"
fi
find / -xdev \( -path /proc -o -path /sys -o -path "$PWD/.git" \) -prune -o \
  -type d -name objects -print 2>/dev/null | while read -r d; do
  r=${d%/objects}
  if [ -n "$head" ] && [ -f "$r/HEAD" ] && [ -d "$r/refs" ] &&
    g --git-dir="$r" cat-file -e "$head^{commit}"; then echo "repository $r"; fi
done
echo over
"""
"""Counts the commits that the work tree's git holds, reachable or not, and lists other git
repositories of the file system that have the base commit."""

_DIGGING = re.compile(
    r"\bgit(?:\s+-[Cc]\s+\S+|\s+--?[\w-]+(?:=\S+)?)*\s+(?:"
    r"(?:log|rev-list|show|grep|for-each-ref|show-ref|cat-file|shortlog)\b[^|;&\n]*?"
    r"\s(?:--all|--branches|--remotes|--reflog|--walk-reflogs|-g|--batch-all-objects)\b"
    r"|branch\b[^|;&\n]*?\s(?:-a|-r|-ra|-ar|--all|--remotes)\b"
    r"|reflog\b|fsck\b|fetch\b|pull\b|clone\b|ls-remote\b|remote\s+(?:add|set-url|update)\b"
    r"|unpack-objects\b|verify-pack\b"
    r"|(?:show|checkout|switch|diff|cherry-pick|restore|reset|log)\b[^|;&\n]*?"
    r"\s(?:[0-9a-f]{7,40}\b|(?:origin|upstream)/)"
    r")"
    r"|\b(?:curl|wget|pip3?|uv|urlopen|requests\.get)\b[^\n]*?"
    r"(?:github\.com|githubusercontent\.com|gitlab\.com)/"
    r"|\bpip3?\s+download\b|/objects/pack\b",
)


class LeakFound(EnvironmentFault):
    """The environment holds history that the task's base does not."""


class LeakGuard:
    """Probes each image once for a base; safe to use from all workers of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], threading.Lock] = {}
        self._found: dict[tuple[str, str], str] = {}

    def __call__(
        self, image: str, head: str, open_fresh: Callable[[], AbstractContextManager[Sandbox]]
    ) -> None:
        """Look into an environment for a base commit, unless it is known.

        Raises:
            LeakFound: it is not.
        """
        with self._lock:
            turn = self._turns.setdefault((image, head), threading.Lock())
        with turn:
            if (image, head) not in self._found:
                with open_fresh() as sandbox:
                    self._found[image, head] = leak_in(sandbox, head)
        if why := self._found[image, head]:
            raise LeakFound(
                f"The environment {image} holds history beyond the task's base: {why}.",
                "Use an image without it, or pass --allow-history.",
            )


def leak_in(sandbox: Sandbox, head: str = "") -> str:
    """What history a fresh sandbox can reach beside its one commit; empty: none.

    Args:
        sandbox: fresh.
        head: the task's base commit; another repository that has it is one of the same project.

    Raises:
        EnvironmentFault: the probe did not come to its end.
    """
    said = decoded(sandbox.execute(f"head={quote(head)}\n{PROBE}", TIMEOUT_S).output).splitlines()
    if "over" not in said:
        tail = " ".join(said)[-200:]
        raise EnvironmentFault(f"The probe for history did not end: {visible(tail)}")
    counts = dict(line.split(" ", 1) for line in said if " " in line and line[0] in "cr")
    for name, most in (("commits", 1), ("refs", 1), ("remotes", 0)):
        count = counts.get(name, "0").strip()
        if count.isdecimal() and int(count) > most:
            return f"its git has {count} {name}"
    others = [line.removeprefix("repository ") for line in said if line.startswith("repository ")]
    return f"there is a git repository in {visible(', '.join(others[:3]))}" if others else ""


def digs(call: ToolCall) -> str:
    """The part of a tool call that digs for history or for the upstream repository; empty: none.

    >>> digs(ToolCall(id="1", name="shell", arguments={"command": "cd src; git log --all -S x"}))
    'git log --all'
    >>> digs(ToolCall(id="1", name="shell", arguments={"command": "git log -3 && git diff"}))
    ''
    """
    command = call.arguments.get("command")
    found = _DIGGING.search(command) if isinstance(command, str) else None
    return visible(found.group())[:200] if found else ""
