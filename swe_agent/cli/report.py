"""`swe-agent report`: a run or a batch as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    name: Annotated[
        str, typer.Argument(metavar="RUN_OR_BATCH", help="A run's id or folder, or a batch folder.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page to write.")
    ] = Path("report.html"),
) -> None:
    """Write one self-contained HTML page: totals, plots, timelines, every step.

    The page asks nothing of the network and holds no script. Of a large batch it has the rows and
    timelines, of a smaller one the texts too.

    \b
    Examples:
      swe-agent report 2611 -o run.html
      swe-agent report BATCH -o batch.html
    """
    from swe_agent.cli.found import folder_named
    from swe_agent.cli.screen import say
    from swe_agent.jobs.report.page import write_page

    folder, _ = folder_named(name)
    page = write_page(folder, output)
    say(f"{page} ({page.stat().st_size / 1000:,.0f} kB)")
