"""Blobs come back by their hash, and a write that fails harms none that was there."""

import hashlib
import random
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.trajectory.blobs import Blobs

CONTENTS = [b"", b"\n", b"x", b"12\n34\n", bytes(range(256)), b"\xff" * 3_000_000]


def key_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_bytes_come_back_by_their_hash_after_reopening(tmp_path: Path) -> None:
    with Blobs(tmp_path) as blobs:
        keys = [blobs.put(content) for content in CONTENTS]
        assert [blobs.get(key) for key in keys] == CONTENTS
    assert keys == [key_of(content) for content in CONTENTS]
    with Blobs(tmp_path) as blobs:
        assert [blobs.get(key) for key in keys] == CONTENTS
        assert [blobs.size_bytes(key) for key in keys] == [len(content) for content in CONTENTS]


def test_equal_bytes_are_stored_once(tmp_path: Path) -> None:
    with Blobs(tmp_path) as blobs:
        blobs.put(b"x" * 10_000)
        size = (tmp_path / "objects.pack").stat().st_size
        blobs.put(b"x" * 10_000)
        blobs.put_stream(10_000, [b"x" * 5_000] * 2)
    assert (tmp_path / "objects.pack").stat().st_size == size


def test_an_unknown_hash_is_a_key_error(tmp_path: Path) -> None:
    with Blobs(tmp_path) as blobs:
        assert key_of(b"x") not in blobs
        with pytest.raises(KeyError):
            blobs.get(key_of(b"x"))


def test_a_stream_comes_back_whole_and_in_pieces(tmp_path: Path) -> None:
    pieces = [bytes([n]) * (100_000 + n) for n in range(20)]
    whole = b"".join(pieces)
    with Blobs(tmp_path) as blobs:
        key = blobs.put_stream(len(whole), iter(pieces))
        assert key == key_of(whole)
        assert blobs.get(key) == whole
        assert b"".join(blobs.chunks(key, 77_777)) == whole
        assert list(blobs.chunks(blobs.put(b""))) == []


@pytest.mark.parametrize("promised", [0, 9, 11])
def test_a_stream_of_another_length_leaves_no_trace(tmp_path: Path, promised: int) -> None:
    with Blobs(tmp_path) as blobs:
        kept = blobs.put(b"kept")
        size = (tmp_path / "objects.pack").stat().st_size
        with pytest.raises(ValueError, match="10 bytes came"):
            blobs.put_stream(promised, [b"01234", b"56789"])
        assert (tmp_path / "objects.pack").stat().st_size == size
        after = blobs.put(b"after")
    with Blobs(tmp_path) as blobs:
        assert (blobs.get(kept), blobs.get(after)) == (b"kept", b"after")


def test_a_stream_whose_source_breaks_leaves_no_trace(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise RuntimeError

    with Blobs(tmp_path) as blobs:
        with pytest.raises(RuntimeError):
            blobs.put_stream(200_000, breaking())
        after = blobs.put(b"after")
    with Blobs(tmp_path) as blobs:
        assert blobs.get(after) == b"after"


@pytest.mark.parametrize("cut", [1, 30, 65, 66, 90])
def test_a_torn_tail_is_cut_off_when_opened(tmp_path: Path, cut: int) -> None:
    with Blobs(tmp_path) as blobs:
        first, last = blobs.put(b"first" * 10), blobs.put(b"last" * 10)
    pack = tmp_path / "objects.pack"
    pack.write_bytes(pack.read_bytes()[:-cut])
    with Blobs(tmp_path) as blobs:
        assert blobs.get(first) == b"first" * 10
        assert last not in blobs
        assert blobs.put(b"last" * 10) == last
    with Blobs(tmp_path) as blobs:
        assert blobs.get(last) == b"last" * 10


@pytest.mark.parametrize("tail", [b"\n", b"12", b"99\nshort", b"x\n", b"\0" * 512, b"-1\n"])
def test_rubbish_at_the_end_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    with Blobs(tmp_path) as blobs:
        key = blobs.put(b"first")
    with (tmp_path / "objects.pack").open("ab") as file:
        file.write(tail)
    with Blobs(tmp_path) as blobs:
        assert blobs.get(key) == b"first"
        blobs.put(b"second")
    with Blobs(tmp_path) as blobs:
        assert blobs.get(key_of(b"second")) == b"second"


@pytest.mark.parametrize("as_stream", [False, True])
def test_a_full_disk_harms_no_earlier_blob(small_disk: Path, as_stream: bool) -> None:
    rng = random.Random(3)
    contents = [rng.randbytes(3_000) for _ in range(40)]
    with Blobs(small_disk) as blobs:
        kept: list[bytes] = []

        def fill() -> None:
            for content in contents:
                if as_stream:
                    blobs.put_stream(3_000, [content[:1_000], content[1_000:]])
                else:
                    blobs.put(content)
                kept.append(content)

        with pytest.raises(EnvironmentFault, match="No space left"):
            fill()
        assert 10 < len(kept) < 30
        assert [blobs.get(key_of(content)) for content in kept] == kept
        subprocess.run(["mount", "-o", "remount,size=1m", str(small_disk)], check=True)
        for content in contents:
            blobs.put(content)
    with Blobs(small_disk) as blobs:
        assert [blobs.get(key_of(content)) for content in contents] == contents


def test_threads_may_write_and_read_together(tmp_path: Path) -> None:
    with Blobs(tmp_path) as blobs:

        def work(seed: int) -> None:
            rng = random.Random(seed)
            for _ in range(100):
                content = rng.randbytes(rng.randrange(5_000))
                wrong.extend([content] * (blobs.get(blobs.put(content)) != content))

        wrong: list[bytes] = []
        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
