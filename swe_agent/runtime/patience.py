"""Waiting for a sandbox: an engine that restarts comes back, and no model call is spent
meanwhile."""

import time
from collections.abc import Callable
from typing import TypeVar

from swe_agent.core.errors import EngineAway, SandboxLost

Made = TypeVar("Made")
PAUSE_S = 2.0
LOST_TRIES = 3
"""A sandbox that is lost while it is made is made anew up to so many times in all."""


def patiently(
    make: Callable[[], Made],
    limit_s: float,
    say: Callable[[str], None],
    wait: Callable[[float], None] = time.sleep,
) -> Made:
    """What `make` makes, as soon as the engine lets it.

    Args:
        make: makes a sandbox; asked again while the engine is away.
        limit_s: how long to wait for the engine, in seconds of waiting.
        say: told when the waiting begins and when it is over.
        wait: waits so many seconds; may raise to interrupt.

    Raises:
        EngineAway: it stayed away.
        SandboxLost: the sandbox was lost again and again.
        EnvironmentFault: it cannot be made, however long one waits.
    """
    waited, lost = 0.0, 0
    while True:
        try:
            made = make()
        except EngineAway as fault:
            if waited >= limit_s:
                raise
            if not waited:
                say(f"{fault.message}; waiting up to {limit_s:g} s for it, nothing is spent")
        except SandboxLost:
            lost += 1
            if lost >= LOST_TRIES:
                raise
        else:
            if waited:
                say("the engine is back")
            return made
        wait(PAUSE_S)
        waited += PAUSE_S
