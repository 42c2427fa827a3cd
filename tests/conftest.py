"""What all tests share: the Docker engine and its images, and what happens where there is none.

`SWE_AGENT_REQUIRE_DOCKER=1` (CI sets it) turns a skipped Docker test into a failure.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import docker

BASE_IMAGE = "swe-agent-base:1"
BUSYBOX_IMAGE = "swe-agent-busybox:1"
REQUIRED = os.environ.get("SWE_AGENT_REQUIRE_DOCKER") == "1"

_skipped: list[str] = []


@pytest.fixture(scope="session")
def engine() -> Iterator["docker.DockerClient"]:
    """A client of the engine that the sandbox tests use."""
    import docker

    client = docker.from_env(timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="session")
def base_image() -> str:
    """Debian with Python, pytest and git; `sandbox/ensure-engine` makes it."""
    return BASE_IMAGE


@pytest.fixture(scope="session")
def busybox_image() -> str:
    """Nothing but busybox; `sandbox/ensure-engine --busybox` makes it."""
    return BUSYBOX_IMAGE


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the folders and keys of whoever runs it."""
    for variable in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "SWE_AGENT_MODEL"):
        monkeypatch.delenv(variable, raising=False)
    home: Path = tmp_path_factory.getbasetemp() / "home"
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    # Local ports come back: what one test learned of an endpoint must not reach another.
    monkeypatch.setenv("SWE_AGENT_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@cache
def engine_fault() -> str:
    """Why Docker tests cannot run; empty if they can."""
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=10)
        client.ping()
        present = {tag for image in client.api.images() for tag in image["RepoTags"] or ()}
    except DockerException as fault:
        return f"no Docker engine answers ({type(fault).__name__}); run sandbox/ensure-engine"
    missing = {BASE_IMAGE, BUSYBOX_IMAGE} - present
    return f"no image {min(missing)}; run sandbox/ensure-engine --busybox" if missing else ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker") and (fault := engine_fault()):
        pytest.skip(fault)


def pytest_sessionfinish() -> None:
    """Whatever test it was that ran a set-up: its image goes."""
    import docker
    from docker.errors import DockerException

    from swe_agent.runtime.owner import OWNER_LABEL, own_mark

    if not engine_fault.cache_info().currsize or engine_fault():
        return
    with suppress(DockerException), closing(docker.from_env(timeout=60)) as client:
        rows = client.api.images(filters={"label": f"{OWNER_LABEL}={own_mark()}"})
        for row in sorted(rows, key=lambda row: -row["Created"]):
            with suppress(DockerException):
                client.api.remove_image(row["Id"], force=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRED and _is_skipped_docker(report):
        report.outcome = "failed"
        report.longrepr = f"a Docker test was skipped where Docker is required: {call.excinfo}"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if _is_skipped_docker(report):
        _skipped.append(report.nodeid)


def _is_skipped_docker(report: pytest.TestReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail") and "docker" in report.keywords


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _skipped and not REQUIRED:
        why = engine_fault() or "they said so themselves"
        terminalreporter.write_line(f"{len(_skipped)} Docker tests did NOT run: {why}", yellow=True)
