"""The whole of a long output goes to disk; a full disk costs the whole, never the result."""

import subprocess
from pathlib import Path

import pytest

from swe_agent.runtime.output import KEPT_BYTES, Output
from tests.trajectory.conftest import small_disk

__all__ = ["small_disk"]


@pytest.mark.parametrize("chunk_bytes", [1000, 100_000, 400_000])
def test_a_full_disk_keeps_head_tail_and_count(small_disk: Path, chunk_bytes: int) -> None:
    output = Output(small_disk)
    for number in range(4_000_000 // chunk_bytes):
        output.feed(b"%d" % (number % 10) * chunk_bytes)
    assert output.spooled() is None
    assert output.total_bytes == 4_000_000
    shown = output.shown()
    assert shown.startswith(b"0")
    assert shown.endswith(b"%d" % ((4_000_000 // chunk_bytes - 1) % 10) * min(chunk_bytes, 1000))
    assert b"%d bytes elided" % (4_000_000 - 2 * KEPT_BYTES) in shown
    assert list(small_disk.iterdir()) == []


def test_with_room_again_the_next_output_is_whole(small_disk: Path) -> None:
    first, second = Output(small_disk), Output(small_disk)
    first.feed(b"x" * 1_000_000)
    assert first.spooled() is None
    subprocess.run(["mount", "-o", "remount,size=4m", str(small_disk)], check=True)
    second.feed(b"y" * 1_000_000)
    place = second.spooled()
    assert place is not None
    assert place.read_bytes() == b"y" * 1_000_000
