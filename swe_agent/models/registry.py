"""Which model a name stands for; `assemble.py` adds `offline` and `replay` of other floors."""

import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import Model
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.client import Client, Line, Patience, Waiting
from swe_agent.models.endpoint import Endpoint, checked
from swe_agent.models.limiter import Limiters, Pace
from swe_agent.models.openai import OpenAI
from swe_agent.models.replay import Replay, recording_of
from swe_agent.models.responses import Responses
from swe_agent.models.scripted import Scripted
from swe_agent.settings.keys import Provider, base_url_of, key_variable, keys_path
from swe_agent.settings.schema import Role, Settings

KeyOf = Callable[[Provider], str | None]
"""The key of a provider; None where there is none."""
KeysOf = Callable[[Provider], Sequence[str]]
"""All keys of a provider, in the order of their use."""
Factory = Callable[[str], Model]
"""Makes a model from what follows the provider in its name; empty where nothing does."""

OFFLINE = "offline"
DEFAULT_MODELS: dict[Provider, str] = {
    "anthropic": "claude-sonnet-5-5",
    "openai": "gpt-6-sol",
}
"""What a provider is asked for when only its key is set; first come, first taken."""

HOSTED: dict[str, Provider] = {
    "anthropic": "anthropic",
    "openai": "openai",
    "openai-chat": "openai",
    "openai-responses": "openai",
}
"""Providers that want a key, and whose."""

_LIMITERS = Limiters()
_FAMILIES = {"claude": "anthropic", "gpt": "openai", "o3": "openai", "o4": "openai"}


def open_model(
    spec: str, settings: Settings, key_of: KeyOf, more: Mapping[str, Factory] | None = None
) -> Model:
    """The model of a name like `anthropic/claude-sonnet-5-5`, `scripted/FILE` or `offline`.

    Args:
        spec: `PROVIDER/NAME`, or a provider alone where it needs no name.
        settings: endpoint and time limit.
        key_of: finds the provider's key.
        more: providers of other floors.

    Raises:
        UsageFault: no such provider (those known are listed), or it cannot be used as set up.
    """
    known = {**factories(settings, key_of), **(more or {})}
    provider, _, name = spec.partition("/")
    if provider not in known:
        raise UsageFault(
            f"There is no model provider {provider!r}; known are: {', '.join(sorted(known))}.",
            _meant(spec, known),
        )
    return known[provider](name)


def factories(settings: Settings, key_of: KeyOf) -> dict[str, Factory]:
    """The providers of this floor; each raises `UsageFault` where it cannot be used as set up."""

    def scripted(name: str) -> Model:
        model = Scripted(Path(_named("scripted", name, "FILE.jsonl")))
        model.warm_up()
        return model

    def replay(name: str) -> Model:
        return _recording(f"replay/{_named('replay', name, 'RUN')}")

    def anthropic(name: str) -> Model:
        model = _named("anthropic", name, DEFAULT_MODELS["anthropic"])
        endpoint = _endpoint("anthropic", settings, key_of)
        return Anthropic(model, endpoint, stream=settings.models.stream)

    def chat(name: str, provider: str = "openai-chat") -> Model:
        model = _named(provider, name, DEFAULT_MODELS["openai"])
        endpoint = _endpoint("openai", settings, key_of)
        sees = settings.context.vision is True
        return OpenAI(model, endpoint, provider, settings.models.stream, sees)

    def responses(name: str, provider: str = "openai-responses") -> Model:
        model = _named(provider, name, DEFAULT_MODELS["openai"])
        endpoint = _endpoint("openai", settings, key_of)
        return Responses(model, endpoint, provider, settings.models.stream)

    def openai(name: str) -> Model:
        # Compatible servers speak Chat Completions; few have the newer API.
        elsewhere = base_url_of("openai", settings.models.base_url)
        return (chat if elsewhere else responses)(name, "openai")

    return {
        "anthropic": anthropic,
        "openai": openai,
        "openai-chat": chat,
        "openai-responses": responses,
        "replay": replay,
        "scripted": scripted,
    }


def client_of(
    specs: Sequence[str],
    settings: Settings,
    keys_of: KeysOf,
    more: Mapping[str, Factory],
    waiting: Waiting,
) -> Client:
    """The models of these names, each with all of its keys; later ones stand in for earlier ones.

    Raises:
        UsageFault: one of them cannot be used as set up.
    """
    patience = Patience(settings.models.retry_budget_s, settings.models.longest_wait_s)
    minds = tuple(_lines(spec, settings, keys_of, more) for spec in specs)
    return Client(minds, patience, waiting)


def share_paces(pace_of: Callable[[str], Pace]) -> None:
    """Have the paces of keys kept elsewhere, for every model that this process opens from now on.

    Args:
        pace_of: gives a key's pace for a name that stands for the key; the key cannot be read from
            it.
    """
    global _LIMITERS
    _LIMITERS = Limiters(pace_of)


def spec_of(role: Role, settings: Settings) -> str | None:
    """The model that the settings give a role; None: the run's own."""
    return settings.models.roles.get(role)


def _lines(
    spec: str, settings: Settings, keys_of: KeysOf, more: Mapping[str, Factory]
) -> tuple[Line, ...]:
    provider = HOSTED.get(spec.partition("/")[0])
    keys: Sequence[str | None] = (keys_of(provider) if provider else ()) or (None,)
    lines: list[Line] = []
    for key in keys:

        def key_of(_: Provider, key: str | None = key) -> str | None:
            return key

        url = base_url_of(provider, settings.models.base_url) if provider else None
        owner = f"{provider} {url} {key}" if provider else spec
        limiter = _LIMITERS.of(hashlib.sha256(owner.encode()).hexdigest())
        lines.append(Line(open_model(spec, settings, key_of, more), limiter))
    return tuple(lines)


def default_model(settings: Settings, key_of: KeyOf) -> tuple[str, str]:
    """The model to use where none is named, and why, as a phrase for the first line of a run."""
    if settings.model:
        return settings.model, "the setting `model`"
    for provider, model in DEFAULT_MODELS.items():
        if key_of(provider):
            return f"{provider}/{model}", f"a key of {provider} is set"
    return OFFLINE, "no model is named and no key is set"


def _recording(spec: str) -> Model:
    """The replay of a run's folder; FOLDER@N plays N steps."""
    named = recording_of(spec)
    assert named is not None, "a replay's name"
    model = Replay(*named)
    model.warm_up()
    return model


def _endpoint(provider: Provider, settings: Settings, key_of: KeyOf) -> Endpoint:
    models = settings.models
    key, url = key_of(provider), base_url_of(provider, settings.models.base_url)
    if not key and not url:
        raise UsageFault(
            f"There is no API key of {provider}.",
            f"Set {key_variable(provider)}, or write `{provider}: KEY` into {keys_path()} (mode "
            "0600); a server of your own needs --base-url alone, --model offline nothing.",
        )
    return checked(Endpoint(key, url, models.request_timeout_s))


def _named(provider: str, name: str, example: str) -> str:
    if not name.strip():
        raise UsageFault(
            f"The model {provider!r} lacks its name.", f"Write it like {provider}/{example}."
        )
    return name


def _meant(spec: str, known: Mapping[str, Factory]) -> str:
    provider, _, name = spec.partition("/")
    for family, owner in _FAMILIES.items():
        if provider.startswith(family) and owner in known:
            return f"Did you mean {owner}/{spec}?"
    near = difflib.get_close_matches(provider.lower(), known, n=1)
    if near:
        return f"Did you mean {near[0]}/{name}?" if name else f"Did you mean {near[0]}?"
    return (
        "Name it like anthropic/NAME, openai/NAME (with --base-url for other servers) or offline."
    )
