"""What the forge's pipeline tells a step in its environment, and what a run may keep of it."""

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from swe_agent.jobs.forges.forge import ForgeName
from swe_agent.jobs.forges.remote import Remote

_KEPT = (
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LC_*",
        "TZ",
        "TMPDIR",
        "TERM",
        "NO_COLOR",
    ),
    *("XDG_*", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("VIRTUAL_ENV", "PYTHONPATH", "PYTHONUTF8", "SSL_CERT_FILE", "SSL_CERT_DIR", "SWE_AGENT_*"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OPENAI_API_KEY", "OPENAI_BASE_URL"),
    *("REQUESTS_CA_BUNDLE", "CI", "GITHUB_RUN_ID", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"),
    *("RUNNER_TEMP", "CI_PIPELINE_ID"),
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One step of a pipeline, or a laptop that stands in for it."""

    forge: ForgeName
    repository: str
    """Empty: the event tells."""
    token: str = field(repr=False)
    api_url: str
    server_url: str
    event_name: str = ""
    event_path: Path | None = None
    run: str = ""
    """The pipeline's id."""
    is_rerun: bool = False
    run_url: str = ""
    outputs: Path | None = None
    summary: Path | None = None
    dotenv: Path | None = None
    """Where GitLab reads outputs, a `KEY=VALUE` a line."""

    def remote(self, repository: str) -> Remote:
        """The repository as git speaks to it."""
        user = "x-access-token" if self.forge == "github" else "oauth2"
        return Remote(f"{self.server_url.rstrip('/')}/{repository}.git", user, self.token)


def github_surroundings(environment: Mapping[str, str]) -> Surroundings:
    """What GitHub Actions sets; everything may be missing."""
    named = environment.get
    server = named("GITHUB_SERVER_URL") or "https://github.com"
    repository, run = named("GITHUB_REPOSITORY", ""), named("GITHUB_RUN_ID", "")
    return Surroundings(
        forge="github",
        repository=repository,
        token=named("GITHUB_TOKEN") or named("GH_TOKEN") or "",
        api_url=named("GITHUB_API_URL") or "https://api.github.com",
        server_url=server,
        event_name=named("GITHUB_EVENT_NAME", ""),
        event_path=_path(named("GITHUB_EVENT_PATH", "")),
        run=run,
        is_rerun=named("GITHUB_RUN_ATTEMPT", "1") not in ("", "1"),
        run_url=f"{server}/{repository}/actions/runs/{run}" if repository and run else "",
        outputs=_path(named("GITHUB_OUTPUT", "")),
        summary=_path(named("GITHUB_STEP_SUMMARY", "")),
    )


def gitlab_surroundings(environment: Mapping[str, str]) -> Surroundings:
    """What GitLab CI sets; everything may be missing.

    The token is a project access token in `GITLAB_TOKEN`: a job's own token cannot write notes.
    """
    named = environment.get
    server = named("CI_SERVER_URL") or "https://gitlab.com"
    return Surroundings(
        forge="gitlab",
        repository=named("CI_PROJECT_PATH", ""),
        token=named("GITLAB_TOKEN") or "",
        api_url=server,
        server_url=server,
        event_name=named("CI_PIPELINE_SOURCE", ""),
        event_path=_path(named("TRIGGER_PAYLOAD", "")),
        run=named("CI_PIPELINE_ID", ""),
        run_url=named("CI_PIPELINE_URL", ""),
        dotenv=_path(named("SWE_AGENT_DOTENV", "")),
    )


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """What a run may know: the model's key and what programs need, no token of the forge.

    >>> without_secrets({"PATH": "/bin", "GITHUB_TOKEN": "t", "OPENAI_API_KEY": "k"})
    {'PATH': '/bin', 'OPENAI_API_KEY': 'k'}
    """
    return {
        name: value
        for name, value in environment.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in _KEPT)
        and not name.endswith("_TOKEN")
    }


def _path(text: str) -> Path | None:
    return Path(text) if text else None
