"""API keys: from the environment or a file that only its owner may read; never logged."""

import importlib
import importlib.util
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal, assert_never

from swe_agent.core.errors import UsageFault
from swe_agent.settings.address import secrets_in
from swe_agent.settings.content import config_home
from swe_agent.settings.registries import logins_of_host
from swe_agent.settings.strict_yaml import read_mapping

KEYRING_SERVICE = "swe-agent"
BASE_URL_VARIABLE = "SWE_AGENT_BASE_URL"
Provider = Literal["anthropic", "openai"]
_VENDORS_OWN: dict[Provider, str] = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
}


def key_variable(provider: Provider) -> str:
    """The environment variable that holds a provider's key."""
    match provider:
        case "anthropic":
            return "ANTHROPIC_API_KEY"
        case "openai":
            return "OPENAI_API_KEY"
        case _:
            assert_never(provider)


def base_url_of(provider: Provider, named: str | None) -> str | None:
    """Where a provider is reached; None: at the vendor's own address.

    Args:
        provider: whose models are asked.
        named: the setting `models.base_url`; without it the variable that the vendor's SDK would
            read by itself (`OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL`) says it.
    """
    found = named or os.environ.get(_address_variable(provider), "").strip()
    return found if found and found.rstrip("/") != _VENDORS_OWN[provider] else None


def keys_path() -> Path:
    """The file that keeps keys; it need not exist."""
    return config_home() / "keys.yaml"


def api_key(provider: Provider) -> str | None:
    """A provider's first key; None where there is none.

    Raises:
        UsageFault: the keys file can be read by others, is not the user's, or is not valid.
    """
    return next(iter(api_keys(provider)), None)


def api_keys(provider: Provider) -> tuple[str, ...]:
    """All keys of a provider: from the environment, else the keys file, else the system's keyring.

    Several are written with commas between them.

    Raises:
        UsageFault: the keys file can be read by others, is not the user's, or is not valid.
    """
    return found_keys(provider)[0]


def found_keys(provider: Provider) -> tuple[tuple[str, ...], str]:
    """All keys of a provider, and the place where they were found.

    Raises:
        UsageFault: as `api_keys`.
    """
    if keys := _split(os.environ.get(key_variable(provider), "")):
        return keys, key_variable(provider)
    if keys := _split(_kept().get(provider, "")):
        return keys, str(keys_path())
    return _split(_from_keyring(provider)), "the keyring"


def known_secrets() -> tuple[str, ...]:
    """Every key that this process can know, for the writers that must not let one through."""
    providers: tuple[Provider, ...] = ("anthropic", "openai")
    found: list[str] = []
    for provider in providers:
        found += _split(os.environ.get(key_variable(provider), ""))
        with suppress(UsageFault):  # a file that is not read gives nothing away
            found += api_keys(provider)
    for name in (BASE_URL_VARIABLE, *map(_address_variable, providers)):
        found += secrets_in(os.environ.get(name))
    found += logins_of_host()
    return tuple(dict.fromkeys(found))


def keep_key(provider: Provider, key: str) -> Path:
    """Write the key into the keys file, mode 0600, beside other keys; returns the file.

    Raises:
        UsageFault: the key is empty or more than one word, or the file cannot be written.
    """
    key = key.strip()
    if not key or not key.isprintable() or " " in key:
        raise UsageFault(f"That is not a key of {provider}.", "Paste the key alone, on one line.")
    path = keys_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, {**_kept(), provider: key})
    except OSError as fault:
        raise UsageFault(
            f"The key cannot be kept in {path}: {fault.strerror}.",
            f"Set {key_variable(provider)} instead.",
        ) from fault
    return path


def _address_variable(provider: Provider) -> str:
    return f"{provider.upper()}_BASE_URL"


def _split(keys: str) -> tuple[str, ...]:
    return tuple(key for key in keys.replace(",", " ").split() if key)


def _from_keyring(provider: Provider) -> str:
    """What the system's keyring holds, where the `keyring` package is installed and works."""
    if importlib.util.find_spec("keyring") is None:
        return ""
    keyring = importlib.import_module("keyring")
    errors = importlib.import_module("keyring.errors")
    try:
        return str(keyring.get_password(KEYRING_SERVICE, provider) or "")
    except errors.KeyringError:
        return ""


def _kept() -> dict[str, str]:
    path = keys_path()
    try:
        status = path.stat()
    except OSError:
        return {}
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise UsageFault(f"{path} can be read or written by other users.", f"Run: chmod 600 {path}")
    if status.st_uid != os.geteuid():
        raise UsageFault(
            f"{path} belongs to another user.", "Remove it, or set the key in the environment."
        )
    mapping = read_mapping(path)
    wrong = [name for name, value in mapping.items() if not isinstance(value, str)]
    if wrong:
        raise UsageFault(f"{path}: the key of {wrong[0]} is not text.", "Put it in quotes.")
    return {name: value for name, value in mapping.items() if isinstance(value, str) and value}


def _replace(path: Path, keys: dict[str, str]) -> None:
    import yaml

    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".keys-")  # made with mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(yaml.safe_dump(keys))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
