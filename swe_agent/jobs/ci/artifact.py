"""What the run step leaves for the publish step: a patch and plain JSON, nothing that is run."""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from swe_agent.core.errors import PolicyRefused, UsageFault
from swe_agent.core.messages import Record

ANSWER = "answer.json"
PATCH = "patch.diff"
_LARGEST_ANSWER_BYTES = 2_000_000
MOST_TESTS = 200

Conclusion = Literal[
    "verified", "regressed", "unverified", "no-patch", "limit", "environment", "model", "error",
    "explained",
]  # fmt: skip


class Place(Record):
    """A file or function that an issue is probably about."""

    name: str = Field(max_length=1000)
    score: float
    line: int = 0


class Counts(Record):
    """How many tests passed and failed in one round."""

    passed: int = 0
    failed: int = 0


class Answer(Record):
    """What a run came to."""

    version: Literal[1] = 1
    key: str
    """The plan's."""
    start_commit: str
    """What the patch applies to."""
    conclusion: Conclusion
    exit_code: int
    reason: str = ""
    """Why it ended so; our own words."""
    summary: str = ""
    """The model's words; not to be trusted, shown defanged."""
    patch_sha256: str = ""
    """Of the patch's bytes; empty where there is none."""
    model: str = ""
    run_id: str = ""
    steps: int = 0
    cost_usd: float = 0.0
    tokens: int = 0
    duration_s: float = 0.0
    before: Counts = Counts()
    after: Counts = Counts()
    fixed: tuple[str, ...] = Field((), max_length=MOST_TESTS)
    lost: tuple[str, ...] = Field((), max_length=MOST_TESTS)
    changed_tests: tuple[str, ...] = Field((), max_length=MOST_TESTS)
    left_out: dict[str, str] = Field(default_factory=dict)
    places: tuple[Place, ...] = Field((), max_length=50)


def keep_answer(folder: Path, answer: Answer, patch: bytes) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PATCH).write_bytes(patch)
    digest = hashlib.sha256(patch).hexdigest() if patch else ""
    whole = answer.model_copy(update={"patch_sha256": digest})
    (folder / ANSWER).write_text(whole.model_dump_json(indent=2) + "\n", "utf-8")


def forget_answer(folder: Path) -> None:
    """Take away what an earlier run left."""
    for name in (ANSWER, PATCH):
        (folder / name).unlink(missing_ok=True)


def read_answer(folder: Path, limit_bytes: int) -> tuple[Answer, bytes]:
    """What the run step left; the patch is no longer than the limit.

    Raises:
        UsageFault: there is no answer, or it is not one.
        PolicyRefused: the patch is larger than what may be published, or not the answer's.
    """
    path = folder / ANSWER
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LARGEST_ANSWER_BYTES + 1)
        with (folder / PATCH).open("rb") as stream:
            patch = stream.read(limit_bytes + 1)
    except OSError as fault:
        raise UsageFault(
            f"The run step left nothing at {folder}: {fault.strerror}.",
            "Look at its log; publish after `--step run`.",
        ) from fault
    try:
        answer = Answer.model_validate_json(raw)
    except ValidationError as fault:
        raise UsageFault(
            f"{path} is no answer of a run: {fault.error_count()} errors.", "Run it again."
        ) from fault
    if len(patch) > limit_bytes:
        raise PolicyRefused(
            f"The patch is over {limit_bytes:,} bytes.", "Raise ci.max_patch_bytes, if it is right."
        )
    if answer.patch_sha256 != (hashlib.sha256(patch).hexdigest() if patch else ""):
        raise PolicyRefused("The patch is not the one that the run left.", "Run it again.")
    return answer, patch
