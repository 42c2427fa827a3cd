"""A row of a task file, in any dialect that is met, as an instance and its answer key.

Dialects: SWE-bench (Lite, Verified, full, Multimodal, Multilingual; JSON strings or lists), its v5
rows with image and eval script, SWE-bench-Live, SWE-smith, SWE-rebench, Multi-SWE-bench, and our
own (`repo`, `base`, `issue`, `setup`, `test`, `expect`, or `files` in place of a repository).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import JsonValue, ValidationError

from swe_agent.core.errors import UsageFault
from swe_agent.core.messages import Record
from swe_agent.core.text import visible
from swe_agent.jobs.tasks_instance import AnswerKey, Instance
from swe_agent.jobs.tasks_sources import value_of

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

RowObject = Mapping[str, JsonValue]
Made = TypeVar("Made", bound=Record)

_COLUMNS = {"id": ("instance_id", "id")}
"""Where several columns may hold what a row lacks."""
_WANTED = {
    "id": "letters, digits and . _ - + @ = , (a letter or digit first)",
    "image": "letters, digits and . _ - / : @ (a letter or digit first)",
    "base": "letters, digits and . _ - + / @ (a letter, digit or _ first)",
    "python": "a version like 3.9",
}
"""What a value is made of."""
REFUSED = (
    "docker_args",
    "docker_run_args",
    "run_args",
    "container_args",
    "privileged",
    "volumes",
    "mounts",
    "cap_add",
    "devices",
)
"""Columns that would steer the container engine."""

_SWE_BENCH_ID = re.compile(r"^[\w.-]+__[\w.-]+-\d+$")
_TOUCHED = re.compile(r"^(?:\+\+\+|---) [ab]/([^\t\n]+)", re.MULTILINE)


def read_row(row: JsonValue, folder: Path | None) -> tuple[Instance, AnswerKey]:
    """The two halves of a row.

    Args:
        row: an object of any dialect; unknown columns are left alone.
        folder: what local paths are relative to; None: the row may name none.

    Raises:
        UsageFault: it is no task; the message says which column is wrong, and why.
    """
    if not isinstance(row, dict):
        raise UsageFault("it is not an object with columns")
    for name in REFUSED:
        if row.get(name):
            raise UsageFault(f"{name}: a task may not say how containers are run")
    key = _key(row)
    setup = _setup(row)
    python = row.get("python") or _config(row).get("python")
    instance = {
        "id": key.id,
        "issue": _issue(row),
        "pictures": _pictures(row),
        "repo": _repo(row, folder),
        "base": _base(row),
        "image": _first(row, "image", "image_name", "docker_image"),
        "usual_image": _usual_image(row, key.id),
        "image_revision": key.id if _is_smith(row) else "HEAD",
        "python": _minor(python) if python else None,
        "setup": setup,
        "test": _open_tests(key),
        "env": row.get("env") or {},
        "is_graded_elsewhere": bool(key.test_patch or key.eval_script),
        "files": row.get("files") if isinstance(row.get("files"), dict) else {},
    }
    return _checked(Instance, instance), key


def id_of(row: JsonValue) -> JsonValue:
    """A row's id, whether or not it may be one."""
    if not isinstance(row, dict):
        return None
    org, repo, number = row.get("org"), row.get("repo"), row.get("number")
    own = row.get("instance_id") or row.get("id")
    return own or (f"{org}__{repo}-{number}" if org and repo and number else None)


def _key(row: RowObject) -> AnswerKey:
    expect = row.get("expect")
    expected = expect if isinstance(expect, dict) else {"FAIL_TO_PASS": expect}
    fail = _first(row, "FAIL_TO_PASS", "fail_to_pass") or _fixed(row)
    passed = _first(row, "PASS_TO_PASS", "pass_to_pass", "p2p_tests")
    config = _config(row)
    values = {
        "id": id_of(dict(row)),
        "patch": _first(row, "patch", "gold_patch", "fix_patch") or "",
        "test_patch": row.get("test_patch") or "",
        "fail_to_pass": _strings(fail or _first(expected, "FAIL_TO_PASS", "fail_to_pass"), "tests"),
        "pass_to_pass": _strings(
            passed or _first(expected, "PASS_TO_PASS", "pass_to_pass"), "tests"
        ),
        "test": _strings(
            _first(row, "test", "test_cmd", "test_cmds", "test_command")
            or _first(config, "test_cmd"),
            "test",
            one=True,
        ),
        "test_cwd": row.get("test_cwd") or ".",
        "parser": _first(row, "log_parser", "parser") or _first(config, "log_parser") or "",
        "eval_script": row.get("eval_script") or "",
        "brings_scripts": _is_multi(row),
        "eval_type": row.get("eval_type") or "pass_and_fail",
        "repo": _plain_repo(row),
        "version": str(row.get("version") or ""),
        "hints": row.get("hints_text") or "",
        "row": dict(row),
    }
    return _checked(AnswerKey, values)


def _checked(kind: type[Made], values: Mapping[str, object]) -> Made:
    try:
        return kind.model_validate(values)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        shown = visible(repr(first["input"]))[:80]
        raise UsageFault(f"{where}: {_fault_of(where, shown, first)}") from fault


def _fault_of(where: str, shown: str, error: "ErrorDetails") -> str:
    if error["input"] is None:
        return f"the row has none (columns: {', '.join(_COLUMNS.get(where, (where,)))})"
    if error["type"] == "string_pattern_mismatch":
        return f"{shown} is none; wanted: {_WANTED.get(where, 'letters, digits and _')}"
    return f"{shown}: {error['msg']}"


def _issue(row: RowObject) -> JsonValue:
    if isinstance(issues := row.get("resolved_issues"), list):
        texts = [
            f"{one.get('title') or ''}\n\n{one.get('body') or ''}".strip()
            for one in issues
            if isinstance(one, dict)
        ]
        return "\n\n".join(text for text in texts if text)
    return _first(row, "problem_statement", "issue") or ""


def _plain_repo(row: RowObject) -> str:
    repo = _first(row, "repo", "repo_name") or ""
    if not isinstance(repo, str):
        raise UsageFault(f"repo: {visible(repr(repo))[:80]}: it is not text")
    org = row.get("org")
    return f"{org}/{repo}" if isinstance(org, str) and org and "/" not in repo else repo


def _repo(row: RowObject, folder: Path | None) -> str:
    """The repository; a local path is made absolute."""
    repo = _plain_repo(row)
    is_path = repo.startswith(("/", "./", "../", "~")) or repo in (".", "..")
    if folder is None:
        if is_path:
            raise UsageFault(f"repo: {visible(repo)[:80]}: only a local task file may name a path")
        return repo
    place = Path(repo).expanduser() if is_path else folder / repo
    if repo and (is_path or (place / ".git").exists()):
        return str((folder / place).resolve())
    return repo


def _base(row: RowObject) -> JsonValue:
    base = _first(row, "base_commit", "base")
    if isinstance(base, dict):
        base = base.get("sha")
    if not base and _is_smith(row):
        return id_of(dict(row))
    return base or "HEAD"


def _usual_image(row: RowObject, own: str) -> str | None:
    """The image that a row's data set publishes for it without naming it."""
    if _is_multi(row):
        owner, _, name = _plain_repo(row).partition("/")
        return f"mswebench/{owner}_m_{name}:pr-{row['number']}".lower()
    if not _SWE_BENCH_ID.match(own):
        return None
    folded = own.replace("__", "_1776_").lower()
    if "test_cmds" in row:
        return f"docker.io/starryzhang/sweb.eval.x86_64.{folded}:latest"
    if "environment_setup_commit" in row:
        return f"docker.io/swebench/sweb.eval.x86_64.{folded}:latest"
    return None


def _is_multi(row: RowObject) -> bool:
    return "resolved_issues" in row and bool(row.get("org") and row.get("number"))


def _fixed(row: RowObject) -> JsonValue:
    """Multi-SWE-bench's tests that do not pass before the fix: failed, skipped, or not there."""
    names = ("f2p_tests", "s2p_tests", "n2p_tests")
    return [test for name in names for test in _strings(row.get(name), name)]


def _is_smith(row: RowObject) -> bool:
    return "swesmith" in str(row.get("image_name") or row.get("repo") or "")


def _config(row: RowObject) -> RowObject:
    """SWE-rebench's `install_config`."""
    return _mapping(row, "install_config")


def _pictures(row: RowObject) -> tuple[str, ...]:
    """The issue's pictures of SWE-bench Multimodal; those of patches would tell of the solution."""
    return _strings(_mapping(row, "image_assets").get("problem_statement"), "image_assets")


def _mapping(row: RowObject, name: str) -> RowObject:
    """A column that is a mapping, or the JSON text of one."""
    value = row.get(name)
    if isinstance(value, str) and value:
        try:
            value = value_of(value)
        except ValueError as error:
            raise UsageFault(f"{name}: {error}") from error
    return value if isinstance(value, dict) else {}


def _setup(row: RowObject) -> tuple[str, ...]:
    own = _strings(row.get("setup"), "setup", one=True)
    if own or _first(row, "image", "image_name", "docker_image"):
        return own
    config = _config(row)
    packages = _strings(config.get("pip_packages"), "pip_packages", one=True)
    wanted = " ".join(f"'{package}'" for package in packages)
    return (
        *_strings(config.get("pre_install"), "pre_install", one=True),
        *(f"pip install -r {path}" for path in _strings(config.get("reqs_path"), "reqs_path")),
        *((f"pip install {wanted}",) if packages else ()),
        *_strings(config.get("install"), "install", one=True),
    )


def _open_tests(key: AnswerKey) -> tuple[str, ...]:
    """The test commands without the words that name what grades: files of the test patch, and the
    listed tests."""
    files = set(_TOUCHED.findall(key.test_patch))
    listed = {*key.fail_to_pass, *key.pass_to_pass} if files else set()
    kept: list[str] = []
    for command in key.test:
        words = command.split(" ")
        named = [w for w in words if w.strip("'\"").split("::")[0] in files or w in listed]
        kept.append(" ".join(w for w in words if w not in named) if named else command)
    return tuple(command.strip() for command in kept)


def _strings(value: JsonValue, name: str, one: bool = False) -> tuple[str, ...]:
    """Texts from a list, a mapping's keys, a JSON string of a list, or (`one`) a single text."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        if one and not value.lstrip().startswith("["):
            return (value,)
        try:
            value = value_of(value)
        except ValueError as error:
            if one:
                return (str(value),)
            raise UsageFault(f"{name}: {error}") from error
    if isinstance(value, dict):
        return tuple(value)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageFault(f"{name}: it is not a list of texts")
    return tuple(str(item) for item in value)


def _minor(python: JsonValue) -> str:
    """`3.9` of `3.9.18`, 3.9 or `Python 3.9`."""
    found = re.search(r"\d+\.\d+", str(python))
    return found.group() if found else str(python)


def _first(row: RowObject, *names: str) -> JsonValue:
    """The first of these columns that holds anything."""
    return next((row[name] for name in names if row.get(name)), None)
