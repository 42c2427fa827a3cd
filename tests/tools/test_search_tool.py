"""`search` and `find_file`: grep of either make, capped, quoted."""

import pytest

from swe_agent.aci.tool import ToolLimits

FILES = {
    "a.py": "import os\ndef load(x):\n    return x\n",
    "src/b.py": "def load_all():\n    load(1)\n",
    "src/c.js": "function load() {}\n",
    ".venv/lib/d.py": "def load(): pass\n",
    "node_modules/e.js": "load()\n",
    "bin": b"load\0load\n",
}


def test_hits_come_with_path_line_and_text(desk):
    seen = desk(FILES).call("search", pattern=r"def load\w*\(")
    assert seen.data == {
        "hits": [
            {"path": "a.py", "line": 2, "text": "def load(x):"},
            {"path": "src/b.py", "line": 1, "text": "def load_all():"},
        ],
        "total": 2,
        "per_file": {"a.py": 1, "src/b.py": 1},
    }
    assert seen.text == "2 lines in 2 files:\na.py:2: def load(x):\nsrc/b.py:1: def load_all():"


def test_binary_and_environment_files_are_left_out(desk):
    seen = desk(FILES).call("search", pattern="load")
    assert {*seen.data["per_file"]} == {"a.py", "src/b.py", "src/c.js"}


def test_environment_folder_is_searched_when_named(desk):
    seen = desk(FILES).call("search", pattern="load", path=".venv")
    assert {*seen.data["per_file"]} == {".venv/lib/d.py"}


@pytest.mark.parametrize(
    ("glob", "files"),
    [
        ("*.js", {"src/c.js"}),
        ("src/*.py", {"src/b.py"}),
        ("**/*.py", {"a.py", "src/b.py"}),
        ("*.{js,py}", {"a.py", "src/b.py", "src/c.js"}),
        ("/a.py", {"a.py"}),
    ],
)
def test_glob_narrows_the_search(desk, glob, files):
    seen = desk(FILES).call("search", pattern="load", glob=glob)
    assert {*seen.data["per_file"]} == files


def test_path_may_be_a_file_or_a_folder(desk):
    at = desk(FILES)
    assert {*at.call("search", pattern="load", path="src").data["per_file"]} == {
        "src/b.py",
        "src/c.js",
    }
    assert {*at.call("search", pattern="load", path="src/c.js").data["per_file"]} == {"src/c.js"}
    missing = at.call("search", pattern="load", path="nowhere")
    assert (missing.outcome, missing.data["reason"]) == ("failed", "path")


def test_invalid_expression_is_searched_for_as_text_and_said(desk):
    seen = desk({"a.py": "f(x\n", "b.py": "f[x\n"}).call("search", pattern="f(")
    assert seen.data["per_file"] == {"a.py": 1}
    assert "plain text" in seen.text


def test_too_many_hits_become_counts_per_file(desk):
    files = {"a.txt": "x\n" * 4, "b.txt": "x\n" * 2}
    seen = desk(files, ToolLimits(search_hits=5)).call("search", pattern="x")
    assert "narrow it" in seen.text
    assert seen.text.split("\n")[1:] == ["a.txt: 4", "b.txt: 2"]
    assert (seen.data["total"], len(seen.data["hits"])) == (6, 5)


def test_nothing_found_is_said(desk):
    seen = desk({"a.py": "x\n"}).call("search", pattern="nowhere")
    assert (seen.outcome, seen.text) == ("ok", "No line matches `nowhere`.")


@pytest.mark.parametrize(
    "pattern", ["-e", "--help", "it's", '"', "`touch owned`", "a; touch owned", "x:1:y", "é", "%s"]
)
def test_patterns_are_quoted(desk, pattern):
    at = desk({"a.txt": f"say {pattern} here\nother\n"})
    assert [hit["line"] for hit in at.call("search", pattern=pattern).data["hits"]] == [1]
    assert at.call("find_file", glob="owned").data["total"] == 0


def test_pattern_that_ends_in_a_backslash_is_searched_for_as_text(desk):
    seen = desk({"a.txt": "C:\\x\nD:\n"}).call("search", pattern="C:\\")
    assert [hit["line"] for hit in seen.data["hits"]] == [1]


def test_python_classes_of_characters_are_understood(desk):
    seen = desk({"a.txt": "v12\nv\n"}).call("search", pattern=r"v(?:\d+)[\d]")
    assert [hit["line"] for hit in seen.data["hits"]] == [1]


def test_line_end_in_a_pattern_is_refused(desk):
    assert desk({"a.txt": "a\nb\n"}).call("search", pattern="a\nb").data["reason"] == "pattern"


def test_names_with_colons_and_blanks_are_read_right(desk):
    at = desk({"a:1:b.txt": "hit\n", "c d.txt": "hit\n", "-x.txt": "hit\n"})
    assert {*at.call("search", pattern="hit").data["per_file"]} == {
        "a:1:b.txt",
        "c d.txt",
        "-x.txt",
    }
    assert {*at.call("search", pattern="hit", path="-x.txt").data["per_file"]} == {"-x.txt"}


def test_long_lines_are_cut(desk):
    seen = desk({"a.txt": "hit" + "y" * 5000 + "\n"}).call("search", pattern="hit")
    assert len(seen.text) < 400


def test_find_file_globs_at_any_depth_and_from_the_root(desk):
    at = desk(FILES)
    assert at.call("find_file", glob="b.py").data == {"paths": ["src/b.py"], "total": 1}
    assert at.call("find_file", glob="src/*").data["total"] == 2
    assert at.call("find_file", glob="/*.py").data["paths"] == ["a.py"]


def test_find_file_names_what_is_near(desk):
    seen = desk({"src/Loader.py": ""}).call("find_file", glob="loader.py")
    assert "src/Loader.py" in seen.text
    assert seen.data["total"] == 0
