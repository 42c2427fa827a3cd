"""Text that came as bytes."""

import tracemalloc

from swe_agent.core.text import joined

PIECE = b"x" * 999_999 + b"\n"


def test_a_long_text_is_held_once() -> None:
    tracemalloc.start()
    try:
        text = joined(PIECE for _ in range(20))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(text) == 20_000_000
    assert peak < 1.3 * len(text)
