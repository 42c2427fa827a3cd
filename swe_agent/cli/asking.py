"""What a command may ask a person for: the issue, a key, a yes; on a terminal only."""

import os
import sys
from pathlib import Path

from swe_agent.cli.screen import is_interactive, say
from swe_agent.core.errors import UsageFault
from swe_agent.core.text import visible

LIMIT_BYTES = 1_000_000
"""Longest issue that is taken."""


def issue_text(given: str | None) -> str:
    """The issue from `-i`, or asked for on a terminal; empty: make the failing tests pass.

    Raises:
        UsageFault: the file or address cannot be read, or there is no text in what was given.
    """
    if given is None:
        return _asked_issue() if is_interactive() else ""
    if given == "-":
        text, source = sys.stdin.buffer.read(LIMIT_BYTES + 1), "stdin"
    elif given.startswith("@"):
        text, source = _file(Path(given[1:]).expanduser()), given
    else:
        text, source = given.encode("utf-8", "surrogateescape"), "-i"
    if len(text) > LIMIT_BYTES:
        raise UsageFault(f"The issue ({source}) is over {LIMIT_BYTES:,} bytes.", "Shorten it.")
    if not text.strip():
        raise UsageFault(
            f"The issue ({visible(source)}) is empty.",
            "Say what is wrong, or leave -i out to make the failing tests pass.",
        )
    return _fetched(text.decode("utf-8", "backslashreplace"))


def issue_folder(given: str | None) -> Path | None:
    """The folder of the issue's file, where `-i` names one."""
    if given is None or not given.startswith("@"):
        return None
    return Path(given[1:]).expanduser().parent


def confirm(question: str, default: bool) -> bool:
    """A yes or no from the person; the default on an empty answer."""
    say(f"{question} [{'Y/n' if default else 'y/N'}]")
    answer = sys.stdin.readline().strip().lower()
    return default if not answer else answer in ("y", "yes")


def require_key(model: str, base_url: str | None) -> None:
    """Ask for the key of a hosted model where there is none and a person is there.

    The key is kept in the user's key file if they say so, else for this process alone.
    """
    from swe_agent.settings.keys import (
        Provider,
        api_key,
        base_url_of,
        keep_key,
        key_variable,
        keys_path,
    )

    hosted: dict[str, Provider] = {"anthropic": "anthropic", "openai": "openai"}
    provider = hosted.get(model.partition("/")[0])
    if provider is None or not is_interactive():
        return
    if base_url_of(provider, base_url) or api_key(provider):
        return
    import getpass

    say(f"There is no API key of {provider} ({key_variable(provider)} is not set).")
    key = getpass.getpass(f"Key of {provider} (not shown; empty to stop): ", sys.stderr).strip()
    if not key:
        raise UsageFault(
            f"There is no API key of {provider}.",
            f"Set {key_variable(provider)}, or use `-m offline`, which needs none.",
        )
    if confirm(f"Keep it in {keys_path()} (only you can read it)?", default=False):
        keep_key(provider, key)
    else:
        os.environ[key_variable(provider)] = key


def _asked_issue() -> str:
    say("What is the issue? One line, or Enter to make the failing tests pass:")
    return sys.stdin.readline().strip()


def _file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise UsageFault(
            f"The issue file {visible(str(path))} cannot be read: {error.strerror}.",
            "Check the path after the @.",
        ) from error


def _fetched(text: str) -> str:
    """The text; the issue behind it where it is nothing but an address."""
    words = text.split()
    if len(words) != 1 or not words[0].startswith(("http://", "https://")):
        return text
    from swe_agent.jobs.issue_page import issue_at

    return issue_at(words[0])
