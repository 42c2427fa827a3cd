"""How long a test waits for what is promised within seconds."""

import os


def crowded_s(seconds: float) -> float:
    """Seconds that are promised on a machine of one's own: as much longer as others keep it busy
    now."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
