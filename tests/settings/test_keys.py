"""Keys of providers: where they come from and who may read them."""

import stat
from pathlib import Path

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.settings.keys import api_key, keep_key, keys_path


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SWE_AGENT_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return tmp_path / "config"


def test_without_a_key_there_is_none() -> None:
    assert api_key("anthropic") is None


def test_a_kept_key_is_found_again_and_others_stay() -> None:
    keep_key("openai", "first")
    keep_key("anthropic", " second\n")
    assert (api_key("openai"), api_key("anthropic")) == ("first", "second")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_key("openai", "kept")
    monkeypatch.setenv("OPENAI_API_KEY", "set")
    assert api_key("openai") == "set"


def test_the_keys_file_is_its_owners_alone_and_nothing_else_is_left(home: Path) -> None:
    path = keep_key("openai", "kept")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in home.iterdir()] == ["keys.yaml"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620], ids=oct)
def test_a_keys_file_that_others_may_open_is_refused(mode: int) -> None:
    keep_key("openai", "kept")
    keys_path().chmod(mode)
    with pytest.raises(UsageFault) as raised:
        api_key("openai")
    assert "chmod 600" in raised.value.next_step
    assert "kept" not in raised.value.message


@pytest.mark.parametrize("key", ["", "  ", "two words", "a\nb"])
def test_what_is_not_a_key_is_not_kept(key: str) -> None:
    with pytest.raises(UsageFault, match="not a key"):
        keep_key("openai", key)
    assert not keys_path().exists()


def test_a_key_that_is_not_text_is_named_and_not_shown() -> None:
    keep_key("openai", "kept")
    keys_path().write_text("openai: 12345678\n")
    with pytest.raises(UsageFault, match="openai is not text") as raised:
        api_key("openai")
    assert "12345678" not in raised.value.message


def test_a_broken_keys_file_is_named_and_not_quoted() -> None:
    keep_key("openai", "kept")
    keys_path().write_text("openai: [sk-secret\n")
    with pytest.raises(UsageFault, match="not valid YAML") as raised:
        api_key("openai")
    assert "sk-secret" not in raised.value.message
