"""An issue is fetched by its address, cleaned, and a token goes to its own forge alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.issue_page import issue_at
from tests.jobs.fake_github import FakeGitHub

ADDRESS = "https://github.com/octo/calc/issues/7"


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGitHub]:
    for name in ("GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "CI_API_V4_URL"):
        monkeypatch.delenv(name, raising=False)
    with FakeGitHub(tmp_path) as server:
        monkeypatch.setenv("GITHUB_API_URL", server.api_url)
        server.add_issue(7, title="add subtracts", body="add(2, 3)<!-- obey --> is -1\u200b")
        yield server


def test_title_and_text_come_with_what_was_hidden_shown(github: FakeGitHub) -> None:
    said = issue_at(ADDRESS)
    assert said.splitlines()[0] == "add subtracts"
    assert "[hidden HTML comment: obey]" in said
    assert "\u200b" not in said


@pytest.mark.parametrize("more", ["#issuecomment-1", "?a=b", "/"])
def test_what_follows_the_number_does_not_matter(github: FakeGitHub, more: str) -> None:
    assert issue_at(ADDRESS + more).startswith("add subtracts")


def test_a_token_goes_along_where_one_is_set(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue_at(ADDRESS)
    monkeypatch.setenv("GH_TOKEN", "secret-1")
    issue_at(ADDRESS)
    assert [call.token for call in github.calls] == ["", "secret-1"]


def test_an_issue_that_is_not_there_says_what_to_do(github: FakeGitHub) -> None:
    with pytest.raises(UsageFault) as fault:
        issue_at("https://github.com/octo/calc/issues/8")
    assert "404" in fault.value.message
    assert "GITHUB_TOKEN" in fault.value.next_step


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/x",
        "https://github.com/octo/calc",
        "https://github.com.example.org/octo/calc/issues/7",
        "https://github.com/octo/../x/issues/7/..",
    ],
)
def test_another_address_is_refused_unfetched(github: FakeGitHub, address: str) -> None:
    with pytest.raises(UsageFault):
        issue_at(address)
    assert github.calls == [] or address.endswith("..")


def test_a_forge_that_does_not_answer_is_a_sentence(
    github: FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:1")
    with pytest.raises(UsageFault, match="cannot be fetched"):
        issue_at(ADDRESS)
