"""The index follows the tree: only new bytes are parsed, and a broken cache costs time alone."""

from pathlib import Path

import pytest

from swe_agent.index.build import build
from swe_agent.index.cache import Cache
from swe_agent.index.rank import rank
from tests.index.trees import Tree

SOURCE = {f"pkg/m{n}.py": f"def f{n}():\n    return {n}\n" for n in range(30)}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache("/some/repository", tmp_path)


def test_a_second_build_parses_nothing(cache: Cache) -> None:
    assert build(Tree(SOURCE), cache).parsed == 30
    again = Tree(SOURCE)
    assert build(again, cache).parsed == 0
    assert again.reads == []


def test_a_changed_file_is_parsed_alone(cache: Cache) -> None:
    first = build(Tree(SOURCE), cache)
    changed = Tree({**SOURCE, "pkg/m3.py": "def renamed():\n    return 3\n"})
    assert build(changed, cache, first.corpus).parsed == 1
    assert changed.reads == ["pkg/m3.py"]


def test_what_was_changed_or_deleted_is_no_longer_found(cache: Cache) -> None:
    corpus = build(Tree(SOURCE), cache).corpus
    rest = {path: text for path, text in SOURCE.items() if path != "pkg/m4.py"}
    rest["pkg/m3.py"] = "def renamed():\n    return 3\n"
    corpus = build(Tree(rest), cache, corpus).corpus
    names = {place.name for place in rank(corpus, "call of `f3`, `f4` and `renamed`").functions}
    assert "pkg/m3.py::renamed" in names
    assert not names & {"pkg/m3.py::f3", "pkg/m4.py::f4"}


def test_a_changed_build_ranks_as_a_fresh_one(cache: Cache, tmp_path: Path) -> None:
    issue = "f7 returns the wrong number"
    old = {**SOURCE, "pkg/m7.py": "def other():\n    pass\n"}
    changed = build(Tree(SOURCE), cache, build(Tree(old), cache).corpus).corpus
    fresh = build(Tree(SOURCE), Cache("/other", tmp_path)).corpus
    assert rank(changed, issue) == rank(fresh, issue)


def test_a_damaged_cache_is_done_without(cache: Cache, tmp_path: Path) -> None:
    build(Tree(SOURCE), cache)
    cache.close()
    (file,) = tmp_path.rglob("*.sqlite")
    file.write_bytes(b"not a database" * 100)
    assert build(Tree(SOURCE), Cache("/some/repository", tmp_path)).parsed == 30


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert build(Tree(SOURCE), Cache("/r", tmp_path / "file")).parsed == 30


def test_what_time_does_not_allow_is_left_out_and_counted(cache: Cache) -> None:
    built = build(Tree(SOURCE), cache, limit_s=-1.0)
    assert (built.parsed, built.left_out) == (0, 30)


def test_many_files_are_parsed_in_several_processes(cache: Cache) -> None:
    large = {f"big{n}.py": f"# {n}\n" + "# 1234567890\n" * 20_000 for n in range(14)}
    built = build(Tree(large), cache)
    assert (built.parsed, built.left_out) == (14, 0)
