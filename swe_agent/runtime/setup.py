"""Set-up: what is run once to make an environment, under which key its image is kept, and what of
it stays in that image."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.protocols import CommandResult, Entry
from swe_agent.core.text import decoded
from swe_agent.runtime.docker import DockerBox
from swe_agent.runtime.store import TreeStore
from swe_agent.runtime.tarball import tar_of_entries
from swe_agent.settings.registries import logins_in, without_logins

if TYPE_CHECKING:
    from docker import DockerClient

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHOWN_LINES = 20
_CACHES = (
    r"find . \( -name .venv -o -name venv -o -name node_modules -o -name .tox \) -prune "
    "-o -type d -name __pycache__ -prune -exec rm -rf {} +"
)
_PRIVATE = "/.swe-agent"
_SPECIAL, _ESCAPED = re.compile(r"[][\\/.*^$]"), r"\\\g<0>"
"""What `sed` takes for more than itself."""
EMPTY = (
    "git ls-files -z 2>/dev/null | xargs -0 rm -f --; "
    f"find . -type d -empty -delete; {_CACHES}; true"
)
"""Takes what its own git tracks out of a work tree."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """How the environment is prepared."""

    image: str
    commands: tuple[str, ...] = ()
    timeout_s: float = 1800.0
    """Of all commands together."""
    network: bool = True
    inputs: tuple[str, ...] | None = None
    """What the commands depend on, `path hash` each; None: the whole tree."""
    folders: tuple[str, ...] = ()
    """Absolute folders that the commands of the sandbox's uid use too."""
    path: tuple[str, ...] = ()
    """Folders that go first on PATH."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Environment of set-up and of all later commands."""
    passed_on: Mapping[str, str] = field(default_factory=dict)
    """Environment of set-up alone; may hold secrets."""

    def key(self, image_id: str, tree: str, version_tag: str = "") -> str:
        """What has to be equal for the image of an earlier set-up to be used again."""
        known: list[object] = [image_id, self.commands, sorted(self.env.items()), self.path]
        if self.inputs is None:
            known.append(tree)
        else:
            known += [self.inputs, self.folders, version_tag]
        return hashlib.sha256(json.dumps(known).encode()).hexdigest()[:32]

    def exports(self, root: str, old_path: str) -> dict[str, str]:
        """The environment that stays, with PATH."""
        if not self.path:
            return dict(self.env)
        own = [one if one.startswith("/") else f"{root}/{one}" for one in self.path]
        return {**self.env, "PATH": ":".join([*own, old_path])}


def path_in(image: Mapping[str, Any]) -> str:
    """PATH as an image sets it; `image` is what the engine knows of it."""
    rows = (image.get("Config") or {}).get("Env") or []
    return next((row[5:] for row in rows if row.startswith("PATH=")), DEFAULT_PATH)


def exporting(env: Mapping[str, str], command: str) -> str:
    """A command with variables exported before it.

    >>> exporting({"A": "b c"}, "make")
    "export A='b c'; make"
    """
    return "".join(f"export {name}={quote(value)}; " for name, value in env.items()) + command


def require_done(setup: SetUp, command: str, result: CommandResult) -> None:
    """
    Raises:
        EnvironmentFault: the set-up command failed; the message has what it printed last.
    """
    if result.exit_code == 0:
        return
    limit = f"took more than {setup.timeout_s:g} s"
    why = limit if result.timed_out else f"exit {result.exit_code}"
    lines = [line for line in decoded(result.output).splitlines() if line.strip()]
    tail = without_logins("\n".join(lines[-_SHOWN_LINES:]), setup.passed_on)
    step = "Give the right commands with --setup 'COMMAND', or another image with --image."
    if not setup.network:
        step = "Set-up has no network (--network off): allow it with --network setup. " + step
    elif re.search(r"resolve|connection|network|timed out|proxy|no matching distr", tail, re.I):
        step = "Check that this machine reaches the package registry. " + step
    raise EnvironmentFault(f"set-up failed: `{command}` ({why})\n{tail}", step)


def without_traces(passed: Mapping[str, str], *places: str) -> str:
    """The command that takes the logins of passed-on addresses out of what set-up wrote there;
    empty where they have none.

    Package tools write addresses into lock files and records of what they installed.
    """
    logins = logins_in(passed)
    if not logins:
        return ""
    sought = " ".join(f"-e {quote(login)}" for login in logins)
    script = ";".join(f"s/{_SPECIAL.sub(_ESCAPED, login)}/***/g" for login in logins)
    found = f"find {' '.join(places)} -xdev -type f -exec grep -lF {sought} {{}} +"
    edit = f'LC_ALL=C sed -i -e {quote(script)} "$file"'
    return f"{found} 2>/dev/null | while IFS= read -r file; do {edit}; done; true"


def left_clean(client: "DockerClient", box: DockerBox, store: TreeStore, tree: str) -> str:
    """Hand over the list of what is the repository's; the command that leaves in the image only
    what set-up made.

    Files of the repository come from the tree each time, so an edited one is never stale. Byte code
    is taken out too: it is told from its source by size and time, and files that we put in all have
    the same time.
    """
    files, folders = list[str](), list[str]()
    for path, entry in store.walk(tree):
        (folders if entry.kind == "folder" else files).append(path)
    rows: dict[str, Entry] = {}
    for name, paths in (("files", files), ("folders", folders[::-1])):
        content = "".join(f"./{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        rows[name] = Entry("file", store.put(content), len(content), 0o600)
    client.api.put_archive(box.container, _PRIVATE, b"".join(tar_of_entries(store, rows)))
    return (
        f"xargs -0 rm -f -- <{_PRIVATE}/files; "
        f"xargs -0 rmdir -- <{_PRIVATE}/folders 2>/dev/null; {_CACHES}; true"
    )
