"""Predictions: what an agent, or somebody, proposes for each task."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ConfigDict, Field, JsonValue, ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Record
from swe_agent.core.text import visible
from swe_agent.jobs.tasks_instance import AnswerKey

GOLD = "gold"
"""Stands for the reference patches."""
_IN_A_BATCH = ("preds.json", "preds.jsonl", "all_preds.jsonl")


class Prediction(Record):
    """One proposed patch."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    instance_id: str = Field(min_length=1)
    model_name_or_path: str = "None"
    model_patch: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is proposed; such a one is counted and not run."""
        return not self.model_patch

    @property
    def model_folder(self) -> str:
        """The model's name as a folder's."""
        name = self.model_name_or_path.replace("/", "__").replace("\0", "")
        return name if name.strip(".") else "None"


def read_predictions(source: str, keys: Mapping[str, AnswerKey]) -> dict[str, Prediction]:
    """Predictions by instance id.

    Args:
        source: a `.json` file (a list, or an object by id), a `.jsonl` file, a batch folder, or
            `gold`.
        keys: of the tasks; `gold` proposes their reference patches.

    Raises:
        UsageFault: it cannot be read, or a prediction is not whole, or is there twice.
    """
    if source == GOLD:
        return {
            key.id: Prediction(
                instance_id=key.id, model_name_or_path=GOLD, model_patch=key.patch or None
            )
            for key in keys.values()
        }
    path = _file(Path(source).expanduser())
    found: dict[str, Prediction] = {}
    for place, row in _rows(path):
        prediction = _prediction(place, row)
        if prediction.instance_id in found:
            raise UsageFault(
                f"{place} predicts {visible(prediction.instance_id)} a second time.",
                "Leave one prediction for each instance.",
            )
        found[prediction.instance_id] = prediction
    return found


def require_known(predictions: Iterable[str], known: Iterable[str]) -> None:
    """
    Raises:
        UsageFault: a prediction is for no task of the file.
    """
    foreign = sorted(set(predictions) - set(known))
    if foreign:
        more = f" and {len(foreign) - 5} more" if len(foreign) > 5 else ""
        names = ", ".join(visible(name)[:80] for name in foreign[:5])
        raise UsageFault(
            f"Predictions for tasks that are not in the task file: {names}{more}.",
            "Give the task file that they were made for.",
        )


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = next((path / name for name in _IN_A_BATCH if (path / name).is_file()), None)
    if found is None:
        raise UsageFault(f"{path} has no predictions.", "A batch keeps them in preds.json.")
    return found


def _rows(path: Path) -> list[tuple[str, JsonValue]]:
    """Each prediction's place and value."""
    if path.suffix not in (".json", ".jsonl"):
        raise UsageFault(
            f"{path} is neither .json nor .jsonl.", "Predictions are; `gold` takes the references."
        )
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".jsonl":
            lines = enumerate(text.split("\n"), 1)
            return [(f"{path}, line {n},", json.loads(line)) for n, line in lines if line.strip()]
        value = json.loads(text)
    except OSError as error:
        raise UsageFault(f"{path} cannot be read: {error.strerror}.", "Name a file.") from error
    except (ValueError, RecursionError) as error:
        raise UsageFault(f"{path} is not JSON: {error}.", "Is it whole?") from error
    if isinstance(value, dict):
        return [
            (f"{path}, {visible(name)[:80]},", _named(name, row)) for name, row in value.items()
        ]
    if isinstance(value, list):
        return [(f"{path}, row {n},", row) for n, row in enumerate(value, 1)]
    raise UsageFault(f"{path} holds no predictions.", "It should be a list, or an object by id.")


def _named(name: str, row: JsonValue) -> JsonValue:
    """A row of an object by id; its id may stand in its key alone."""
    return {"instance_id": name, **row} if isinstance(row, dict) else row


def _prediction(place: str, row: JsonValue) -> Prediction:
    try:
        return Prediction.model_validate(row)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UsageFault(
            f"{place} is no prediction: {where}: {first['msg'].lower()}.",
            "One is {instance_id, model_name_or_path, model_patch}.",
        ) from fault
