"""Package indexes and proxies of the host: which variables set-up is shown, and what is secret."""

import pytest

from swe_agent.settings.keys import known_secrets
from swe_agent.settings.registries import indexes_in, logins_in, passed_on, without_logins


def test_only_addresses_of_other_machines_are_passed_on() -> None:
    given = {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "http_proxy": "http://127.0.0.1:8080",
        "all_proxy": "socks5://me:pw@localhost:1080",
        "PIP_INDEX_URL": "http://localhost/simple",
        "ANTHROPIC_API_KEY": "secret",
    }
    assert passed_on(given) == {"HTTPS_PROXY": "http://proxy.example:3128"}


@pytest.mark.parametrize(
    "name",
    [
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST"),
        *("UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"),
        *("UV_INDEX_INNER_PASSWORD", "POETRY_HTTP_BASIC_INNER_PASSWORD"),
        *("npm_config_registry", "NPM_CONFIG_REGISTRY", "YARN_NPM_REGISTRY_SERVER"),
        *("GOPROXY", "GOSUMDB", "GOPRIVATE"),
        *("CARGO_REGISTRIES_INNER_INDEX", "CARGO_REGISTRIES_INNER_TOKEN", "CARGO_REGISTRY_DEFAULT"),
        *("http_proxy", "HTTPS_PROXY", "no_proxy", "ALL_PROXY"),
    ],
)
def test_every_tools_own_variable_counts(name: str) -> None:
    assert passed_on({name: "https://inner.example"}) == {name: "https://inner.example"}


@pytest.mark.parametrize("name", ["PIP_TARGET", "CARGO_HOME", "GOPATH", "UV_CACHE_DIR", "PROXY"])
def test_nothing_else_of_these_tools_does(name: str) -> None:
    assert passed_on({name: "https://inner.example"}) == {}


def test_a_proxy_of_go_modules_is_an_index() -> None:
    given = {"GOPROXY": "https://inner.example", "https_proxy": "http://proxy.example"}
    assert indexes_in(given) == {"GOPROXY": "https://inner.example"}


def test_every_login_of_a_list_is_a_secret() -> None:
    given = {
        "PIP_EXTRA_INDEX_URL": "https://a:first@one.example https://b:sec%20ond@two.example",
        "CARGO_REGISTRIES_INNER_TOKEN": "third",
    }
    assert logins_in(given) == ("first", "sec%20ond", "sec ond", "third")
    said = without_logins("401 at https://b:sec%20ond@two.example/x; third sec ond", given)
    assert said == "401 at https://***@two.example/x; *** ***"


def test_logins_of_the_host_are_kept_out_of_what_a_run_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://me:hunter2-secret@inner.example/simple")
    assert "hunter2-secret" in known_secrets()
