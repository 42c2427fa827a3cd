"""What is left of a bug: one line for the user, the traceback in a file."""

import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from swe_agent import __version__
from swe_agent.cli.home import state_home
from swe_agent.cli.screen import say
from swe_agent.core.errors import ExitCode
from swe_agent.core.text import visible


def record_crash(error: BaseException) -> int:
    """Write the traceback where only the user can read it, say where, and return the exit code."""
    from swe_agent.settings.keys import known_secrets
    from swe_agent.trajectory.redact import Redactor

    redactor = Redactor(known_secrets())
    trace = redactor.redacted("".join(traceback.format_exception(error)))
    versions = f"swe-agent {__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    text = redactor.redacted(str(error))
    said = visible(text).splitlines()[0][:200] if text else ""
    say(f"swe-agent: internal error: {type(error).__name__}{': ' if said else ''}{said}")
    try:
        place = _write(f"{versions}\n{visible(trace)}")
    except OSError:
        say(visible(trace))
    else:
        say(f"  This is a bug in swe-agent; please report it with {place}")
    return int(ExitCode.INTERNAL)


def _write(text: str) -> Path:
    folder = state_home() / "crashes"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    prefix = time.strftime("%y%m%d-%H%M%S-")
    descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=".log", dir=folder)  # mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    return Path(name)
