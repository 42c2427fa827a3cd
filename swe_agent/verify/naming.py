"""Which failing tests an issue speaks of; the issue is untrusted and only ever searched."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

_ALL_FAILING = re.compile(
    r"\b(?:make|fix|get|repair)\b[^.\n]{0,40}\bfailing\b[^.\n]{0,20}\btests?\b", re.I
)
_PARAMETERS = re.compile(r"\[.*\]$", re.DOTALL)
_ASSERTION = re.compile(
    r"^(?:E\s+|[\w.]*(?:Error|Exception|Warning|Exit|Interrupt)\b)", re.MULTILINE
)
_MIN_TEXT_CHARS = 12
_COMMON = {"test", "tests", "conftest", "__init__", "main", "base", "testcase"}


def named_by(issue: str, failing: Iterable[str], failures: Mapping[str, str]) -> tuple[str, ...]:
    """The failing tests that an issue names, sorted.

    A test is named by its id, function, class or file, or by its failure's text.
    `test_name` counts as `name` too where the issue writes it as code (`` `name` ``, `name(`,
    `name.py`, or with an underscore). "Make the failing tests pass" names them all.

    >>> named_by("`gcd(0, 4)` never returns", ["test_m.py::test_gcd", "test_m.py::test_lcm"], {})
    ('test_m.py::test_gcd',)
    """
    if _ALL_FAILING.search(issue):
        return tuple(sorted(failing))
    folded = " ".join(issue.split())
    return tuple(
        sorted(
            test
            for test in failing
            if _names(issue, test) or _quotes(folded, failures.get(test, ""))
        )
    )


def _names(issue: str, test: str) -> bool:
    if test in issue:
        return True
    bare = _PARAMETERS.sub("", test)
    file, _, inside = bare.partition("::")
    names = inside.split("::") if inside else bare.split(".") if "/" not in bare else []
    if inside or bare.endswith(".py"):
        path = PurePosixPath(file)
        if file in issue or _has_word(issue, path.name) or _has_code(issue, _subject(path.stem)):
            return True
    return any(
        (name.lower() not in _COMMON and _has_word(issue, name)) or _has_code(issue, _subject(name))
        for name in names
        if name.isidentifier()
    )


def _subject(name: str) -> str:
    """What a test is about, by its name; empty where the name does not say.

    >>> _subject("test_gcd"), _subject("TestStack"), _subject("gcd_test"), _subject("gcd")
    ('gcd', 'Stack', 'gcd', '')
    """
    for pattern in (r"test_(\w+)", r"Test(?!s\b|Case)(\w+)", r"(\w+?)_tests?", r"(\w+?)Tests?"):
        if found := re.fullmatch(pattern, name):
            return found[1]
    return ""


def _has_word(issue: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", issue))


def _has_code(issue: str, name: str) -> bool:
    """Whether the issue writes the name as code, not as an everyday word."""
    if len(name) < 2 or name.lower() in _COMMON:
        return False
    if "_" in name.strip("_") and _has_word(issue, name):
        return True
    word = re.escape(name)
    return bool(
        re.search(rf"`[^`\n]*(?<!\w){word}(?!\w)[^`\n]*`|(?<!\w){word}(?:\(|\.py\b)", issue)
    )


def _quotes(folded: str, failure: str) -> bool:
    """Whether the issue quotes the failure's own words: an error line or a failing assertion."""
    for line in failure.splitlines():
        if not _ASSERTION.match(line):
            continue
        said = " ".join(line.removeprefix("E").split())
        if len(said) >= _MIN_TEXT_CHARS and " " in said and said in folded:
            return True
    return False
