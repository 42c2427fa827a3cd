"""The index follows the tree: only new bytes are parsed, and a broken cache costs time alone."""

import subprocess
import sys
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


def test_a_kept_index_that_is_changed_ranks_as_a_fresh_one(cache: Cache, tmp_path: Path) -> None:
    issue = "f7 returns the wrong number"
    build(Tree({**SOURCE, "pkg/m7.py": "def other():\n    pass\n"}), cache)
    changed = build(Tree(SOURCE), cache)
    assert changed.parsed == 1
    fresh = build(Tree(SOURCE), Cache("/other", tmp_path)).corpus
    assert rank(changed.corpus, issue) == rank(fresh, issue)


def test_files_with_equal_bytes_are_parsed_once_and_all_found(cache: Cache) -> None:
    built = build(Tree({"a.py": "def twin(): pass\n", "b/c.py": "def twin(): pass\n"}), cache)
    assert (built.parsed, built.left_out) == (1, 0)
    found = {place.name for place in rank(built.corpus, "`twin` fails").functions}
    assert found == {"a.py::twin", "b/c.py::twin"}


def test_the_index_starts_without_pydantic() -> None:
    program = "import sys, swe_agent.index.build, swe_agent.runtime.repository as r; r.listed_files"
    shown = subprocess.run(
        [sys.executable, "-c", program + "; print({'pydantic', 'git'} & {*sys.modules})"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert shown.stdout == "set()\n"


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
    large = {f"big{n:02}.py": f"# {n}\n" + "# 1234567890\n" * 20_000 for n in range(14)}
    built = build(Tree(large), cache)
    assert (built.parsed, built.left_out) == (14, 0)
    assert list(built.corpus.by_path) == list(large)
