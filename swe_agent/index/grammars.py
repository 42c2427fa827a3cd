"""The tree-sitter grammars: this module alone imports them, when a file needs one."""

import importlib
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Tree

_BY_SUFFIX = {
    "py": ("tree_sitter_python", "language"),
    "pyi": ("tree_sitter_python", "language"),
    "js": ("tree_sitter_javascript", "language"),
    "mjs": ("tree_sitter_javascript", "language"),
    "cjs": ("tree_sitter_javascript", "language"),
    "jsx": ("tree_sitter_javascript", "language"),
    "ts": ("tree_sitter_typescript", "language_typescript"),
    "mts": ("tree_sitter_typescript", "language_typescript"),
    "cts": ("tree_sitter_typescript", "language_typescript"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "go": ("tree_sitter_go", "language"),
    "rs": ("tree_sitter_rust", "language"),
    "java": ("tree_sitter_java", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "cs": ("tree_sitter_c_sharp", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "rb": ("tree_sitter_ruby", "language"),
    "json": ("tree_sitter_json", "language"),
    "sh": ("tree_sitter_bash", "language"),
    "bash": ("tree_sitter_bash", "language"),
}
OTHER_NAMES = {"cc": "cpp", "cxx": "cpp", "hpp": "cpp", "hh": "cpp", "hxx": "cpp"}
"""Suffixes by the one whose grammar reads them."""
_CPP_WORDS = (b"class ", b"namespace ", b"template", b"::", b"public:", b"private:", b'extern "C"')


def language_of(path: str, content: bytes) -> str | None:
    """The suffix whose grammar reads this file; None where we have none.

    A header is one of C unless it looks like C++.
    """
    name = path.rsplit("/", 1)[-1]
    if "." not in name:
        return None
    suffix = name.rsplit(".", 1)[-1].lower()
    if suffix == "h":
        return "cpp" if any(word in content for word in _CPP_WORDS) else "c"
    suffix = OTHER_NAMES.get(suffix, suffix)
    return suffix if suffix in _BY_SUFFIX else None


def parse(language: str, source: bytes, limit_s: float) -> "Tree | None":
    """The syntax tree, or None when parsing took longer than `limit_s` seconds."""
    from tree_sitter import Parser

    parser = Parser(grammar(language))  # its own: threads take turns within a parse
    end = time.monotonic() + limit_s

    def read(offset: int, _point: object) -> bytes:
        return source[offset:]  # at once: pieces cost a tenth of the time

    try:
        return parser.parse(read, progress_callback=lambda _at, _error: time.monotonic() > end)
    except ValueError:
        return None


@cache
def grammar(language: str) -> "Language":
    """The grammar of a suffix that `language_of` gives."""
    from tree_sitter import Language

    module, function = _BY_SUFFIX[language]
    return Language(getattr(importlib.import_module(module), function)())
