"""The patch brings one tree to the other, byte for byte, by `git apply` alone."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from swe_agent.core.protocols import Entry
from swe_agent.runtime.patch import make_patch
from swe_agent.runtime.store import TreeStore

Content = bytes | tuple[str, bytes]
"""A file's bytes, or ("link", target), or ("exec", bytes)."""


def entry_of(store: TreeStore, content: Content) -> Entry:
    if isinstance(content, bytes):
        return Entry("file", store.put(content), len(content), 0o644)
    kind, raw = content
    if kind == "link":
        return Entry("link", store.put(raw), 0, 0o777)
    return Entry("file", store.put(raw), len(raw), 0o755)


def write(root: Path, files: dict[str, Content]) -> None:
    for name, content in files.items():
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name.encode("utf-8", "surrogateescape")))
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif content[0] == "link":
            path.symlink_to(os.fsdecode(content[1]))
        else:
            path.write_bytes(content[1])
            path.chmod(0o755)


def read(root: Path) -> dict[str, Content]:
    found: dict[str, Content] = {}
    for path in sorted(root.rglob("*")):
        name = os.fsencode(path.relative_to(root)).decode("utf-8", "surrogateescape")
        if path.is_symlink():
            found[name] = ("link", os.fsencode(path.readlink()))
        elif path.is_file():
            raw = path.read_bytes()
            found[name] = ("exec", raw) if path.stat().st_mode & 0o100 else raw
    return found


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 12\n"
LONG = b"".join(b"line %d\n" % n for n in range(200))
CASES: dict[str, tuple[dict[str, Content], dict[str, Content]]] = {
    "one line": ({"a.py": LONG}, {"a.py": LONG.replace(b"line 50\n", b"line fifty\n")}),
    "two hunks": (
        {"a.py": LONG},
        {"a.py": LONG.replace(b"line 5\n", b"").replace(b"line 150\n", b"x\ny\n")},
    ),
    "first and last line": (
        {"a": LONG},
        {"a": b"new\n" + LONG.replace(b"line 199\n", b"end\n")},
    ),
    "crlf": ({"a": b"one\r\ntwo\r\n"}, {"a": b"one\r\nTWO\r\n"}),
    "mixed ends": ({"a": b"one\r\ntwo\nthree\r"}, {"a": b"one\r\nTWO\nthree\r"}),
    "final newline lost": ({"a": b"one\ntwo\n"}, {"a": b"one\ntwo"}),
    "final newline gained": ({"a": b"one\ntwo"}, {"a": b"one\ntwo\n"}),
    "no final newline, other line changed": ({"a": b"one\ntwo"}, {"a": b"ONE\ntwo"}),
    "bom": ({"a": b"\xef\xbb\xbfone\n"}, {"a": b"\xef\xbb\xbftwo\n"}),
    "latin-1": ({"a": b"caf\xe9\n"}, {"a": b"caf\xe8\n"}),
    "utf-16": ({"a": "hé\n".encode("utf-16")}, {"a": "hè\n".encode("utf-16")}),
    "binary": ({"a": bytes(range(256)) * 9}, {"a": bytes(range(255, -1, -1)) * 7}),
    "new binary": ({"k": b"k\n"}, {"k": b"k\n", "a": b"\0" * 100_000 + b"x"}),
    "binary deleted": ({"k": b"k\n", "a": b"\0abc"}, {"k": b"k\n"}),
    "new file in a new folder": ({"k": b"k\n"}, {"k": b"k\n", "d/e/f.py": b"x = 1\n"}),
    "deleted": ({"a": b"x\n", "k": b"k\n"}, {"k": b"k\n"}),
    "empty file made": ({"k": b"k\n"}, {"k": b"k\n", "a": b""}),
    "empty file deleted": ({"k": b"k\n", "a": b""}, {"k": b"k\n"}),
    "emptied": ({"a": b"x\n"}, {"a": b""}),
    "mode alone": ({"a": b"x\n"}, {"a": ("exec", b"x\n")}),
    "mode and content": ({"a": ("exec", b"x\n")}, {"a": b"y\n"}),
    "new executable": ({"k": b"k\n"}, {"k": b"k\n", "a": ("exec", b"#!/bin/sh\n")}),
    "link made": ({"k": b"k\n"}, {"k": b"k\n", "l": ("link", b"k")}),
    "link moved": ({"k": b"", "l": ("link", b"k")}, {"k": b"", "l": ("link", b"other")}),
    "file to link": ({"a": b"x\n", "k": b""}, {"a": ("link", b"k"), "k": b""}),
    "link to file": ({"a": ("link", b"k"), "k": b""}, {"a": b"x\n", "k": b""}),
    "folder to file": ({"a/b": b"x\n"}, {"a": b"y\n"}),
    "file to folder": ({"a": b"x\n"}, {"a/b": b"y\n"}),
    "renamed": ({"a": LONG}, {"b": LONG}),
    "blanks in the name": ({"a b": b"x\n"}, {"a b": b"y\n"}),
    "quote in the name": ({'a"b\\c': b"x\n"}, {'a"b\\c': b"y\n"}),
    "newline and tab in the name": ({"a\nb\tc": b"x\n"}, {"a\nb\tc": b"y\n"}),
    "leading dash": ({"-rf": b"x\n"}, {"-rf": b"y\n"}),
    "unicode name": ({"é/ü.py": b"x\n"}, {"é/ü.py": b"y\n"}),
    "name that is not utf-8": ({"a\udcff": b"x\n"}, {"a\udcff": b"y\n"}),
    "trailing blanks": ({"a": b"x  \n\t\n"}, {"a": b"x \n\t\t\n"}),
    "form feeds": ({"a": b"x\x0cy\x1c\n"}, {"a": b"x\x0cz\x1c\n"}),
    "lines that look like a patch": ({"a": b"--- a\n+++ b\n"}, {"a": b"--- a\n+++ c\n@@ -1 @@\n"}),
    "lfs pointer": (
        {".gitattributes": b"*.bin filter=lfs diff=lfs -text\n", "a.bin": LFS % 1},
        {".gitattributes": b"*.bin filter=lfs diff=lfs -text\n", "a.bin": LFS % 2},
    ),
    "attributes that turn ends": (
        {".gitattributes": b"*.txt text eol=crlf\n", "a.txt": b"one\r\ntwo\r\n"},
        {".gitattributes": b"*.txt text eol=crlf\n", "a.txt": b"one\r\nTWO\r\n"},
    ),
    "very long file": ({"a": LONG * 50}, {"a": LONG[::-1] * 50}),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("hostile", [False, True], ids=["plain git", "hostile git configuration"])
def test_git_apply_gives_the_new_tree(case, hostile, tmp_path: Path) -> None:
    old, new = case
    store = TreeStore(tmp_path / "store")
    trees = [
        store.overlay(store.empty, {p: entry_of(store, c) for p, c in files.items()})
        for files in (old, new)
    ]
    patch = make_patch(store, *trees)
    work = tmp_path / "work"
    work.mkdir()
    write(work, old)
    config = tmp_path / "gitconfig"
    config.write_text("[core]\nautocrlf = true\n[apply]\nwhitespace = fix\n" if hostile else "")
    env = os.environ | {"GIT_CONFIG_GLOBAL": str(config), "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    if hostile:  # in a repository attributes count
        subprocess.run(["git", "init", "-q", work], env=env, check=True)
    args = ["-c", "core.autocrlf=false", "-c", "apply.whitespace=nowarn"] if hostile else []
    done = subprocess.run(["git", *args, "apply", "-"], input=patch, cwd=work, env=env, check=False)
    assert done.returncode == 0
    shutil.rmtree(work / ".git", ignore_errors=True)
    assert read(work) == read_back(new)


def read_back(files: dict[str, Content]) -> dict[str, Content]:
    return {name: files[name] for name in sorted(files)}


def test_equal_trees_make_no_patch(tmp_path: Path) -> None:
    store = TreeStore(tmp_path)
    tree = store.overlay(store.empty, {"a": entry_of(store, b"x\n")})
    assert make_patch(store, tree, tree) == b""


def test_paths_that_are_not_kept_stay_out(tmp_path: Path) -> None:
    store = TreeStore(tmp_path)
    changes = {p: entry_of(store, b"x\n") for p in ("a.py", "junk.pyc")}
    new = store.overlay(store.empty, changes)
    patch = make_patch(store, store.empty, new, keep=lambda path: not path.endswith(".pyc"))
    assert b"a.py" in patch
    assert b"junk" not in patch
