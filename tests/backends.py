"""Backends without an engine in tests: what they need, and why a test of theirs is skipped."""

from functools import cache

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.runtime.sandboxes import check_bubblewrap


@cache
def bubblewrap_fault() -> str:
    """Why bubblewrap does not work here; empty if it does."""
    try:
        check_bubblewrap()
    except EnvironmentFault as fault:
        return f"bubblewrap does not work here: {fault.message}"
    return ""


def need_bubblewrap() -> None:
    """Skip the test where bubblewrap does not work."""
    if fault := bubblewrap_fault():
        pytest.skip(fault)
