"""Rows out of task files: JSON, JSONL, YAML, Parquet, task repositories, Hugging Face datasets.

A row that cannot be read is a fault of its own; memory stays bounded whatever a file holds.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import JsonValue

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.settings.strict_yaml import parsed

ROW_LIMIT_BYTES = 32_000_000
FILE_LIMIT_BYTES = 2_000_000_000
"""Of a JSON file, which has to be held whole; JSONL and Parquet are read in pieces."""
YAML_LIMIT_BYTES = 8_000_000
SUFFIXES = (".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".parquet")

_PIECE_BYTES = 1 << 20
_HUB = {
    "full": ("SWE-bench/SWE-bench", "test"),
    "lite": ("SWE-bench/SWE-bench_Lite", "test"),
    "verified": ("SWE-bench/SWE-bench_Verified", "test"),
    "multimodal": ("SWE-bench/SWE-bench_Multimodal", "test"),
    "multilingual": ("SWE-bench/SWE-bench_Multilingual", "test"),
    "smith": ("SWE-bench/SWE-smith", "train"),
    "live": ("SWE-bench-Live/SWE-bench-Live", "test"),
    "rebench": ("nebius/SWE-rebench", "test"),
    "multi": ("ByteDance-Seed/Multi-SWE-bench", "train"),
}
"""Short names of Hugging Face datasets, with their usual split."""
_TASK_TEXTS = {
    "patch": "gold.patch",
    "test_patch": "test.patch",
    "eval_script": "eval.sh",
    "problem_statement": "problem_statement.md",
    "hints_text": "hints.md",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, or why there is none."""

    place: str
    value: JsonValue = None
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where rows come from."""

    rows: Iterable[Row]
    folder: Path | None
    """What local paths in the rows are relative to; None: rows of strangers, who name none."""


def open_source(name: str, split: str | None = None) -> Source:
    """The rows of a file, a task repository's folder, or a Hugging Face dataset.

    Raises:
        UsageFault: there is nothing of that name, it is of no known kind, or an extra is missing.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return Source(_task_folders(path), path.absolute())
    if not path.exists():
        return Source(_from_hub(name, split), None)
    folder = path.absolute().parent
    try:
        match path.suffix.lower():
            case ".jsonl" | ".ndjson":
                return Source(_json_lines(path), folder)
            case ".json":
                return Source(_json_rows(path), folder)
            case ".yaml" | ".yml":
                return Source(_rows_of(parsed(_text(path, YAML_LIMIT_BYTES), str(path))), folder)
            case ".parquet":
                return Source(_parquet_rows(path), folder)
    except OSError as error:
        raise _unreadable(path, error) from error
    raise UsageFault(
        f"{visible(name)} is no task file that is known.", f"Known endings: {', '.join(SUFFIXES)}."
    )


def value_of(raw: bytes | str) -> JsonValue:
    """The value of a JSON text.

    Raises:
        ValueError: it is none; the message is one line.
    """
    try:
        value: JsonValue = json.loads(raw)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except ValueError as error:
        raise ValueError(f"it is not JSON: {error}") from None
    return value


def _json_lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(ROW_LIMIT_BYTES + 1):
            number += 1
            place = f"line {number}"
            if len(line) > ROW_LIMIT_BYTES:
                _skip_line(stream, line)
                yield Row(place, fault=f"the line is over {ROW_LIMIT_BYTES:,} bytes")
            elif line.strip():
                yield _row(place, line)


def _row(place: str, raw: bytes) -> Row:
    try:
        return Row(place, value_of(raw))
    except ValueError as error:
        return Row(place, fault=str(error))


def _skip_line(stream: BinaryIO, piece: bytes) -> None:
    while piece and not piece.endswith(b"\n"):
        piece = stream.readline(_PIECE_BYTES)


def _json_rows(path: Path) -> Iterator[Row]:
    size = path.stat().st_size
    if size > FILE_LIMIT_BYTES:
        raise UsageFault(
            f"{path} is larger than {FILE_LIMIT_BYTES:,} bytes.",
            "Write it as JSONL, a task a line.",
        )
    raw = path.read_bytes()
    try:
        return _rows_of(value_of(raw))
    except ValueError as error:
        raise UsageFault(
            f"{visible(str(path))} cannot be read: {error}.",
            "Correct it; a file with a task a line ends in .jsonl.",
        ) from error


def _rows_of(value: JsonValue) -> Iterator[Row]:
    """Rows of one value: a list, a mapping of ids to rows, `tasks:` with a list, or one row."""
    if isinstance(value, dict):
        inner = value.get("tasks", value.get("instances"))
        if isinstance(inner, list):
            value = inner
        elif value and all(isinstance(row, dict) for row in value.values()):
            value = [
                {"instance_id": key, **row} for key, row in value.items() if isinstance(row, dict)
            ]
        else:
            value = [value]
    rows = value if isinstance(value, list) else [value]
    return (Row(f"row {number}", row) for number, row in enumerate(rows, 1))


def _parquet_rows(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise UsageFault(
            f"{visible(str(path))} is a Parquet file, which needs pyarrow.",
            "pip install 'swe-agent[parquet]'",
        ) from error
    try:
        opened: Any = parquet.ParquetFile(path)
    except ValueError as error:
        raise UsageFault(f"{visible(str(path))} is not a Parquet file: {error}") from error
    batches = (batch.to_pylist() for batch in opened.iter_batches(batch_size=64))
    return _plain_rows(chain.from_iterable(batches))


def _from_hub(name: str, split: str | None) -> Iterator[Row]:
    known, usual = _HUB.get(name.lower(), (name, "test"))
    if known.count("/") != 1 or known.startswith((".", "/", "~")) or known.endswith(SUFFIXES):
        raise UsageFault(
            f"There is no task file {visible(name)}.",
            f"Give a file ({', '.join(SUFFIXES)}), a task repository's folder, or a Hugging Face "
            f"dataset: {', '.join(_HUB)} or OWNER/NAME.",
        )
    try:
        import datasets
    except ImportError as error:
        raise UsageFault(
            f"{visible(name)} is a Hugging Face dataset, which needs the package datasets.",
            "pip install 'swe-agent[datasets]', or give a local file.",
        ) from error
    try:
        rows: Any = datasets.load_dataset(known, split=split or usual)
    except (OSError, ValueError, RuntimeError) as error:
        raise UsageFault(
            f"The dataset {visible(known)} ({split or usual}) cannot be had: "
            f"{visible(str(error))[:300]}",
            "Check its name, --split and the network, or give a local file.",
        ) from error
    return _plain_rows(rows)


def _plain_rows(rows: Iterable[dict[str, Any]]) -> Iterator[Row]:
    """Rows whose cells may be dates or the like, as JSON has them."""
    for number, row in enumerate(rows, 1):
        yield Row(f"row {number}", json.loads(json.dumps(row, default=str)))


def _task_folders(path: Path) -> Iterator[Row]:
    folder = path / "tasks"
    found = sorted(one.parent for one in folder.glob("*/task.yaml"))
    if not found:
        raise UsageFault(
            f"{visible(str(path))} is a folder without tasks/ID/task.yaml.",
            "Give a task repository's folder, or a task file.",
        )
    return (_task_folder(one) for one in found)


def _task_folder(folder: Path) -> Row:
    place = f"folder {visible(folder.name)}"
    try:
        row = parsed(_text(folder / "task.yaml", YAML_LIMIT_BYTES), "task.yaml")
        tests = value_of(_text(folder / "tests.json", ROW_LIMIT_BYTES))
        if not isinstance(row, dict) or not isinstance(tests, dict):
            return Row(place, fault="task.yaml and tests.json have to be mappings")
        texts = {
            column: _text(folder / name, ROW_LIMIT_BYTES)
            for column, name in _TASK_TEXTS.items()
            if (folder / name).is_file()
        }
    except (OSError, ValueError, UsageFault) as error:
        return Row(place, fault=visible(str(error)))
    return Row(place, {"instance_id": folder.name, **row, **texts, **tests})


def _text(path: Path, limit_bytes: int) -> str:
    with path.open("rb") as stream:
        raw = stream.read(limit_bytes + 1)
    if len(raw) > limit_bytes:
        raise UsageFault(f"{visible(str(path))} is larger than {limit_bytes:,} bytes.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageFault(f"{visible(str(path))} is not UTF-8 text.", "Save it as UTF-8.") from error


def _unreadable(path: Path, error: OSError) -> UsageFault:
    return UsageFault(f"{visible(str(path))} cannot be read: {error.strerror}.")
