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


@app.command()
@taking(CiOptions)
def gitlab(options: CiOptions) -> None:
    """Answer one event of GitLab: a webhook that started a pipeline, or a pipeline by hand.

    The same three steps as `ci github`, over merge requests and notes. The event is the file in
    TRIGGER_PAYLOAD; a pipeline started by hand says SWE_AGENT_ISSUE=7 or SWE_AGENT_TASK=text. The
    gate and publish steps need a project access token in GITLAB_TOKEN.

    \b
    Examples:
      swe-agent ci gitlab --event note.json --dry-run -m offline
      swe-agent ci gitlab --step gate --work work
      swe-agent ci gitlab --step run --work work --max-cost 2
      swe-agent ci gitlab --step publish --work work
    """
    from swe_agent.cli.answering import answer_event

    answer_event("gitlab", options)
