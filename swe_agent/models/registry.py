"""Which model a name stands for; `assemble.py` adds `offline` and `replay` of other floors."""

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path

from swe_agent.core.errors import UsageFault
from swe_agent.core.protocols import Model
from swe_agent.models.anthropic import Anthropic
from swe_agent.models.endpoint import Endpoint, checked
from swe_agent.models.openai import OpenAI
from swe_agent.models.scripted import Scripted
from swe_agent.settings.keys import Provider, key_variable
from swe_agent.settings.schema import Settings

KeyOf = Callable[[Provider], str | None]
"""The key of a provider; None where there is none."""
Factory = Callable[[str], Model]
"""Makes a model from what follows the provider in its name; empty where nothing does."""

OFFLINE = "offline"
DEFAULT_MODELS: dict[Provider, str] = {
    "anthropic": "claude-sonnet-5-5",
    # The newest with a listed price that takes tools in Chat Completions (without reasoning).
    "openai": "gpt-6-sol",
}
"""What a provider is asked for when only its key is set; first come, first taken."""

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

    def anthropic(name: str) -> Model:
        model = _named("anthropic", name, DEFAULT_MODELS["anthropic"])
        return Anthropic(model, _endpoint("anthropic", settings, key_of))

    def openai(name: str) -> Model:
        model = _named("openai", name, DEFAULT_MODELS["openai"])
        return OpenAI(model, _endpoint("openai", settings, key_of))

    return {"anthropic": anthropic, "openai": openai, "scripted": scripted}


def default_model(settings: Settings, key_of: KeyOf) -> tuple[str, str]:
    """The model to use where none is named, and why, as a phrase for the first line of a run."""
    if settings.model:
        return settings.model, "the setting `model`"
    for provider, model in DEFAULT_MODELS.items():
        if key_of(provider):
            return f"{provider}/{model}", f"a key of {provider} is set"
    return OFFLINE, "no model is named and no key is set"


def _endpoint(provider: Provider, settings: Settings, key_of: KeyOf) -> Endpoint:
    models = settings.models
    key = key_of(provider)
    if not key and not models.base_url:
        raise UsageFault(
            f"There is no API key of {provider}.",
            f"Set {key_variable(provider)}, or use --model offline, which needs none.",
        )
    return checked(Endpoint(key, models.base_url, models.request_timeout_s))


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
