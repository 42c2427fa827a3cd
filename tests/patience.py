"""How long a test waits for what is promised within seconds."""

import os
import time
from collections.abc import Callable


def crowded_s(seconds: float) -> float:
    """Seconds that are promised on a machine of one's own: as much longer as others keep it busy
    now."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def comes_true(condition: Callable[[], bool], within_s: float = 20.0) -> bool:
    """Whether something comes true within so many seconds of a machine of one's own."""
    deadline = time.monotonic() + crowded_s(within_s)
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
