"""A forge made ready: its wire, patient or dry, behind the Protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.forges.dry import Assumed, DryWire, Show, github_answers, gitlab_answers
from swe_agent.jobs.forges.forge import Forge, ForgeName
from swe_agent.jobs.forges.github import GitHubForge
from swe_agent.jobs.forges.github_wire import GitHubWire
from swe_agent.jobs.forges.gitlab import GitLabForge
from swe_agent.jobs.forges.gitlab_wire import GitLabWire
from swe_agent.jobs.forges.wire import DiscreetWire, PatientWire, Wire
from swe_agent.settings.keys import known_secrets
from swe_agent.trajectory.redact import Redactor


@dataclass(frozen=True, slots=True)
class Account:
    """Which repository is spoken to, and as whom."""

    forge: ForgeName
    repository: str
    api_url: str
    token: str = field(repr=False)
    identity: str = ""
    """The login that our own comments carry; empty: it is asked for."""


@dataclass(frozen=True, slots=True)
class Dry:
    """A dry run: what is shown, and what is taken for granted without a token."""

    show: Show
    assumed: Assumed


def connect(account: Account, say: Callable[[str], None], dry: Dry | None = None) -> Forge:
    """The forge; a dry one reads only, and without a token not even that.

    Raises:
        UsageFault: there is no token, or the client library is not installed.
    """
    is_github = account.forge == "github"
    if not account.token and dry is None:
        variable = "GITHUB_TOKEN" if is_github else "GITLAB_TOKEN"
        raise UsageFault(
            "There is no token to speak to the forge with.",
            f"Set {variable}, or look at what would be done with --dry-run.",
        )
    real: Wire | None = None
    if account.token:
        made = GitHubWire if is_github else GitLabWire
        real = PatientWire(made(account.token, account.api_url), say=say)
    wire = real
    if dry is not None:
        answers = github_answers if is_github else gitlab_answers
        wire = DryWire(real, dry.show, answers(dry.assumed))
    assert wire is not None, "a run that is not dry has a real wire"
    wire = DiscreetWire(wire, Redactor((account.token, *known_secrets())))
    if is_github:
        return GitHubForge(wire, account.repository, account.identity)
    return GitLabForge(wire, account.repository)
