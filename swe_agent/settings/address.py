"""Secrets inside addresses (`https://user:password@host/`): taken out before one is shown or
written."""

import re
from urllib.parse import unquote

HIDDEN = "***"
_WHO = re.compile(r"(?<=://)([^/?#\s]+)@")


def discreet(text: str) -> str:
    """The text with each address in it as it may be shown.

    >>> discreet("at https://me:hunter2@host:1/v1?a=b@c")
    'at https://***@host:1/v1?a=b@c'
    """
    return _WHO.sub(f"{HIDDEN}@", text)


def is_discreet(address: str | None) -> bool:
    """Whether something was taken out of the address, so that nothing can be reached by it."""
    return bool(address and f"://{HIDDEN}@" in address)


def secrets_in(address: str | None) -> tuple[str, ...]:
    """The password in each address of a text, or the name where there is none, as written and as
    meant.

    >>> secrets_in("https://me:a%20b@host/"), secrets_in("http://token@host"), secrets_in(None)
    (('a%20b', 'a b'), ('token',), ())
    """
    secrets: list[str] = []
    for who in _WHO.findall(address or ""):
        name, _, password = who.partition(":")
        written = password or name
        secrets += () if written == HIDDEN else (written, unquote(written))
    return tuple(dict.fromkeys(secrets))


def without_login(address: str) -> tuple[str, str]:
    """The address alone, and `name:password` of it as meant; empty where there is none."""
    found = _WHO.search(address)
    return _WHO.sub("", address), unquote(found[1]) if found else ""
