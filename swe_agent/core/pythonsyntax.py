"""Python's own parser, for many threads."""

import ast
import threading

_LOCK = threading.Lock()


def parsed_python(source: str) -> ast.Module:
    """The syntax tree of a source; one at a time, since in Python 3.11 two threads in the parser
    upset each other's count of the depth (SystemError).

    Raises:
        SyntaxError: it does not parse.
        ValueError: it holds a NUL.
        RecursionError: it is nested too deep.
        MemoryError: the same, met elsewhere.
    """
    with _LOCK:
        return ast.parse(source)
