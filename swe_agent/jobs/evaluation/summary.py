"""What an evaluation came to: the official report, schema version 2."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from swe_agent.core.errors import EnvironmentFault
from swe_agent.core.messages import Record
from swe_agent.jobs.evaluation.logs import Infra

State = Literal["resolved", "unresolved", "empty", "error"]


class Outcome(Record):
    """What one prediction came to."""

    instance_id: str
    state: State
    why: str = ""
    """Of an error, or of a log that grades nothing; untrusted in part."""
    infra: Infra | None = None
    duration_s: float = 0.0
    kept: bool = False
    """Whether an earlier evaluation had graded it."""


class Summary(Record):
    """The official report over all instances; its keys are the format's."""

    total_instances: int
    submitted_instances: int
    completed_instances: int
    resolved_instances: int
    unresolved_instances: int
    infra_failure_instances: int
    ambiguous_failure_instances: int
    empty_patch_instances: int
    error_instances: int
    completed_ids: tuple[str, ...]
    incomplete_ids: tuple[str, ...]
    empty_patch_ids: tuple[str, ...]
    submitted_ids: tuple[str, ...]
    resolved_ids: tuple[str, ...]
    unresolved_ids: tuple[str, ...]
    infra_failure_ids: tuple[str, ...]
    ambiguous_failure_ids: tuple[str, ...]
    failure_reasons: dict[str, str] = Field(default_factory=dict)
    error_ids: tuple[str, ...]
    schema_version: Literal[2] = 2
    unstopped_instances: int = 0
    unstopped_containers: tuple[str, ...] = ()
    unremoved_images: tuple[str, ...] = ()


def summary_of(
    known: tuple[str, ...], submitted: tuple[str, ...], outcomes: Mapping[str, Outcome]
) -> Summary:
    """Count the outcomes.

    Args:
        known: ids of all tasks of the evaluation.
        submitted: ids that have a prediction.
        outcomes: by id; one for each that is known and submitted.
    """
    ids = {state: _ids(outcomes, state) for state in ("resolved", "unresolved", "empty", "error")}
    completed = tuple(sorted((*ids["resolved"], *ids["unresolved"])))
    failed = {name: one.infra for name, one in outcomes.items() if one.infra}
    tiers = {
        tier: tuple(sorted(name for name, infra in failed.items() if infra.tier == tier))
        for tier in ("environment", "ambiguous")
    }
    incomplete = tuple(sorted(set(known) - set(submitted)))
    return Summary(
        total_instances=len(known),
        submitted_instances=len(submitted),
        completed_instances=len(completed),
        resolved_instances=len(ids["resolved"]),
        unresolved_instances=len(ids["unresolved"]),
        infra_failure_instances=len(tiers["environment"]),
        ambiguous_failure_instances=len(tiers["ambiguous"]),
        empty_patch_instances=len(ids["empty"]),
        error_instances=len(ids["error"]),
        completed_ids=completed,
        incomplete_ids=incomplete,
        empty_patch_ids=ids["empty"],
        submitted_ids=tuple(sorted(submitted)),
        resolved_ids=ids["resolved"],
        unresolved_ids=ids["unresolved"],
        infra_failure_ids=tiers["environment"],
        ambiguous_failure_ids=tiers["ambiguous"],
        failure_reasons={name: failed[name].reason for name in sorted(failed)},
        error_ids=ids["error"],
    )


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all; its folder is made.

    Raises:
        EnvironmentFault: it cannot be written.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(value, indent=4) + "\n", "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}.", "Make room, or give -o DIR."
        ) from error


def _ids(outcomes: Mapping[str, Outcome], state: str) -> tuple[str, ...]:
    return tuple(sorted(name for name, one in outcomes.items() if one.state == state))
