"""The official harness, run as its own program; its report is read like ours."""

import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from swe_agent.core.errors import EnvironmentFault, UsageFault
from swe_agent.jobs.evaluation.predictions import Prediction
from swe_agent.jobs.evaluation.summary import Summary, write_json

PACKAGE = "swebench"
_PROGRAM = "swebench.harness.run_evaluation"
_PREDICTIONS = "predictions.json"


@dataclass(frozen=True, slots=True)
class Official:
    """What the official harness is asked for."""

    tasks: str
    """A file of rows with images and eval scripts, or a data set's name."""
    predictions: tuple[Prediction, ...]
    folder: Path
    run_id: str
    workers: int
    timeout_s: float
    split: str = "test"


def run_official(asked: Official) -> tuple[Summary, Path]:
    """Run it to its end; what it prints goes to stderr.

    Returns:
        Its summary and where it lies.

    Raises:
        UsageFault: the package is not installed.
        EnvironmentFault: it failed, or wrote no report.
    """
    if importlib.util.find_spec(PACKAGE) is None:
        raise UsageFault(
            "The official harness is not installed.", "pip install 'swe-agent[swebench]'"
        )
    rows = [one.model_dump() for one in asked.predictions]
    write_json(asked.folder / _PREDICTIONS, rows)
    done = subprocess.run(_command(asked), cwd=asked.folder, stdout=sys.stderr, check=False)
    model = asked.predictions[0].model_folder if asked.predictions else "None"
    report = asked.folder / f"{model}.{asked.run_id}.json"
    try:
        return Summary.model_validate_json(report.read_bytes()), report
    except (OSError, ValidationError) as error:
        raise EnvironmentFault(
            f"The official harness ended with {done.returncode} and left no report.",
            "Its own words stand above; its rows need `image` and `eval_script`.",
        ) from error


def _command(asked: Official) -> list[str]:
    place = Path(asked.tasks).expanduser()
    tasks = str(place.absolute()) if place.exists() else asked.tasks
    return [
        *(sys.executable, "-m", _PROGRAM),
        *("--dataset_name", tasks),
        *("--split", asked.split),
        *("--predictions_path", str((asked.folder / _PREDICTIONS).absolute())),
        *("--run_id", asked.run_id),
        *("--max_workers", str(asked.workers)),
        *("--timeout", str(int(asked.timeout_s))),
        *("--report_dir", str(asked.folder.absolute())),
    ]
