"""A task of a task file, in two halves: what the agent's side may know, and what grades it.

The two are never one record, so nothing that is handed an `Instance` can leak an answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, StringConstraints

from swe_agent.core.messages import Record
from swe_agent.settings.schema import Command, ImageName

MOST_CHARS = 5_000_000
"""Of one text of a task."""


def _inside(path: str) -> str:
    """The path, if it stays below the folder it is relative to and is none of git's own."""
    parts = PurePosixPath(path).parts
    odd = not path or path.startswith("/") or "\0" in path
    if odd or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise ValueError("it has to stay inside the repository")
    return path


InstanceId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+@=,-]*$", max_length=200)
]
"""Also the name of its run's folder, so never a path."""
Text = Annotated[str, StringConstraints(max_length=MOST_CHARS)]
InnerPath = Annotated[str, AfterValidator(_inside)]
Revision = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./+@-]*$")]
"""A commit, branch or tag; it cannot start with a dash, so git never takes it for an option."""
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Instance(Record):
    """One task as the agent's side gets it: nothing here says how it is graded."""

    id: InstanceId
    issue: Text = ""
    """Empty: make the failing tests pass."""
    pictures: tuple[Text, ...] = ()
    """Pictures of the issue: paths in the repository, or addresses."""
    repo: str = ""
    """`owner/name`, an address, or the absolute path of a local repository; empty where the image
    or `files` hold it."""
    base: Revision = "HEAD"
    """The commit to start from."""
    image: ImageName | None = None
    """None: made from `setup`, or as detected."""
    usual_image: ImageName | None = None
    """The image that its data set publishes; used where nothing else brings the repository."""
    image_revision: Revision = "HEAD"
    """What to take out of an image that brings its own work tree."""
    python: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")] | None = None
    """Version that the environment is made of; None: as detected."""
    setup: tuple[Command, ...] = ()
    test: tuple[Command, ...] = ()
    """How to run tests, without naming the ones that grade; empty: detected."""
    env: dict[Variable, Text] = Field(default_factory=dict)
    """Environment of set-up and tests."""
    is_graded_elsewhere: bool = False
    """Whether tests that are not in the repository grade it: what fails at base is no target
    then."""
    files: dict[InnerPath, Text] = Field(default_factory=dict)
    """The repository itself, path to text, where it is that small."""


class AnswerKey(Record):
    """What grades a task; it never reaches the agent's side."""

    id: InstanceId
    patch: Text = ""
    """The reference fix."""
    test_patch: Text = ""
    fail_to_pass: tuple[str, ...] = ()
    pass_to_pass: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    """The grading commands, whole."""
    test_cwd: str = "."
    parser: str = ""
    """Name of the log parser; empty: pytest's."""
    eval_script: Text = ""
    brings_scripts: bool = False
    """Whether its image has scripts that apply the test patch and a fix, and run the tests."""
    eval_type: str = "pass_and_fail"
    """`pass_and_fail`, or `fail_only` for logs that name failures alone."""
    repo: str = ""
    version: str = ""
    hints: Text = ""
    row: dict[str, JsonValue] = Field(default_factory=dict, repr=False)
    """The row as it stood in the file, for an official harness."""


@dataclass(frozen=True, slots=True)
class TaskFault:
    """A row that is no task; the others are used all the same."""

    place: str
    """Where it stands: `line 3`, `row 7`, a folder."""
    id: str
    """As far as it is known; safe to print."""
    reason: str


@dataclass(frozen=True, slots=True)
class TaskSet:
    """What a task file holds, in its order."""

    tasks: tuple[Instance, ...]
    keys: Mapping[str, AnswerKey] = field(repr=False)
    """By id; for evaluation alone."""
    faults: tuple[TaskFault, ...] = ()
