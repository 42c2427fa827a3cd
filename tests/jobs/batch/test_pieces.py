"""A run's folder on its way between machines."""

from pathlib import Path

import pytest

from swe_agent.core.errors import EnvironmentFault
from swe_agent.jobs.executors.pieces import Outgoing, Piece, put


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sent(outgoing: Outgoing, to: Path) -> list[Piece]:
    pieces = list(outgoing.pieces())
    for piece in pieces:
        put(to, piece)
    return pieces


def test_what_is_added_and_changed_arrives_and_only_that(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "checkpoints").mkdir(parents=True)
    log, pack = here / "events.jsonl", here / "checkpoints/objects.pack"
    log.write_bytes(b"one\n")
    pack.write_bytes(b"x" * 10)
    (here / "checkpoints/base.pack").write_bytes(b"made anew")
    outgoing = Outgoing(here, is_there=False)
    assert [one.path for one in sent(outgoing, there)] == ["checkpoints/objects.pack", LOG]
    with log.open("ab") as stream:
        stream.write(b"two\n")
    pack.write_bytes(b"x" * 10 + b"y" * 5)
    (here / "result.json").write_bytes(b"{}")
    again = sent(outgoing, there)
    assert [(one.path, one.offset, one.content) for one in again] == [
        ("checkpoints/objects.pack", 10, b"y" * 5),
        ("result.json", 0, b"{}"),
        (LOG, 4, b"two\n"),
    ]
    assert sent(outgoing, there) == []
    (here / "result.json").write_bytes(b"[]")
    pack.write_bytes(b"z" * 3)
    sent(outgoing, there)
    (here / "checkpoints/base.pack").unlink()
    assert contents(there) == contents(here)


def test_the_log_never_speaks_of_what_is_not_there(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    (here / LOG).write_bytes(b"one\n")
    (here / "objects.pack").write_bytes(b"x")
    outgoing = Outgoing(here, is_there=False)
    pieces = outgoing.pieces()
    first = next(pieces)
    with (here / LOG).open("ab") as stream:
        stream.write(b"two, which needs more of the pack\n")
    assert (first.path, b"".join(one.content for one in pieces)) == ("objects.pack", b"one\n")
    assert [one.content for one in outgoing.pieces()] == [b"two, which needs more of the pack\n"]


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", ""])
def test_a_piece_cannot_leave_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(EnvironmentFault, match="impossible name"):
        put(tmp_path / "there", Piece(path, 0, b""))


LOG = "events.jsonl"
