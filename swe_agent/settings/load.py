"""Settings from all their sources, later ones winning, each value with where it came from.

Order: built-in defaults, the user's `config.yaml`, the repository's `.swe-agent/config.yaml`
(harmless keys only), presets and files (`-c`), the environment, `-s`, options of the command line.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible
from swe_agent.settings.address import discreet, is_discreet
from swe_agent.settings.content import built_in_root, config_home, content_files, near_names
from swe_agent.settings.layers import (
    Layer,
    check_key,
    flattened,
    known_keys,
    layer_of_assignments,
    layer_of_mapping,
)
from swe_agent.settings.schema import Settings
from swe_agent.settings.strict_yaml import read_mapping

FROM_REPOSITORY = ("tests.commands", "sandbox.setup", "sandbox.profile")
"""What a repository may set: how to build and test itself, inside the sandbox. Not
`sandbox.include`: with set-up's network it could carry the user's ignored files (`.env`) away."""
FROM_ENVIRONMENT = {
    "SWE_AGENT_MODEL": "model",
    "SWE_AGENT_BASE_URL": "models.base_url",
    "SWE_AGENT_SANDBOX": "sandbox.kind",
}
"""Environment variable to setting."""

_DEFAULT = "default"
_FROM_REPOSITORY_FILE = "the repository's .swe-agent/config.yaml"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings in force and, for each dotted key, where its value came from."""

    settings: Settings
    provenance: dict[str, str]
    ignored: tuple[str, ...] = ()
    """Keys that the repository's file sets and may not set, in its order; safe to print."""

    def is_the_users(self, key: str) -> bool:
        """Whether a value is not the repository's word."""
        return self.provenance.get(key) != _FROM_REPOSITORY_FILE


def load(
    presets: Sequence[str] = (),
    assignments: Sequence[str] = (),
    overrides: Mapping[str, object] | None = None,
    repository: Path | None = None,
) -> Loaded:
    """The settings in force.

    Args:
        presets: names of presets in `configs/`, or paths of YAML files; later ones win.
        assignments: `KEY=VALUE` texts.
        overrides: options of the command line by dotted key; None: not given.
        repository: folder whose `.swe-agent/config.yaml` may set harmless keys.

    Raises:
        UsageFault: a file, key or value is wrong; the message names it and its source.
    """
    layers = [_defaults(), _users()]
    ignored: tuple[str, ...] = ()
    if repository is not None:
        layer, ignored = _repositorys(repository)
        layers.append(layer)
    layers.extend(_preset(name) for name in presets)
    layers.append(_environment())
    layers.append(_assigned(assignments))
    layers.append(_overridden(overrides or {}))
    settings, provenance = _combined(layers)
    return Loaded(settings, provenance, ignored)


def preset_files() -> dict[str, Path]:
    """The presets by name: YAML files at the top of `configs/`."""
    return {
        name: path for name, path in content_files("configs", ".yaml").items() if "/" not in name
    }


def user_config_path() -> Path:
    """The user's own settings file; it need not exist."""
    return config_home() / "config.yaml"


def _defaults() -> Layer:
    path = built_in_root() / "configs" / "default.yaml"
    return layer_of_mapping(read_mapping(path), _DEFAULT)


def _users() -> Layer:
    path = user_config_path()
    return (
        layer_of_mapping(read_mapping(path), str(path)) if path.exists() else Layer(str(path), {})
    )


def _repositorys(repository: Path) -> tuple[Layer, tuple[str, ...]]:
    path = repository / ".swe-agent" / "config.yaml"
    source = _FROM_REPOSITORY_FILE
    if not path.exists():
        return Layer(source, {}), ()
    pairs = flattened(read_mapping(path), source)
    allowed = {key: value for key, value in pairs if key in FROM_REPOSITORY}
    return Layer(source, dict(allowed)), tuple(
        visible(key)[:80] for key, _ in pairs if key not in allowed
    )


def _preset(name: str) -> Layer:
    if "/" in name or name.endswith((".yaml", ".yml")):
        path = Path(name).expanduser()
        return layer_of_mapping(read_mapping(path), str(path))
    presets = preset_files()
    if name not in presets:
        raise UsageFault(f"There is no preset {name!r}.", near_names(name, list(presets)))
    return layer_of_mapping(read_mapping(presets[name]), f"preset {name}")


def _environment() -> Layer:
    given = [
        (key, os.environ[variable])
        for variable, key in FROM_ENVIRONMENT.items()
        if os.environ.get(variable)
    ]
    return layer_of_assignments(given, "environment")


def _assigned(assignments: Sequence[str]) -> Layer:
    pairs: list[tuple[str, str]] = []
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise UsageFault(f"--set {assignment!r} has no '='.", "Write it as KEY=VALUE.")
        pairs.append((key.strip(), text.strip()))
    return layer_of_assignments(pairs, "--set")


def _overridden(overrides: Mapping[str, object]) -> Layer:
    source = "command line"
    given = {key: value for key, value in overrides.items() if value is not None}
    return Layer(source, {check_key(key, source): value for key, value in given.items()})


def with_address(recorded: Settings, given: str | None = None) -> Settings:
    """Settings of a recorded run with the password of its base URL, which no record holds.

    Args:
        recorded: as they were written.
        given: the address as it is given now; None: as the user's settings have it now.

    Raises:
        UsageFault: it is another address now.
    """
    models = recorded.models
    if not is_discreet(models.base_url):
        return recorded
    whole = given or load().settings.models.base_url
    if not whole or discreet(whole) != models.base_url:
        raise UsageFault(
            f"The base URL of this run, {models.base_url}, had a password, which is not kept.",
            "Set SWE_AGENT_BASE_URL to the whole address, then resume.",
        )
    address = models.model_copy(update={"base_url": whole})
    return recorded.model_copy(update={"models": address})


def _combined(layers: Sequence[Layer]) -> tuple[Settings, dict[str, str]]:
    values: dict[str, object] = {}
    provenance = dict.fromkeys(known_keys(), _DEFAULT)
    for layer in layers:
        values.update(layer.values)
        provenance.update(dict.fromkeys(layer.values, layer.source))
    try:
        return Settings.model_validate(_nested(values)), provenance
    except ValidationError as fault:
        raise _named(fault, provenance) from fault


def _nested(values: Mapping[str, object]) -> dict[str, object]:
    root: dict[str, object] = {}
    sections: dict[str, dict[str, object]] = {}
    for key, value in values.items():
        section, dot, name = key.partition(".")
        if dot:
            sections.setdefault(section, {})[name] = value
        else:
            root[key] = value
    return {**root, **sections}


def _named(fault: ValidationError, provenance: Mapping[str, str]) -> UsageFault:
    """The first thing that is wrong, by its dotted key."""
    first = fault.errors(include_url=False, include_context=False)[0]
    location = ".".join(str(part) for part in first["loc"])
    key = next(
        (known for known in known_keys() if location == known or location.startswith(known + ".")),
        location,
    )
    value = visible(repr(first["input"]))[:120]
    source = provenance.get(key, _DEFAULT)
    own = first["msg"].removeprefix("Value error, ")
    said = own if own != first["msg"] else own[:1].lower() + own[1:]
    return UsageFault(
        f"The setting {key} cannot be {value} (from {source}): {said}.",
        f"Correct it, or see `swe-agent config show {key}`.",
    )
