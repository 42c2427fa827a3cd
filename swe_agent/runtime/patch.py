"""The patch: a byte-exact diff of two trees in git's format, made here; no git reads what the agent
could write.

It applies with `git apply`: full object ids, modes, links, binary files as zlib in base 85,
C-quoted odd names.
Source: the formats are those of git-diff(1) and git's documentation of patches.
"""

import base64
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Sequence

from swe_agent.core.protocols import Entry
from swe_agent.runtime.linediff import Opcode, opcodes
from swe_agent.runtime.store import TreeStore

_CONTEXT = 3
_NULL_ID = "0" * 40


def make_patch(
    store: TreeStore, old: str, new: str, keep: Callable[[str], bool] = lambda path: True
) -> bytes:
    """The patch from tree `old` to tree `new`; empty where nothing that counts differs.

    Args:
        store: has both.
        old: hash of the tree that the patch applies to.
        new: hash of the tree that it leads to.
        keep: which paths may be in it.
    """
    whole = io.BytesIO()  # holds a large patch once, a list of parts would twice
    whole.writelines(patch_parts(store, old, new, keep))
    return whole.getvalue()


def patch_parts(
    store: TreeStore, old: str, new: str, keep: Callable[[str], bool] = lambda path: True
) -> Iterator[bytes]:
    """The same, one file after the other."""
    for path, (was, now) in store.diff(old, new).items():
        before = was if was and was.kind in ("file", "link") else None
        after = now if now and now.kind in ("file", "link") else None
        if (before or after) and keep(path):
            yield from _file_patches(store, path, before, after)


def touched(store: TreeStore, old: str, new: str) -> tuple[str, ...]:
    """Paths of files and links that differ."""
    return tuple(
        path
        for path, pair in store.diff(old, new).items()
        if any(entry and entry.kind in ("file", "link") for entry in pair)
    )


def _file_patches(
    store: TreeStore, path: str, was: Entry | None, now: Entry | None
) -> Iterator[bytes]:
    """One file's part; a file that became a link (or the other way) is deleted and made anew, as
    git does."""
    if was and now and was.kind != now.kind:
        yield _file_patch(store, path, was, None)
        yield _file_patch(store, path, None, now)
    elif was is None or now is None or (was.blob, _mode(was)) != (now.blob, _mode(now)):
        yield _file_patch(store, path, was, now)


def _file_patch(store: TreeStore, path: str, was: Entry | None, now: Entry | None) -> bytes:
    old = store.get(was.blob) if was else b""
    new = store.get(now.blob) if now else b""
    head = [f"diff --git {_name('a/', path)} {_name('b/', path)}"]
    if was is None and now:
        head.append(f"new file mode {_mode(now)}")
    elif now is None and was:
        head.append(f"deleted file mode {_mode(was)}")
    elif was and now and _mode(was) != _mode(now):
        head += [f"old mode {_mode(was)}", f"new mode {_mode(now)}"]
    content = b""
    if old != new or was is None or now is None:
        ids = f"{_git_id(old) if was else _NULL_ID}..{_git_id(new) if now else _NULL_ID}"
        same_mode = was and now and _mode(was) == _mode(now)
        head.append(f"index {ids} {_mode(was)}" if was and same_mode else f"index {ids}")
        if old != new:
            content = _content(path, old if was else None, new if now else None)
    return "\n".join(head).encode("utf-8", "surrogateescape") + b"\n" + content


def _content(path: str, old: bytes | None, new: bytes | None) -> bytes:
    if b"\0" in (old or b"")[:8000] or b"\0" in (new or b"")[:8000]:
        forward, back = _literal(new or b""), _literal(old or b"")
        return b"GIT binary patch\n" + forward + b"\n" + back + b"\n"
    before = "/dev/null" if old is None else _name("a/", path)
    after = "/dev/null" if new is None else _name("b/", path)
    names = f"--- {_tabbed(before)}\n+++ {_tabbed(after)}\n".encode("utf-8", "surrogateescape")
    return names + b"".join(_hunks(_lines(old or b""), _lines(new or b"")))


def _hunks(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[bytes]:
    """Unified hunks with three lines of context."""
    for group in _grouped(opcodes(old, new)):
        first, last = group[0], group[-1]
        old_span, new_span = _span(first[1], last[2]), _span(first[3], last[4])
        yield f"@@ -{old_span} +{new_span} @@\n".encode()
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (_line(b" ", line) for line in old[i1:i2])
                continue
            yield from (_line(b"-", line) for line in old[i1:i2])
            yield from (_line(b"+", line) for line in new[j1:j2])


def _grouped(codes: list[Opcode]) -> Iterator[list[Opcode]]:
    """Changes with their context; a long equal stretch ends one hunk and begins the next."""
    group: list[Opcode] = []
    for at, (tag, i1, i2, j1, j2) in enumerate(codes):
        if tag != "equal":
            group.append((tag, i1, i2, j1, j2))
            continue
        lead, trail = at > 0, at < len(codes) - 1
        if lead and trail and i2 - i1 <= 2 * _CONTEXT:
            group.append((tag, i1, i2, j1, j2))
            continue
        if lead and group:
            stop = min(_CONTEXT, i2 - i1)
            group.append((tag, i1, i1 + stop, j1, j1 + stop))
            yield group
            group = []
        if trail:
            start = min(_CONTEXT, i2 - i1)
            group = [(tag, i2 - start, i2, j2 - start, j2)]
    if any(code[0] != "equal" for code in group):
        yield group


def _span(start: int, stop: int) -> str:
    length = stop - start
    return f"{start + 1 if length else start},{length}" if length != 1 else f"{start + 1}"


def _lines(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1] if content.endswith(b"\n") else _open_ended(content)


def _open_ended(content: bytes) -> list[bytes]:
    """Lines of a text without a final newline: the last one is marked, so that it differs from an
    ended one."""
    if not content:
        return []
    *whole, last = content.split(b"\n")
    return [*whole, last + _NO_END]


_NO_END = b"\n\\ No newline at end of file"


def _line(sign: bytes, line: bytes) -> bytes:
    return sign + line + b"\n"


def _literal(content: bytes) -> bytes:
    packed = zlib.compress(content)
    rows = [b"literal %d" % len(content)]
    for at in range(0, len(packed), 52):
        piece = packed[at : at + 52]
        size = len(piece)
        letter = chr(ord("A") + size - 1) if size <= 26 else chr(ord("a") + size - 27)
        rows.append(letter.encode() + base64.b85encode(piece, pad=True))
    return b"\n".join(rows) + b"\n"


def _mode(entry: Entry) -> str:
    if entry.kind == "link":
        return "120000"
    return "100755" if entry.executable else "100644"


def _git_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _name(prefix: str, path: str) -> str:
    """The name as git writes it: C-quoted where it has odd characters."""
    raw = (prefix + path).encode("utf-8", "surrogateescape")
    if all(32 <= byte < 127 and byte not in b'"\\' for byte in raw):
        return prefix + path
    named = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}
    shown = (
        f"\\{named[byte]}" if byte in named else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
        for byte in raw
    )
    return '"' + "".join(shown) + '"'


def _tabbed(name: str) -> str:
    """A name with blanks is followed by a tab, so that no tool takes what follows for a date."""
    return f"{name}\t" if " " in name and not name.startswith('"') else name
