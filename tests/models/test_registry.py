"""Which model a name stands for, and what a name that stands for none is told."""

import subprocess
import sys

import pytest

from swe_agent.core.errors import UsageFault
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.client import Waiting
from swe_agent.models.openai import OpenAI
from swe_agent.models.registry import client_of, default_model, open_model
from swe_agent.models.responses import Responses
from swe_agent.models.scripted import Scripted
from swe_agent.settings.keys import known_secrets
from swe_agent.settings.schema import ModelSettings, Settings
from tests.models.conversation import prompt
from tests.vendors import AnthropicServer, OpenAIServer

DEFAULTS = Settings()
LOCAL = Settings(models=ModelSettings(base_url="http://localhost:8000/v1", request_timeout_s=5))


def keys(**held: str):
    return held.get


def test_hosted_names_open_their_adapter():
    key_of = keys(anthropic="k1", openai="k2")
    first = open_model("anthropic/claude-opus-5-5", DEFAULTS, key_of)
    second = open_model("openai/org/model:7b", LOCAL, key_of)
    third = open_model("openai/gpt-6-sol", DEFAULTS, key_of)
    assert isinstance(first, Anthropic)
    assert isinstance(second, OpenAI)
    assert isinstance(third, Responses)
    assert (first.name, second.name) == ("anthropic/claude-opus-5-5", "openai/org/model:7b")
    assert (second.endpoint.base_url, second.endpoint.timeout_s) == (LOCAL.models.base_url, 5)


def test_the_variable_that_a_vendors_sdk_reads_says_where_its_models_are(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9000/v1")
    local = open_model("openai/m", DEFAULTS, keys())
    assert isinstance(local, OpenAI)
    assert local.endpoint.base_url == "http://localhost:9000/v1"
    named = open_model("openai/m", LOCAL, keys())
    assert named.endpoint.base_url == LOCAL.models.base_url
    assert open_model("anthropic/m", DEFAULTS, keys(anthropic="k")).endpoint.base_url is None
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1/")
    assert isinstance(open_model("openai/m", DEFAULTS, keys(openai="k")), Responses)


def test_a_login_in_such_a_variable_is_a_secret(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "https://me:hunter2@proxy.example")
    assert "hunter2" in known_secrets()


def test_models_of_two_servers_stand_in_for_each_other_each_with_its_keys(monkeypatch):
    """The first key is refused, the second one's model is not there, the other vendor answers."""
    said: list[str] = []
    refused = [{"error": 401}, {"error": 404}]
    with OpenAIServer(refused) as first, AnthropicServer([{"text": "Done."}]) as second:
        monkeypatch.setenv("OPENAI_BASE_URL", first.url)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", second.url)
        held = {"openai": ("key-one", "key-two"), "anthropic": ("key-three",)}
        names = ("openai/a", "anthropic/b")
        mind = client_of(names, DEFAULTS, held.__getitem__, {}, Waiting(say=said.append))
        turn = mind.complete(prompt())
    assert (turn.text, turn.model) == ("Done.", "anthropic/b")
    sent = [request.headers["authorization"] for request in first.requests]
    assert sent == ["Bearer key-one", "Bearer key-two"]
    assert len(second.requests) == 1
    told = [line for line in said if "going on with" in line]
    assert [line.rpartition("going on with ")[2] for line in told] == ["another key", "anthropic/b"]


def test_a_script_is_read_when_it_is_opened(tmp_path):
    path = tmp_path / "s.jsonl"
    with pytest.raises(UsageFault):
        open_model(f"scripted/{path}", DEFAULTS, keys())
    path.write_text('{"text": "hi"}')
    assert isinstance(open_model(f"scripted/{path}", DEFAULTS, keys()), Scripted)


def test_other_floors_add_their_minds(tmp_path):
    (tmp_path / "s").write_text('{"text": "hi"}')
    opened = []

    def offline(name: str) -> Scripted:
        opened.append(name)
        return Scripted(tmp_path / "s")

    open_model("offline", DEFAULTS, keys(), {"offline": offline})
    assert opened == [""]


@pytest.mark.parametrize(
    ("spec", "meant"),
    [
        ("antropic/claude-x", "anthropic/claude-x"),
        ("claude-sonnet-5-5", "anthropic/claude-sonnet-5-5"),
        ("gpt-6-sol", "openai/gpt-6-sol"),
        ("OpenAI/gpt-6-sol", "openai/gpt-6-sol"),
    ],
)
def test_an_unknown_provider_is_told_what_may_be_meant(spec, meant):
    with pytest.raises(UsageFault, match="anthropic, openai, openai-chat") as caught:
        open_model(spec, DEFAULTS, keys(anthropic="k"))
    assert meant in caught.value.next_step


@pytest.mark.parametrize("spec", ["", "zzz/m", "/x"])
def test_a_name_that_is_like_nothing_is_told_the_form(spec):
    with pytest.raises(UsageFault) as caught:
        open_model(spec, DEFAULTS, keys())
    assert "anthropic/NAME" in caught.value.next_step


@pytest.mark.parametrize("spec", ["anthropic", "openai/", "scripted/"])
def test_a_provider_alone_lacks_a_name(spec):
    with pytest.raises(UsageFault, match="lacks its name"):
        open_model(spec, DEFAULTS, keys(anthropic="k", openai="k"))


@pytest.mark.parametrize(
    ("provider", "variable"), [("anthropic", "ANTHROPIC_API_KEY"), ("openai", "OPENAI_API_KEY")]
)
def test_a_missing_key_says_where_to_put_it(provider, variable):
    with pytest.raises(UsageFault, match="no API key") as caught:
        open_model(f"{provider}/m", DEFAULTS, keys())
    assert variable in caught.value.next_step


def test_a_base_url_makes_the_key_optional():
    assert open_model("openai/m", LOCAL, keys()).name == "openai/m"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://h/v1", "http://", "http://h:port/"])
def test_a_base_url_that_is_none_is_a_usage_fault(url):
    settings = Settings(models=ModelSettings(base_url=url))
    with pytest.raises(UsageFault, match="base URL"):
        open_model("openai/m", settings, keys(openai="k"))


def test_a_key_that_no_header_carries_is_a_usage_fault_that_does_not_show_it():
    with pytest.raises(UsageFault) as caught:
        open_model("openai/m", DEFAULTS, keys(openai="sk-ü\nsecret"))
    assert "secret" not in caught.value.message


def test_a_model_does_not_show_its_key():
    model = open_model("anthropic/m", DEFAULTS, keys(anthropic="sk-secret"))
    assert "secret" not in repr(model)


@pytest.mark.parametrize(
    ("setting", "held", "provider", "why"),
    [
        ("openai/x", {"anthropic": "k"}, "openai/x", "setting"),
        (None, {"anthropic": "k", "openai": "k"}, "anthropic/claude-", "anthropic"),
        (None, {"openai": "k"}, "openai/gpt-", "openai"),
        (None, {}, "offline", "no key"),
    ],
    ids=["setting", "both", "one", "none"],
)
def test_the_default_is_the_setting_then_a_key_then_offline(setting, held, provider, why):
    spec, reason = default_model(Settings(model=setting), keys(**held))
    assert spec.startswith(provider)
    assert why in reason


def test_opening_a_model_imports_no_sdk():
    code = (
        "import sys; from swe_agent.models.registry import open_model;"
        "from swe_agent.settings.schema import Settings;"
        "open_model('anthropic/m', Settings(), lambda p: 'k');"
        "open_model('openai/m', Settings(), lambda p: 'k');"
        "sys.exit(bool({'anthropic', 'openai', 'genai_prices', 'httpx2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
