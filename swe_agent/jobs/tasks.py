"""Task files: one loader for all their formats; and which tasks are wanted, in which order."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.jobs.tasks_instance import AnswerKey, Instance, TaskFault, TaskSet
from swe_agent.jobs.tasks_rows import id_of, read_row
from swe_agent.jobs.tasks_sources import Row, open_source

SEED = 42
"""Of the shuffle, so that every machine makes the same one."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tasks, in which order: shuffled, then filtered, then sliced."""

    shuffle: bool = False
    matching: str = ""
    """Regular expression that an id has to match from its beginning on; empty: all."""
    part: str = ""
    """`A:B` or `A:B:STEP`, as Python slices; empty: all."""


def load_tasks(source: str, split: str | None = None, keyed: bool = True) -> TaskSet:
    """The tasks of a file, a task repository or a dataset, in its order.

    A row that is no task is a fault of its own; the others are used.

    Args:
        source: a file (`.json`, `.jsonl`, `.yaml`, `.parquet`), a task repository's folder, or a
            Hugging Face dataset (`verified`, `OWNER/NAME`).
        split: of a dataset; None: its usual one.
        keyed: whether the answer keys are kept; what only solves tasks has no use for them.

    Raises:
        UsageFault: the file cannot be read, or holds no task at all.
    """
    opened = open_source(source, split)
    keys: dict[str, AnswerKey] = {}
    tasks: list[Instance] = []
    faults: list[TaskFault] = []
    seen: set[str] = set()
    for row in opened.rows:
        try:
            instance, key = _read(row, opened.folder)
            if instance.id.casefold() in seen:
                raise UsageFault("its id is there twice")
        except UsageFault as fault:
            own = visible(str(id_of(row.value) or ""))[:80]
            faults.append(TaskFault(row.place, own, fault.message))
            continue
        seen.add(instance.id.casefold())
        tasks.append(instance)
        if keyed:
            keys[key.id] = key
    if not tasks:
        why = f": {faults[0].place}: {faults[0].reason}" if faults else "."
        raise UsageFault(f"There is no task in {visible(source)}{why}", "See docs/tasks.md.")
    return TaskSet(tuple(tasks), keys, tuple(faults))


def selected(tasks: Sequence[Instance], selection: Selection) -> tuple[Instance, ...]:
    """The tasks that are wanted, in their order.

    Raises:
        UsageFault: the expression or the slice cannot be read.
    """
    chosen = list(tasks)
    if selection.shuffle:
        chosen.sort(key=lambda task: task.id)
        random.Random(SEED).shuffle(chosen)
    matches = _matching(selection.matching)
    chosen = [task for task in chosen if matches(task.id)]
    return tuple(chosen[_slice(selection.part)])


def _read(row: Row, folder: Path | None) -> tuple[Instance, AnswerKey]:
    if row.fault:
        raise UsageFault(row.fault)
    try:
        return read_row(row.value, folder)
    except RecursionError:
        raise UsageFault("it is nested too deep") from None


def _matching(pattern: str) -> Callable[[str], bool]:
    try:
        found = re.compile(pattern)
    except re.error as error:
        raise UsageFault(
            f"--filter {visible(pattern)} is no regular expression: {error}."
        ) from error
    return lambda name: bool(found.match(name))


def _slice(text: str) -> slice:
    """A slice as Python writes it.

    >>> _slice("2:10"), _slice(":5"), _slice("")
    (slice(2, 10, None), slice(None, 5, None), slice(None, None, None))
    """
    try:
        parts = [int(part) if part.strip() else None for part in text.split(":")]
        return slice(*parts) if ":" in text else slice(int(text) if text else None)
    except (ValueError, TypeError) as error:
        raise UsageFault(
            f"--slice {visible(text)} is no slice.", "Write it as A:B, like 0:50."
        ) from error
