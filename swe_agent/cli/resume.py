"""`swe-agent resume`: on with an interrupted run, or with a finished one and a new word."""

from swe_agent.cli.options import Apply, Branch, EventsJson, Issue, Quiet, RunName, Verbose


def resume(
    name: RunName,
    issue: Issue = None,
    apply: Apply = None,
    branch: Branch = None,
    as_json: EventsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Go on with an interrupted run.

    No reply of the model is paid for twice. With -i a finished run goes on too.

    \b
    Examples:
      swe-agent resume 261122-041355-k3fm
      swe-agent resume 2611 -i "also handle negative numbers"
    """
    from swe_agent.cli.approving import human_for
    from swe_agent.cli.asking import issue_text
    from swe_agent.cli.home import find_run
    from swe_agent.cli.record import progress_of, settings_of
    from swe_agent.cli.solving import Delivery, finish, resumable
    from swe_agent.cli.view import Shown, watching

    folder = find_run(name)
    more = issue_text(issue) if issue is not None else ""
    human = human_for(settings_of(folder))
    shown = Shown(as_json, quiet, verbose, asks=human is not None)
    progress = progress_of(folder)
    with resumable(folder), watching(folder, progress, shown) as watch:
        from swe_agent.agent.opened import Company
        from swe_agent.solve import resume as go_on

        company = Company(shown.say, human, listen=progress.hear)
        result = go_on(folder, watch, more, company)
    finish(folder, result, Delivery(apply, branch), quiet)
