"""Logs of test runners as statuses, by the name that a task gives its parser.

Names that begin with `parse_log_` are the official harness's: read as it reads them, by the package
`swebench` where it is installed. Other names are ours; they keep test ids whole.
"""

import importlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace

from swe_agent.core.errors import UsageFault
from swe_agent.jobs.evaluation.markers import (
    ERROR,
    FAILED,
    PASSED,
    SKIPPED,
    STATUSES,
    XFAIL,
    StatusMap,
)
from swe_agent.jobs.tasks_instance import AnswerKey

Parser = Callable[[str], StatusMap]

DEFAULT = "pytest"
_PREFIX = "parse_log_"
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_SKIP_COUNT = re.compile(r"^\[\d+\]$")
_OPTION = re.compile(r"^(.*?)\[(.*)\]")
_UNITTEST = re.compile(r"^(.*?) \.\.\. +(ok|OK|FAIL|ERROR|skipped\b.*)$")
_UNITTEST_HEAD = re.compile(r"^(FAIL|ERROR): (\S+)")
_GO = re.compile(r"^--- (PASS|FAIL|SKIP): (.+) \(.+\)$")
_CARGO = re.compile(r"^test\s+(\S+)\s+\.\.\.\s+(ok|FAILED)$")
_TAP = re.compile(r"^(ok|not ok) \d+ (.+)$")
_CASE = re.compile(r"^(\w+) \(([\w.]+)\)$")
_WORDS = {"ok": PASSED, "OK": PASSED, "FAIL": FAILED, "ERROR": ERROR, "skipped": SKIPPED}


def parser_for(key: AnswerKey, command: str = "") -> Parser:
    """What reads the logs of a task.

    Args:
        key: names the parser, or none.
        command: how its tests are run; tells the runner where no parser is named.

    Raises:
        UsageFault: nothing here knows the parser.
    """
    if key.brings_scripts and (multi := multi_parser(key)):
        return multi
    name = key.parser or _guessed(command)
    if key.brings_scripts and command and not name:
        raise UsageFault(
            f"No reader is known for the logs of {key.repo}.",
            "pip install multi-swe-bench: it brings those of the benchmark.",
        )
    name = name or DEFAULT
    if name in PARSERS:
        return PARSERS[name]
    name = _PREFIX + name.removeprefix(_PREFIX)
    official = official_parsers().get(name)
    if official is not None:
        spec = _spec(key)
        return lambda log: official(log, spec)
    if name in LIKE_OFFICIAL:
        return LIKE_OFFICIAL[name]
    raise UsageFault(
        f"No reader is known for logs of {key.parser!r}.",
        "pip install 'swe-agent[swebench]' brings those of the official harness.",
    )


@cache
def official_parsers() -> Mapping[str, Callable[[str, object], StatusMap]]:
    """The readers of the package `swebench`; none where it is not installed."""
    try:
        module = importlib.import_module("swebench.harness.log_parsers")
    except ImportError:
        return {}
    found: Mapping[str, Callable[[str, object], StatusMap]] = module.PARSER_REGISTRY
    return found


def multi_parser(key: AnswerKey) -> Parser | None:
    """The reader that the package `multi_swe_bench` has for the task's repository; None where it is
    not installed, or has none."""
    try:
        importlib.import_module("multi_swe_bench.harness.repos")
        kinds = importlib.import_module("multi_swe_bench.harness.instance").Instance
        request = SimpleNamespace(**{"tag": "", "number_interval": "", **key.row})
        instance = kinds.create(request, None)
    except (ImportError, ValueError, AttributeError):
        return None

    def parse(log: str) -> StatusMap:
        told = instance.parse_log(log)
        return {
            **dict.fromkeys(told.skipped_tests, SKIPPED),
            **dict.fromkeys(told.passed_tests, PASSED),
            **dict.fromkeys(told.failed_tests, FAILED),
        }

    return parse


def _spec(key: AnswerKey) -> object:
    """What an official reader may look at of a task."""
    script = key.eval_script
    return SimpleNamespace(
        instance_id=key.id,
        repo=key.repo,
        version=key.version,
        eval_script=script,
        eval_script_list=script.split("\n"),
        log_parser=key.parser,
        eval_type=key.eval_type,
    )


def _guessed(command: str) -> str:
    """The reader that fits how the tests are run; empty where that does not say."""
    for word, name in (
        (r"\bunittest\b", "unittest"),
        (r"\bruntests\.py\b", "unittest"),
        (r"\bgo test\b", "gotest"),
        (r"\bcargo test\b", "cargo"),
        (r"\bpytest\b", "pytest"),
    ):
        if re.search(word, command):
            return name
    return ""


def pytest_ids(log: str) -> StatusMap:
    """The lines that `pytest -rA` ends with, `STATUS id`; a message may follow a failure."""
    found: dict[str, str] = {}
    for line in _COLOURS.sub("", log).split("\n"):
        status, _, test = line.rstrip().partition(" ")
        if status in (FAILED, ERROR, XFAIL):
            test = test.split(" - ", 1)[0]
        if status in STATUSES and test and not (status == SKIPPED and test.startswith("[")):
            found[test.strip()] = status
    return found


def pytest_words(log: str) -> StatusMap:
    """The same as the official harness reads it: an id ends at its first space."""
    found: dict[str, str] = {}
    for line in log.split("\n"):
        status = next((status for status in STATUSES if line.startswith(status)), None)
        if status is None:
            continue
        words = (line.replace(" - ", " ") if status == FAILED else line).split()
        if len(words) > 1 and not (words[0] == SKIPPED and _SKIP_COUNT.match(words[1])):
            found[words[1]] = words[0]
    return found


def pytest_options(log: str) -> StatusMap:
    """The same; a parameter that is an absolute path counts by its last part alone."""
    return {_last_part(test): status for test, status in pytest_words(log).items()}


def pytest_whole(log: str) -> StatusMap:
    """The same with whole ids; very old versions of pytest write the status last."""
    found: dict[str, str] = {}
    control = dict.fromkeys(range(1, 32))
    for raw in log.split("\n"):
        line = re.sub(r"\[(\d+)m", "", raw).translate(control)
        status = next((status for status in STATUSES if line.startswith(status)), None)
        if status is not None:
            words = (line.split(" - ", 1)[0] if status == FAILED else line).split()
            if len(words) > 1 and not (words[0] == SKIPPED and _SKIP_COUNT.match(words[1])):
                found[" ".join(words[1:])] = words[0]
        elif any(line.endswith(status) for status in STATUSES) and len(line.split()) > 1:
            *test, last = line.split()
            found[" ".join(test)] = last
    return found


def unittest_lines(log: str) -> StatusMap:
    """`unittest -v`: `test (case) ... ok`; what a test prints may stand before its `ok`. Each test
    goes by its dotted name too, as `unittest` takes it."""
    found: dict[str, str] = {}
    open_test = ""
    for line in (raw.strip() for raw in log.split("\n")):
        if match := _UNITTEST.match(line):
            found[match[1]] = _WORDS[match[2].split(" ")[0]]
            open_test = ""
        elif match := _UNITTEST_HEAD.match(line):
            found[match[2]] = _WORDS[match[1]]
        elif " ... " in f"{line} ":
            open_test = line.split(" ... ")[0].removesuffix(" ...")
        elif open_test and line in ("ok", "OK"):
            found[open_test] = PASSED
            open_test = ""
    return {_dotted(test): status for test, status in found.items()} | found


def _dotted(test: str) -> str:
    match = _CASE.match(test)
    if not match:
        return test
    method, case = match.groups()
    return case if case.endswith(f".{method}") else f"{case}.{method}"


def go_test(log: str) -> StatusMap:
    """`go test -v`: `--- PASS: TestName (0.00s)`."""
    words = {"PASS": PASSED, "FAIL": FAILED, "SKIP": SKIPPED}
    matches = (_GO.match(line.strip()) for line in log.split("\n"))
    return {match[2]: words[match[1]] for match in matches if match}


def cargo_test(log: str) -> StatusMap:
    """`cargo test`: `test path::name ... ok`."""
    matches = (_CARGO.match(line.strip()) for line in log.split("\n"))
    return {match[1]: PASSED if match[2] == "ok" else FAILED for match in matches if match}


def tap(log: str) -> StatusMap:
    """The Test Anything Protocol: `ok 1 name`."""
    plain = _COLOURS.sub("", log)
    matches = (_TAP.match(line.strip()) for line in plain.split("\n"))
    return {match[2]: PASSED if match[1] == "ok" else FAILED for match in matches if match}


def _last_part(test: str) -> str:
    match = _OPTION.search(test)
    if match is None:
        return test
    option = match[2]
    if option.startswith("/") and not option.startswith("//") and "*" not in option:
        option = "/" + option.split("/")[-1]
    return f"{match[1]}[{option}]"


PARSERS: Mapping[str, Parser] = {
    "pytest": pytest_ids,
    "unittest": unittest_lines,
    "gotest": go_test,
    "cargo": cargo_test,
    "tap": tap,
}
"""Our own readers."""
LIKE_OFFICIAL: Mapping[str, Parser] = {
    "parse_log_pytest": pytest_words,
    "parse_log_pytest_options": pytest_options,
    "parse_log_pytest_v2": pytest_whole,
    "parse_log_gotest": go_test,
    "parse_log_cargo": cargo_test,
    "parse_log_tap": tap,
}
"""What reads as the official harness does where that is not installed."""
