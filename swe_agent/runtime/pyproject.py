"""What a Python project says of itself: which Python it wants and what its tests need installed.

Read from files alone; `setup.py` is parsed, never run.
"""

import ast
import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from shlex import quote

from swe_agent.core.protocols import TreeReader
from swe_agent.core.pythonsyntax import parsed_python
from swe_agent.core.text import decoded
from swe_agent.runtime.versions import Version, version_of

_LIMIT_BYTES = 1_000_000
_TEST_NAMES = ("test", "tests", "testing")
_DEV_NAMES = ("dev", "develop", "development")
_CLASSIFIER = "Programming Language :: Python :: "
_REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]*\])?\s*([<>=!~;].*)?$")
_Table = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What was found."""

    requires: str = ""
    """`requires-python` as written; empty where nothing is said."""
    pinned: tuple[Version, ...] = ()
    """Those of `.python-version`."""
    listed: tuple[Version, ...] = ()
    """Those that classifiers or tox name, ascending."""
    install: str = ""
    """Arguments that make pip install the project itself; empty where it is no package."""
    packages: tuple[str, ...] = ()
    """Requirements beside the project's own: groups, extras that pip cannot name, tox's."""

    @property
    def says_python(self) -> bool:
        """Whether anything is said of the Python to use."""
        return bool(self.requires or self.pinned or self.listed)

    @property
    def blanks(self) -> dict[str, str]:
        """What the commands of a profile may name, quoted."""
        return {"install": self.install, "packages": " ".join(map(quote, self.packages))}


def python_facts(tree: TreeReader) -> PythonFacts:
    """Read the files at the top of a tree; what does not parse says nothing."""
    project = _toml(_text(tree, "pyproject.toml"))
    setup_cfg = _ini(_text(tree, "setup.cfg"))
    tox = _ini(_text(tree, "tox.ini"))
    script = _setup_call(_text(tree, "setup.py"))
    own = _table(project, "project")
    poetry = _table(project, "tool", "poetry")
    extras = _strings(own.get("optional-dependencies")) | _strings(poetry.get("extras"))
    extras |= set(setup_cfg.get("options.extras_require", {})) | script.extras
    is_package = tree.entry("setup.py") is not None or "build-system" in project
    chosen = _chosen(extras)
    packages = [*_grouped(_table(project, "dependency-groups"))]
    packages += [*_poetry(poetry)]
    if not is_package:
        packages += _list(own.get("dependencies"))
        packages += [one for name in chosen for one in _list(_optional(own).get(name))]
    if not chosen and not packages:
        packages += [*_tox_deps(tox)]
    requires = _said(own.get("requires-python")) or script.requires
    requires = requires or setup_cfg.get("options", {}).get("python_requires", "")
    requires = requires or _said(_table(poetry, "dependencies").get("python"))
    return PythonFacts(
        requires=requires,
        pinned=tuple(_versions(_text(tree, ".python-version").split())),
        listed=_listed(own, setup_cfg, tox, script),
        install=_install(chosen) if is_package else "",
        packages=tuple(one for one in dict.fromkeys(packages) if _REQUIREMENT.match(one)),
    )


@dataclass(frozen=True, slots=True)
class _SetupCall:
    """The literal arguments of `setup(...)`."""

    requires: str = ""
    extras: frozenset[str] = frozenset()
    classifiers: tuple[str, ...] = ()


def _setup_call(source: str) -> _SetupCall:
    try:
        nodes = list(ast.walk(parsed_python(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _SetupCall()
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        given = {word.arg: word.value for word in node.keywords if word.arg}
        if given.keys() & {"python_requires", "extras_require", "classifiers", "packages"}:
            extras = given.get("extras_require")
            names = extras.keys if isinstance(extras, ast.Dict) else []
            return _SetupCall(
                requires=_said(_literal(given.get("python_requires"))),
                extras=frozenset(_said(_literal(name)) for name in names) - {""},
                classifiers=tuple(_list(_literal(given.get("classifiers")))),
            )
    return _SetupCall()


def _literal(node: ast.expr | None) -> object:
    try:
        return ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _install(extras: Iterable[str]) -> str:
    """
    >>> _install(["test"]), _install([])
    ("-e '.[test]'", '-e .')
    """
    names = ",".join(extras)
    return f"-e {quote(f'.[{names}]')}" if names else "-e ."


def _chosen(names: Iterable[str]) -> list[str]:
    """Those that tests need; what developers need only where nothing is called tests.

    >>> _chosen({"test", "dev", "docs"}), _chosen({"dev"}), _chosen({"docs"})
    (['test'], ['dev'], [])
    """
    there = set(names)
    found = [name for name in _TEST_NAMES if name in there]
    return found or [name for name in _DEV_NAMES if name in there][:1]


def _grouped(groups: _Table) -> Iterator[str]:
    for name in _chosen(groups):
        yield from _expanded(groups, name, frozenset())


def _expanded(groups: _Table, name: str, above: frozenset[str]) -> Iterator[str]:
    """A dependency group with the groups that it includes."""
    rows = groups.get(name)
    for row in rows if isinstance(rows, list) and name not in above else ():
        if isinstance(row, str):
            yield row
        elif isinstance(row, dict) and isinstance(row.get("include-group"), str):
            yield from _expanded(groups, row["include-group"], above | {name})


def _poetry(poetry: _Table) -> Iterator[str]:
    """Names in poetry's test groups; pip does not know its version signs, so they are left out."""
    groups = _table(poetry, "group")
    for name in _chosen(groups):
        yield from _table(groups, name, "dependencies")
    if not groups:
        yield from _table(poetry, "dev-dependencies")


def _tox_deps(tox: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for line in tox.get("testenv", {}).get("deps", "").splitlines():
        if _REQUIREMENT.match(line.strip()):
            yield line.strip()


def _listed(
    own: _Table,
    setup_cfg: Mapping[str, Mapping[str, str]],
    tox: Mapping[str, Mapping[str, str]],
    script: _SetupCall,
) -> tuple[Version, ...]:
    rows = [*_list(own.get("classifiers")), *script.classifiers]
    rows += setup_cfg.get("metadata", {}).get("classifiers", "").splitlines()
    named = (row.strip().removeprefix(_CLASSIFIER) for row in rows if _CLASSIFIER in row)
    found = set(_versions(named))
    environments = tox.get("tox", {}).get("envlist", "")
    for digits in [] if found else re.findall(r"\bpy(?:\{?)(\d{2,3}(?:,\d{2,3})*)", environments):
        found |= {(int(one[0]), int(one[1:])) for one in digits.split(",")}
    return tuple(sorted(found))


def _versions(texts: Iterable[str]) -> Iterator[Version]:
    return (found for text in texts if (found := version_of(text)))


def _optional(own: _Table) -> _Table:
    return _table(own, "optional-dependencies")


def _table(table: _Table, *names: str) -> _Table:
    here: object = table
    for name in names:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def _strings(value: object) -> set[str]:
    return {str(key) for key in value} if isinstance(value, Mapping) else set()


def _list(value: object) -> list[str]:
    rows = value if isinstance(value, list | tuple) else []
    return [one for one in rows if isinstance(one, str)]


def _said(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _toml(text: str) -> _Table:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}


def _ini(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return {}
    return {name: dict(parser[name]) for name in parser.sections()}


def _text(tree: TreeReader, path: str) -> str:
    entry = tree.entry(path)
    if entry is None or entry.kind != "file" or entry.size_bytes > _LIMIT_BYTES:
        return ""
    return decoded(tree.read(path))
