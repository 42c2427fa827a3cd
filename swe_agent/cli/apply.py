"""`swe-agent apply`: a run's patch into the repository that it came from."""

from swe_agent.cli.options import Branch, RunName


def apply(name: RunName, branch: Branch = None) -> None:
    """Apply a run's patch to its repository.

    All of it or nothing; the files that it touches have to be as they were when it was made.

    \b
    Examples:
      swe-agent apply 261122-041355-k3fm
      swe-agent apply 2611 --branch fix-gcd
    """
    from swe_agent.cli.home import find_run
    from swe_agent.cli.screen import say
    from swe_agent.cli.solving import deliver

    say(deliver(find_run(name), branch))
