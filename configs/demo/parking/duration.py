"""Minutes: from words, to words, and in units of a tariff."""

import re

DAY = 24 * 60
_WORDS = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?")


def parse(text):
    """Minutes of a duration such as `1d 2h 5m`.

    Raises ValueError where there is nothing to read.
    """
    found = _WORDS.fullmatch(text.strip())
    if not found or not any(found.groups()):
        raise ValueError(f"not a duration: {text!r}")
    days, hours, minutes = (int(group or 0) for group in found.groups())
    return days * DAY + hours * 60 + minutes


def spoken(minutes):
    """A duration for people, without parts that are zero."""
    days, rest = divmod(minutes, DAY)
    hours, minutes = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    return " ".join(f"{count}{unit}" for count, unit in parts if count) or "0m"


def begun_units(minutes, unit):
    """How many units of time a stay has begun; none for no stay at all."""
    if minutes <= 0:
        return 0
    return (minutes + unit) // unit


def overlap(begin, end, low, high):
    """Minutes of [begin, end) that lie in [low, high)."""
    return max(0, min(end, high) - max(begin, low))
