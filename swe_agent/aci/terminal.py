"""Which commands want a terminal, and what to use in their place. The shell has none: they would
hang or fail.

Names are found by the grammar of bash, not by searching the text: `echo vim` is fine, `sudo env
X=1 vim` is not.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from swe_agent.aci.grammars import parse

if TYPE_CHECKING:
    from tree_sitter import Node

_EDITORS = frozenset({"vi", "vim", "nvim", "nano", "pico", "emacs", "ed", "joe", "micro", "view"})
_PAGERS = frozenset({"less", "more", "most"})
_SHELLS = frozenset({"bash", "sh", "dash", "zsh"})
_REPLS = _SHELLS | {"python", "python2", "python3", "ipython", "node", "irb", "psql"}
_SCREENS = {
    "top": "use `top -b -n 1` or `ps`",
    "htop": "use `ps`",
    "watch": "run the command once, or in a `for` loop with `sleep`",
    "ssh": "there is no network and no terminal; work in this sandbox",
    "telnet": "there is no network and no terminal",
    "screen": "start the command with `&` and its output in a file",
    "tmux": "start the command with `&` and its output in a file",
}
_WRAPPERS = {
    "sudo": frozenset({"-u", "-g", "-C", "-D", "-p"}),
    "doas": frozenset({"-u"}),
    "env": frozenset({"-u", "-C"}),
    "timeout": frozenset({"-s", "-k"}),
    "nice": frozenset({"-n"}),
    "ionice": frozenset({"-c", "-n", "-p"}),
    "xargs": frozenset({"-n", "-I", "-P", "-L", "-d", "-s", "-a", "-E"}),
    "nohup": frozenset[str](),
    "time": frozenset[str](),
    "stdbuf": frozenset({"-i", "-o", "-e"}),
    "setsid": frozenset[str](),
    "command": frozenset[str](),
    "exec": frozenset({"-a"}),
    "builtin": frozenset[str](),
}
_WATCHED = re.compile(
    r"\b(?:" + "|".join(sorted({*_EDITORS, *_PAGERS, *_REPLS, *_SCREENS, "git", "tail"})) + r")\b"
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_GIT_VALUES = frozenset({"-C", "-c", "--git-dir", "--work-tree", "--namespace"})
_HARMLESS = frozenset({"--version", "--help", "-V", "-version"})
_SCRIPTED = frozenset({"-es", "-Es", "--batch", "-batch"})
_NO_SCRIPT = frozenset({"-", "-q", "-u", "-B", "-l"})
_MAX_DEPTH = 4
_PARSE_S = 0.5


@dataclass(frozen=True, slots=True)
class _Command:
    """A simple command without its wrappers."""

    name: str
    words: tuple[str, ...]
    is_fed: bool
    is_timed: bool
    environment: frozenset[str]
    """Names that are set for it."""


def wants_terminal(command: str, depth: int = 0) -> str | None:
    """Why a command would want a terminal, with what to use instead; None where it does not.

    What cannot be parsed in time counts as fine: the time-out is the second net.

    >>> wants_terminal("echo vim") is None
    True
    >>> wants_terminal("FOO=1 sudo -u me vim a.py")
    '`vim` is an editor that wants a terminal; use `edit`, `edit_lines` or `create`.'
    """
    if depth > _MAX_DEPTH or not _WATCHED.search(command):
        return None
    source = command.encode("utf-8", "surrogateescape")
    tree = parse("sh", source, _PARSE_S)
    if tree is None:
        return None
    for words, is_fed in _commands(tree.root_node):
        why = _why(words, is_fed, depth)
        if why:
            return why
    return None


def _commands(root: "Node") -> Iterator[tuple[list[str], bool]]:
    """Each simple command's words, and whether something is fed to its stdin."""
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, is_fed = stack.pop()
        if node.type == "command":
            yield _words(node), is_fed or _is_redirected(node)
        if node.type == "redirected_statement":
            is_fed = is_fed or _is_redirected(node)
        for at, child in enumerate(node.children):
            fed = is_fed or (node.type == "pipeline" and at > 0)
            stack.append((child, fed))


def _is_redirected(node: "Node") -> bool:
    for child in node.children:
        if child.type in ("heredoc_redirect", "herestring_redirect"):
            return True
        if child.type == "file_redirect" and any(part.type == "<" for part in child.children):
            return True
    return False


def _words(node: "Node") -> list[str]:
    words = []
    for child in node.children:
        if child.type.endswith("_redirect"):
            continue
        text = (child.text or b"").decode("utf-8", "backslashreplace")
        words.append(_unquoted(text) if child.type != "variable_assignment" else text)
    return words


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word, posix=True)) if word[:1] in "'\"\\" else word
    except ValueError:
        return word


def _why(words: list[str], is_fed: bool, depth: int) -> str | None:
    environment: list[str] = []
    is_timed = False
    while words:
        if _ASSIGNMENT.match(words[0]):
            environment.append(words[0].split("=", 1)[0])
            words = words[1:]
            continue
        name = words[0].rsplit("/", 1)[-1]
        if name not in _WRAPPERS:
            command = _Command(name, tuple(words[1:]), is_fed, is_timed, frozenset(environment))
            return _judged(command, depth)
        is_timed = is_timed or name == "timeout"
        is_fed = is_fed and name != "xargs"
        words = _unwrapped(name, words[1:])
    return None


def _unwrapped(name: str, words: list[str]) -> list[str]:
    """What a wrapper runs: its options, their values and a time-out's duration are skipped."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "--":
        at += 2 if words[at] in _WRAPPERS[name] else 1
    at += at < len(words) and words[at] == "--"
    return words[at + (name == "timeout") :]


def _judged(command: _Command, depth: int) -> str | None:
    name, words = command.name, command.words
    if _HARMLESS & set(words):
        return None
    if name in _EDITORS and not command.is_fed and not _SCRIPTED & set(words):
        return f"`{name}` is an editor that wants a terminal; use `edit`, `edit_lines` or `create`."
    if name in _PAGERS:
        return f"`{name}` is a pager that wants a terminal; use `view`, `head` or `sed -n`."
    if name in _SCREENS and not (name == "top" and words and "b" in words[0]):
        return f"`{name}` wants a terminal: {_SCREENS[name]}."
    if name == "tail" and not command.is_timed and any(map(_follows, words)):
        return "`tail -f` never ends; use `tail -n 50`, or `timeout 5 tail -f`."
    if name == "git":
        return _git(words, command.environment)
    return _repl(command, depth) if name in _REPLS else None


def _follows(word: str) -> bool:
    return bool(re.fullmatch(r"-\d*[A-Za-z]*[fF][A-Za-z]*|--follow(=.*)?|--retry", word))


def _repl(command: _Command, depth: int) -> str | None:
    name, words = command.name, command.words
    if name in _SHELLS:
        for at, word in enumerate(words[:-1]):
            if re.fullmatch(r"-[a-z]*c", word):
                return wants_terminal(words[at + 1], depth + 1)
    is_asked = "-i" in words and name != "psql"
    if command.is_fed or (not is_asked and set(words) - _NO_SCRIPT):
        return None
    flag = "-e" if name in ("node", "irb") else "-c"
    return (
        f"`{name}` without a script waits for a terminal; "
        f"use `{name} FILE`, `{name} {flag} CODE` or a here-document."
    )


def _git(rest: tuple[str, ...], environment: frozenset[str]) -> str | None:
    at = 0
    while at < len(rest) and rest[at].startswith("-"):
        at += 2 if rest[at] in _GIT_VALUES else 1
    command, options = (rest[at], rest[at + 1 :]) if at < len(rest) else ("", ())
    if command == "rebase" and {"-i", "--interactive"} & set(options):
        if {"GIT_SEQUENCE_EDITOR", "GIT_EDITOR", "EDITOR"} & environment:
            return None
        return "`git rebase -i` opens an editor; use `git rebase`, or set GIT_SEQUENCE_EDITOR."
    if command in ("add", "checkout", "reset", "restore", "stash", "commit"):
        asked = {"-p", "--patch", "--interactive"} | ({"-i"} if command == "add" else set())
        if asked & set(options):
            return f"`git {command} -p` asks in a terminal; name the files in place of it."
    return None
