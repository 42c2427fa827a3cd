"""`swe-agent ci`: one CI event answered, in one go or in three steps with rights of their own."""

import typer

from swe_agent.cli.ci_options import CiOptions
from swe_agent.cli.options import taking

app = typer.Typer(
    help="Answer one CI event: an issue, a comment, a review, a failed pipeline.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
@taking(CiOptions)
def github(options: CiOptions) -> None:
    """Answer one event of GitHub Actions.

    Three steps: `gate` judges the event and says in the thread that work has begun, `run` solves
    it with the model's key and no token that writes, `publish` makes a draft pull request of what
    it left. Without --step all three run, the second in a process of its own. An event that is
    not to be answered ends with exit code 0 and the reason.

    \b
    Examples:
      swe-agent ci github --event issue.json --event-name issues --dry-run -m offline
      swe-agent ci github --step gate --event issue.json --dry-run    which calls the gate makes
      swe-agent ci github --step run --max-cost 2                     in a job of its own
      swe-agent ci github --step publish
    """
    from swe_agent.cli.answering import answer_event

    answer_event("github", options)
