"""What the failing tests tell beside where they go: the texts that they write, what they miss, what
came out and what should have.
"""

import ast
import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

TEXT_LIMIT = 80
TEXT_CHARS = 400
DIFFERENCE_LIMIT = 12
_LACKING = re.compile(r"has no attribute '(\w+)'")
_GIVEN = re.compile(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'")
_WANTING = re.compile(r"(\w+)\(\) missing \d+ required [\w-]+ arguments?: ([^\n]*)")
_TYPE = re.compile(r"[A-Z]\w*(?:Error|Exception|Exit|Warning)")
_COMPARED = re.compile(r"assert (['\"].*?['\"]) == (['\"].*['\"])$", re.MULTILINE)
_MARKED = re.compile(r"^(?:E\s+)?([-+]) (.*)$")


@dataclass(frozen=True, slots=True)
class Told:
    """What the failing tests' code and messages say."""

    texts: tuple[str, ...] = ()
    """Texts that the tests write, each once, in order."""
    types: tuple[str, ...] = ()
    """Exceptions that the tests' code names."""
    lacking: tuple[str, ...] = ()
    """Attributes that failures say are not there."""
    given: tuple[tuple[str, str], ...] = ()
    """Functions with arguments that failures say they are given by name and do not take."""
    wanting: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Functions with the parameters that failures say they are not given."""
    differences: tuple[tuple[str, str], ...] = ()
    """Lines that came, each with the one that was expected; and the reverse, where a failure leaves
    open which is which.
    """


def told_by(tests: Iterable[tuple[ast.AST, str]], failures: Iterable[str]) -> Told:
    """What is told by test functions (each in its module, by name) and failures' texts."""
    nodes = [node for module, name in tests for part in _parts(module, name) for node in part]
    texts = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    names = [n.id for n in nodes if isinstance(n, ast.Name)]
    names += [n.attr for n in nodes if isinstance(n, ast.Attribute)]
    said = list(failures)
    lines = [line for text in texts for line in text[:TEXT_CHARS].split("\n") if line.strip()]
    return Told(
        tuple(dict.fromkeys(lines))[:TEXT_LIMIT],
        tuple(dict.fromkeys(name for name in names if _TYPE.fullmatch(name))),
        tuple(dict.fromkeys(name for text in said for name in _LACKING.findall(text))),
        tuple(dict.fromkeys(pair for text in said for pair in _GIVEN.findall(text))),
        tuple(dict.fromkeys(pair for text in said for pair in _wanting(text))),
        tuple(dict.fromkeys(pair for text in said for pair in _differences(text)))[
            :DIFFERENCE_LIMIT
        ],
    )


def changes(came: str, expected: str) -> Iterator[tuple[str, str, str, str]]:
    """How two lines differ: what stands left, what came, what was expected, what stands right.

    >>> list(changes("3 Bytes", "3B"))
    [('3', ' ', '', 'Bytes'), ('3 B', 'ytes', '', '')]
    """
    matcher = difflib.SequenceMatcher(None, came, expected, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag != "equal":
            yield came[:start], came[start:end], expected[first:last], came[end:]


def _parts(module: ast.AST, name: str) -> Iterator[list[ast.AST]]:
    """The nodes of a test, and of the module's own constants that it reads."""
    constants: Mapping[str, ast.AST] = {
        target.id: node.value
        for node in getattr(module, "body", ())
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            nodes = list(ast.walk(node))
            yield nodes
            read = dict.fromkeys(n.id for n in nodes if isinstance(n, ast.Name))
            yield from (list(ast.walk(constants[n])) for n in read if n in constants)


def _wanting(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for function, listed in _WANTING.findall(text):
        yield function, tuple(re.findall(r"'(\w+)'", listed))


def _differences(text: str) -> Iterator[tuple[str, str]]:
    for one, two in _COMPARED.findall(text):
        try:
            came, expected = ast.literal_eval(one), ast.literal_eval(two)
        except (ValueError, SyntaxError):
            continue
        if isinstance(came, str) and isinstance(expected, str):
            yield came, expected
    lines = [m.groups() for line in text.split("\n") if (m := _MARKED.match(line))]
    for (mark, one), (other, two) in itertools.pairwise(lines):
        if (mark, other) == ("-", "+"):
            yield two, one
            yield one, two
