"""One grep request for any POSIX sandbox, GNU's or busybox's, and what its answer means."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from swe_agent.aci.paths import shown
from swe_agent.core.text import decoded

MAX_LINES = 20_000
LINE_BYTES = 2_000
PRUNED = (".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", ".tox", ".mypy_cache")
_ANSWER = re.compile(rb"^(.+?):(\d+):(.*)$", re.DOTALL)

# `echo x |`: busybox compiles a pattern only when it has a line to match it with.
_SCRIPT = """(cd {root} && LC_ALL=C && export LC_ALL && {{
if [ -f {path} ]; then kind=F; elif [ -d {path} ]; then kind=D; else echo N; exit 0; fi
echo x | grep -E -e {extended} >/dev/null 2>&1
if [ $? -le 1 ]; then how=E; set -- -E -e {extended}; else how=X; set -- -F -e {fixed}; fi
if printf 'x\\000\\n' | grep -qI x; then binary=B; else binary=S; fi
echo $kind$how$binary
if [ $kind = F ]; then grep -nHI "$@" -- {path}
else find {path}/. \\( {pruned} \\) -prune -o -type f {named} -print0 | xargs -0 grep -nHI "$@" --
fi 2>/dev/null | cut -b 1-{line_bytes} | head -n {max_lines}
}})"""


@dataclass(frozen=True, slots=True)
class Hit:
    """One line that matches."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """What grep answered."""

    kind: str
    """`F`: a file was searched, `D`: a folder, `N`: there is no such path."""
    is_fixed: bool
    """The pattern was no valid expression and was searched for as plain text."""
    hits: tuple[Hit, ...]
    has_binary: bool
    """This grep also reads binary files, so the hits hold their lines."""
    is_cut: bool
    """There were more than `MAX_LINES` lines."""


def script(root: str, path: str, pattern: str, name: str) -> str:
    """The shell command.

    Args:
        root: absolute path of the repository inside.
        path: repository-relative file or folder; `.` for all.
        pattern: an extended regular expression without line ends.
        name: glob for the file's name; empty: any.
    """
    return _SCRIPT.format(
        root=shlex.quote(root),
        path=shlex.quote(f"./{path}"),
        extended=shlex.quote(_extended(pattern)),
        fixed=shlex.quote(pattern),
        pruned=" -o ".join(f"-name {name}" for name in PRUNED),
        named=f"-name {shlex.quote(name)}" if name else "",
        line_bytes=LINE_BYTES,
        max_lines=MAX_LINES,
    )


def answer(output: bytes, is_known: Callable[[str], bool]) -> Found:
    """The hits in a grep's output, sorted by path and line.

    Args:
        output: what the command printed.
        is_known: whether a path is in the tree; tells `a:1:b` the file from `a`, line 1.
    """
    head, _, rest = output.partition(b"\n")
    lines = rest.split(b"\n")[:-1] if rest.endswith(b"\n") else rest.split(b"\n")
    hits = [hit for line in lines if line and (hit := _hit(line, is_known))]
    hits.sort(key=lambda hit: (hit.path, hit.line))
    flags = head.decode("ascii", "replace").strip() or "N"
    is_cut = len(lines) >= MAX_LINES
    return Found(flags[0], "X" in flags, tuple(hits), "B" in flags, is_cut)


def _hit(line: bytes, is_known: Callable[[str], bool]) -> Hit | None:
    first: Hit | None = None
    at = 0
    while match := _ANSWER.match(line[at:]):
        path_bytes = line[: at + match.end(1)]
        path = _plain(path_bytes.decode("utf-8", "surrogateescape"))
        hit = Hit(shown(path), int(match[2]), decoded(match[3].removesuffix(b"\r")))
        if is_known(path):
            return hit
        first = first or hit
        at += match.end(1) + 1
    return first


def _plain(path: str) -> str:
    while path.startswith("./"):
        path = path[2:]
    return path.replace("/./", "/", 1)


def _extended(pattern: str) -> str:
    """Common Python spellings in grep's own: `\\d`, `\\D`, `(?:`."""
    return re.sub(
        r"\\(.)|(\[\^?\]?[^\]]*\])|\(\?:",
        lambda match: _spelled(match[0]),
        pattern,
    )


def _spelled(piece: str) -> str:
    match piece:
        case "\\d":
            return "[0-9]"
        case "\\D":
            return "[^0-9]"
        case "(?:":
            return "("
        case _ if piece.startswith("["):
            return piece.replace("\\d", "0-9").replace("\\w", "A-Za-z0-9_").replace("\\s", " \t")
        case _:
            return piece
