"""The check-up names what is wrong with an engine, and what to do."""

from pathlib import Path

import pytest

from swe_agent.cli.checkup import fence, key_rows
from swe_agent.runtime.housekeeping import Ours
from swe_agent.runtime.survey import Survey, lacking


def survey(runtime: str = "runc 1.3.4", lacks: tuple[str, ...] = ()) -> Survey:
    return Survey("Debian", "28", "1.51", Path("/"), 1, Ours((), ()), "docker", runtime, lacks)


@pytest.mark.parametrize(
    ("runtime", "state"),
    [
        ("runc 1.1.5+ds1-1+deb12u1", "warn"),
        ("runc 1.1.12", "warn"),
        ("runc 1.2.7", "warn"),
        ("runc 1.2.8", "ok"),
        ("runc 1.3.2", "warn"),
        ("runc 1.3.3-0ubuntu1", "ok"),
        ("runc 1.4.0", "ok"),
        ("crun 1.8", "ok"),
        ("runsc 2025", "ok"),
    ],
)
def test_a_runtime_with_known_escapes_is_named(runtime: str, state: str) -> None:
    (row,) = fence(survey(runtime))
    assert (row.name, row.state, row.found) == ("runtime", state, runtime)
    assert ("CVE-2025-31133" in row.todo) == (state == "warn")


def test_an_engine_that_says_nothing_of_its_runtime_gets_no_row() -> None:
    assert fence(survey("")) == []


def test_limits_that_do_not_hold_are_named() -> None:
    row, _ = fence(survey(lacks=("memory limits", "seccomp")))
    assert (row.state, row.found) == ("warn", "no memory limits, no seccomp")


def test_podman_without_root_on_the_first_cgroups_has_no_limits() -> None:
    about = {"MemoryLimit": True, "PidsLimit": True, "SecurityOptions": ["name=seccomp"]}
    assert lacking(about) == ()
    assert lacking({**about, "Rootless": True, "CgroupVersion": "2"}) == ()
    rootless = {**about, "Rootless": True, "CgroupVersion": "1"}
    assert lacking(rootless) == ("memory limits", "limits of processes")


def test_a_key_is_told_by_its_place_and_the_address_that_gets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key-one,key-two")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:secret@localhost:8000/v1")
    (tmp_path / "config").mkdir(exist_ok=True)
    kept = tmp_path / "config/keys.yaml"
    kept.touch(0o600)
    kept.write_text("anthropic: key-three\n")
    first, second = key_rows()
    assert first.found == f"set in {kept}"
    assert second.found == ("set in OPENAI_API_KEY, 2 keys; asked at http://***@localhost:8000/v1")
    kept.chmod(0o644)
    assert (key_rows()[0].state, key_rows()[0].todo) == ("fail", f"Run: chmod 600 {kept}")
