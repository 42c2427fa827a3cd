"""The seams: what a model, a sandbox and a reader of trees promise. Implementations prove
themselves where they are written, with a typed assignment under `TYPE_CHECKING`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:  # the index and its workers start without pydantic
    from pydantic import JsonValue

    from swe_agent.core.errors import ModelFault
    from swe_agent.core.events import Checkpoint, Event
    from swe_agent.core.messages import Message, Turn


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model is told of it."""

    name: str
    description: str
    schema: "dict[str, JsonValue]"
    """JSON schema of the arguments object."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """The most that one request may use up."""

    usd: float
    tokens: int = 0
    """Counted where the price is unknown, else 0."""


class RequestWatch(Protocol):
    """Who is told of each request that one reply takes."""

    def calling(self, model: str, reserve: Reserve) -> None:
        """Right before a request is sent.

        Raises:
            LimitReached: it cannot be afforded.
        """
        ...

    def sent(self) -> None:
        """The request is on its way, and its reply is waited for: time for what may be done
        meanwhile. Not told by a model that sends nothing."""
        ...

    def failed(self, fault: "ModelFault", wait_s: float | None) -> None:
        """It came to no whole reply; it is asked again after `wait_s`, or not (None)."""
        ...

    def said(self, text: str) -> None:
        """A piece of the text as it comes in, for the eye alone: the reply may never be whole."""
        ...


Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that one model call is made of."""

    system: str
    history: "tuple[Message, ...]"
    tools: tuple[ToolSpec, ...]
    max_output_tokens: int = 8192
    effort: Effort | None = None
    """How hard the model is to think; None: as the vendor does by itself."""
    temperature: float | None = None
    watch: RequestWatch | None = field(default=None, compare=False, repr=False)
    look: Callable[[str], bytes] | None = field(default=None, compare=False, repr=False)
    """Gives a picture's bytes by its hash; None: no pictures are sent."""
    left_out: "tuple[Message, ...]" = field(default=(), repr=False)
    """Messages that came before and are not sent: for models that count replies."""

    @property
    def whole(self) -> "tuple[Message, ...]":
        """All messages, those left out first."""
        return (*self.left_out, *self.history)


class Model(Protocol):
    """One mind, hosted or not."""

    @property
    def name(self) -> str:
        """`provider/name`, as the user gave it."""
        ...

    def complete(self, prompt: Prompt) -> "Turn":
        """One whole reply.

        Raises:
            TransientModelFault: it may work when asked again.
            ContextExceeded: the prompt does not fit.
            ModelFault: it will not work.
        """
        ...

    def worst_case_usd(self, prompt: Prompt) -> float | None:
        """Upper bound of what `complete` may cost; 0.0 where nothing is paid, None where the price
        is unknown."""
        ...

    def warm_up(self) -> None:
        """Do slow, once-only work (import an SDK) ahead of the first call; may run in another
        thread."""
        ...


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command came to. Output is stdout and stderr in the order written."""

    exit_code: int
    """As the shell reports it; 124 where `timed_out`."""
    output: bytes
    """Whole where `total_bytes` equals its length, else head and tail with a line between that says
    what was cut."""
    total_bytes: int
    duration_s: float
    timed_out: bool = False
    was_silent: bool = False
    """Whether it timed out for want of output."""
    out_of_memory: bool = False
    """Whether the kernel killed a process for want of memory meanwhile."""
    memory_limit_mb: int = 0
    """The limit that it ran into, in MiB; 0 where none is known."""
    disk_limit_mb: int = 0
    """The disk limit in MiB, if commands were stopped at it meanwhile; else 0."""
    survivors: tuple[str, ...] = ()
    """Command lines that a time-out had to kill."""
    spool: Path | None = None
    """Where the whole output lies (its first 50 MB), if `output` is not whole; the caller moves or
    deletes it."""


EntryKind = Literal["file", "link", "folder", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a tree."""

    kind: EntryKind
    blob: str = ""
    """Hash of a file's bytes or of a link's target; empty for folders and others."""
    size_bytes: int = 0
    mode: int = 0o644
    """Permission bits."""

    @property
    def executable(self) -> bool:
        """Whether its owner may run it: all that a patch keeps of the mode."""
        return self.kind == "file" and bool(self.mode & 0o100)


class TreeReader(Protocol):
    """Read-only view of one work tree; paths are repository-relative POSIX strings (surrogateescape
    for odd bytes)."""

    def paths(self) -> Iterable[str]:
        """Every file and link, sorted."""
        ...

    def entry(self, path: str) -> Entry | None: ...

    def read(self, path: str) -> bytes:
        """A file's bytes, or a link's target.

        Raises:
            KeyError: there is no such file.
        """
        ...


class Sandbox(Protocol):
    """Where commands run. Paths are relative to `root`, or absolute inside the sandbox."""

    @property
    def root(self) -> str:
        """Absolute path of the repository inside."""
        ...

    @property
    def shell(self) -> str:
        """`bash` or `sh`: what interprets commands."""
        ...

    def run(self, command: str, timeout_s: float, idle_s: float | None = None) -> CommandResult:
        """Run in the persistent shell: `cd` and `export` last. Everything the command started dies
        at the time-out, and after `idle_s` without output.

        Raises:
            SandboxLost: the sandbox is gone; the command may or may not have run.
        """
        ...

    def execute(self, command: str, timeout_s: float) -> CommandResult:
        """Run outside the session, in `root`; the exit code is the one that the engine itself
        reports.

        Raises:
            SandboxLost: the sandbox is gone.
        """
        ...

    def read_file(self, path: str, limit_bytes: int = 10_000_000) -> bytes:
        """A regular file's bytes.

        Raises:
            ToolFailure: no such file, not a regular file, not readable, or larger than the limit.
            SandboxLost: the sandbox is gone.
        """
        ...

    def write_file(self, path: str, content: bytes) -> None:
        """Make or replace a file; its folder is made, the mode of an existing file is kept.

        Raises:
            ToolFailure: it cannot be written (the message says why).
            SandboxLost: the sandbox is gone.
        """
        ...

    def replace_file(self, path: str, before: bytes, after: bytes) -> bool:
        """Write `after` to a regular file if it still has the bytes `before`. False where it has
        not, or `after` is too long to go in at once: then nothing was written.

        Raises:
            ToolFailure: it cannot be written (the message says why).
            SandboxLost: the sandbox is gone.
        """
        ...

    def remove_file(self, path: str) -> None:
        """Delete a file or link; nothing happens if it is not there."""
        ...

    def discard(self, path: str) -> None:
        """Delete what lies at a path outside the repository, a folder with all in it; nothing is
        said where that cannot be."""
        ...

    def tree(self) -> TreeReader:
        """The work tree as of now; waits for a listing that is under way."""
        ...

    def checkpoint(self) -> "Checkpoint":
        """Save the tree and the shell's state in the host's store; waits for a listing that is
        under way."""
        ...

    def restore(self, checkpoint: "Checkpoint") -> None:
        """Bring tree and shell state back, deletions, modes and links included."""
        ...

    def lost_environment(self) -> tuple[str, ...]:
        """Files of the environment's folders (not of the tree) that were there at the beginning and
        are gone or changed."""
        ...

    def sweep(self) -> tuple[str, ...]:
        """Kill what commands left running; returns the command lines."""
        ...

    def close(self) -> None: ...


class EventSink(Protocol):
    """Where events go: written before they count."""

    def append(self, event: "Event") -> "Event":
        """Write one event, on disk before anything outside follows from it; what is written comes
        back, without the secrets it held.

        Raises:
            EnvironmentFault: it cannot be written (disk full, folder gone); earlier events are
            intact.
        """
        ...

    def force_behind(self) -> None:
        """Begin to force to disk what is written, and do not wait for it."""
        ...


class BlobStore(Protocol):
    """Bytes by their hash."""

    def put(self, content: bytes) -> str:
        """Store and return the hash (SHA-256, hex)."""
        ...

    def put_stream(self, size_bytes: int, chunks: Iterable[bytes]) -> str:
        """Store what the chunks make together, `size_bytes` in all, without holding it in memory.

        Raises:
            ValueError: the chunks are more or less than `size_bytes`.
        """
        ...

    def get(self, key: str) -> bytes:
        """The bytes.

        Raises:
            KeyError: no such blob.
        """
        ...


Watcher = Callable[["Event"], None]
"""Sees each event right after it is written; must not raise."""
