"""What the CI bot asks of a forge; pull requests and merge requests are both called changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ForgeName = Literal["github", "gitlab"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did something on the forge."""

    login: str
    id: int = 0
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """Where people talk: an issue, or a change."""

    kind: Literal["issue", "change"]
    number: int


@dataclass(frozen=True, slots=True)
class Topic:
    """What a thread is about, and whether it may be worked on."""

    title: str
    body: str
    is_closed: bool = False
    is_locked: bool = False
    is_confidential: bool = False
    assignees: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in a thread."""

    id: int
    author: str
    body: str


@dataclass(frozen=True, slots=True)
class Change:
    """A pull or merge request."""

    number: int
    url: str
    branch: str
    base_branch: str
    head: str
    """Commit at the tip of its branch."""
    is_open: bool
    is_foreign: bool
    """Its branch lies in a fork."""
    author: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class NewChange:
    """A draft that is to be opened."""

    branch: str
    base_branch: str
    title: str
    body: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """A review's comment on a line."""

    author: str
    path: str
    line: int
    body: str


@dataclass(frozen=True, slots=True)
class FailedJob:
    """The first job of a pipeline that failed."""

    name: str
    log: str


class Forge(Protocol):
    """One repository on one forge. Every method may raise `ForgeFault`."""

    @property
    def name(self) -> ForgeName: ...

    def may_write(self, actor: Actor) -> bool:
        """Whether the actor may push to the repository."""
        ...

    def identity(self) -> str:
        """The login that our own comments carry."""
        ...

    def default_branch(self) -> str: ...

    def tip(self, branch: str) -> str:
        """Commit at the tip of a branch; empty where there is no such branch."""
        ...

    def topic(self, thread: Thread) -> Topic: ...

    def comments(self, thread: Thread) -> Sequence[Comment]:
        """The thread's comments, oldest first."""
        ...

    def add_comment(self, thread: Thread, body: str) -> int:
        """Write a comment; its id."""
        ...

    def edit_comment(self, thread: Thread, comment: int, body: str) -> None: ...

    def delete_comment(self, thread: Thread, comment: int) -> None: ...

    def rivals(self, issue: int) -> Sequence[Change]:
        """Open changes that speak of the issue."""
        ...

    def change(self, number: int) -> Change: ...

    def change_from(self, branch: str) -> Change | None:
        """The open change whose branch this is."""
        ...

    def open_draft(self, wanted: NewChange) -> Change:
        """Open a draft; never anything but a draft."""
        ...

    def edit_change(self, number: int, body: str) -> None: ...

    def add_labels(self, thread: Thread, labels: Sequence[str]) -> None: ...

    def remarks(self, change: int, review: int) -> Sequence[Remark]:
        """What a review says about lines."""
        ...

    def failed_job(self, run: int) -> FailedJob | None: ...

    def cancel_run(self, run: int) -> None: ...
