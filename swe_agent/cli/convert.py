"""`swe-agent convert`: other agents' trajectories as run folders."""

from itertools import chain, count
from pathlib import Path
from typing import Annotated

import typer

from swe_agent.core.errors import UsageFault


def convert(
    places: Annotated[
        list[Path],
        typer.Argument(metavar="FILE_OR_DIR...", help=".traj and .traj.json files, or folders."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Run folder; of several files, a batch folder."
        ),
    ] = None,
) -> None:
    """Read SWE-agent's .traj and mini-swe-agent's .traj.json into run folders.

    `inspect`, `report` and `export` show them like our own runs. Nothing was tested, so no
    converted run counts as verified.

    \b
    Examples:
      swe-agent convert fix.traj.json
      swe-agent convert trajectories/ -o converted/ && swe-agent report converted/ -o report.html
    """
    from swe_agent.cli.home import new_run_folder, run_name
    from swe_agent.cli.screen import say
    from swe_agent.core.text import visible
    from swe_agent.jobs.export.formats import convert as write_run
    from swe_agent.jobs.export.formats import foreign_files, read_file, task_name

    files = foreign_files(places)
    if not files:
        raise UsageFault("There are no trajectories there.", "Files end in .traj or .traj.json.")
    several = len(files) > 1 or places[0].is_dir()
    left_out = 0
    names: set[str] = set()
    for path in files:
        try:
            value = read_file(path)
        except UsageFault as fault:
            if not several:
                raise
            say(f"left out: {fault.message}")
            left_out += 1
            continue
        name = _free_name(task_name(path), names)
        place = output / "runs" / name if output and several else output
        folder = new_run_folder(place)
        write_run(value, name, folder)
        say(f"{visible(path.name)} -> {run_name(folder)}")
    if left_out == len(files):
        raise UsageFault("None of the files could be read.", "See the lines above.")


def _free_name(name: str, taken: set[str]) -> str:
    """The name, numbered where another file has it; it is taken from now on."""
    numbered = (f"{name}-{number}" for number in count(2))
    free = next(one for one in chain([name], numbered) if one not in taken)
    taken.add(free)
    return free
