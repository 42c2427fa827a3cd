"""A plugin for pytest 4 to 9 that writes one JSON line a fact to `results.jsonl` beside itself.

Lines: `["begin", session]`, `["collected", session, ids]`, `["test", session, id, status, text]`,
`["broken", session, id, text]` (collection), `["end", session, exit status]`. A session without its
last line died. `targets.json` beside it, where there is one, lists the ids (or their
classes or files) to keep.
"""

# ruff: noqa: ANN401, UP006, UP035, UP045 - foreign objects; written for Python 3.6
import json
import os
import re
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

HERE = Path(__file__).absolute().parent
TEXTS = 20
LINES = 30
LEAST_S = 1.0
_TIMEOUT = re.compile(r"Timeout \(?>")
WORST = ("error", "failed", "passed", "skipped")


def pytest_configure(config: Any) -> None:
    if _STARTED:
        return
    _STARTED.append(config)
    # A file that does not load is an error of its own; without this it ends the session.
    config.option.continue_on_collection_errors = True
    targets = _targets()
    if targets:
        chooser = Chooser(config, targets)
        config.pluginmanager.register(chooser)
        if "collection_path" in _ignore_arguments(config):
            config.pluginmanager.register(Pruner(chooser.files))
    if hasattr(config, "workerinput") or hasattr(config, "slaveinput"):
        return
    recorder = Recorder(config)
    config.pluginmanager.register(recorder)
    if config.pluginmanager.hasplugin("timeout"):
        config.pluginmanager.register(Impatience())
    if hasattr(config.hook, "pytest_xdist_node_collection_finished"):
        config.pluginmanager.register(WorkerEars(recorder))


class Chooser:
    """Keeps the targets only; runs in every process that collects."""

    def __init__(self, config: Any, targets: List[str]) -> None:
        self.config = config
        self.targets = frozenset(targets)
        self.files = {os.path.realpath(target.split("::")[0]) for target in targets}

    def pytest_collection_modifyitems(self, items: Any) -> None:
        kept: List[Any] = []
        dropped: List[Any] = []
        for item in items:
            named = _is_named(_shown(self.config, item.nodeid), self.targets)
            (kept if named else dropped).append(item)
        if dropped:
            self.config.hook.pytest_deselected(items=dropped)
            items[:] = kept


class Pruner:
    """Leaves test files unread that hold no target; pytest 7 and later."""

    def __init__(self, files: Set[str]) -> None:
        self.files = files

    def pytest_ignore_collect(self, collection_path: Path) -> Optional[bool]:
        name = collection_path.name
        if not name.endswith(".py") or name in ("__init__.py", "conftest.py"):
            return None
        return None if os.path.realpath(str(collection_path)) in self.files else True


class Recorder:
    """Writes what one session of pytest does."""

    def __init__(self, config: Any) -> None:
        self.config = config
        self.pid = os.getpid()
        self.session = f"{self.pid}-{os.urandom(4).hex()}"
        self.pending: Dict[str, Tuple[str, str]] = {}
        self.texts = 0
        self.write("begin")

    def write(self, kind: str, *rest: object) -> None:
        if os.getpid() != self.pid:  # a child that a test forked
            return
        line = json.dumps([kind, self.session, *rest]) + "\n"
        with (HERE / "results.jsonl").open("ab") as file:
            file.write(line.encode("ascii"))

    def collected(self, nodeids: Iterable[str]) -> None:
        self.write("collected", sorted({_shown(self.config, nodeid) for nodeid in nodeids}))

    def pytest_collection_finish(self, session: Any) -> None:
        self.collected(item.nodeid for item in session.items)

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.write("broken", _shown(self.config, report.nodeid), _text(report))

    def pytest_runtest_logreport(self, report: Any) -> None:
        status = _status(report)
        if not status:
            return
        known, text = self.pending.get(report.nodeid, ("skipped", ""))
        if status in ("failed", "error") and self.texts < TEXTS:
            self.texts += not text
            text = f"{text}\n{_text(report)}".strip("\n")
        self.pending[report.nodeid] = (min(known, status, key=WORST.index), text)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.flush(nodeid)

    def flush(self, nodeid: str) -> None:
        status, text = self.pending.pop(nodeid, ("", ""))
        if status:
            self.write("test", _shown(self.config, nodeid), status, text)

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        for nodeid in list(self.pending):
            self.flush(nodeid)
        self.write("end", int(exitstatus))


class Impatience:
    """Gives the rest of a file's tests less time once two of them used all that pytest-timeout
    gives: code that never ends would cost the whole limit again for each test.
    """

    def __init__(self) -> None:
        self.items: Dict[str, List[Any]] = {}
        self.slowest_s: Dict[str, float] = {}
        self.stopped: Dict[str, int] = {}

    def pytest_collection_finish(self, session: Any) -> None:
        for item in session.items:
            self.items.setdefault(item.nodeid.split("::")[0], []).append(item)

    def pytest_runtest_logreport(self, report: Any) -> None:
        file = report.nodeid.split("::")[0]
        if report.when != "call" or report.outcome == "skipped":
            return
        if report.outcome == "passed":
            self.slowest_s[file] = max(report.duration, self.slowest_s.get(file, 0.0))
        elif _TIMEOUT.search(_text(report)):
            self.stopped[file] = self.stopped.get(file, 0) + 1
            limit_s = max(LEAST_S, 10 * self.slowest_s.get(file, 0.0))
            if self.stopped[file] == 2 and limit_s < report.duration:
                self.shorten(file, limit_s)

    def shorten(self, file: str, limit_s: float) -> None:
        import pytest

        for item in self.items.get(file, ()):
            if item.get_closest_marker("timeout") is None:
                item.add_marker(pytest.mark.timeout(limit_s), append=False)


class WorkerEars:
    """Hears what pytest-xdist's workers collected; the controller itself collects nothing.

    Workers read their options from the environment again; the tests run in them, not here.
    """

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def pytest_xdist_node_collection_finished(self, ids: List[str]) -> None:
        self.recorder.collected(ids)

    def pytest_xdist_setupnodes(self) -> None:
        os.environ.update(_CLEARED)


def _shown(config: Any, nodeid: str) -> str:
    """The id as pytest prints it: relative to the folder that pytest was started in."""
    return str(config.cwd_relative_nodeid(nodeid))


def _is_named(test: str, targets: FrozenSet[str]) -> bool:
    """Whether a target is the test's id, its id without parameters, its class or its file."""
    ends = [end for end, char in enumerate(test) if char in "[:"]
    return test in targets or any(test[:end] in targets for end in ends)


def _status(report: Any) -> str:
    """What one phase of a test says of it; empty where it says nothing yet."""
    if report.outcome == "failed":
        return "error" if report.when in ("setup", "teardown") else "failed"
    if report.outcome == "skipped":
        return "skipped"
    return "passed" if report.outcome == "passed" and report.when == "call" else ""


def _text(report: Any) -> str:
    """The last lines of a failure, whatever `--tb` says."""
    longrepr = getattr(report, "longrepr", None)
    try:
        text = str(report.longreprtext) if longrepr is not None else ""
    except Exception:  # noqa: BLE001 - a test's broken repr must not end the session
        text = "(the failure's text cannot be shown)"
    crash = str(getattr(getattr(longrepr, "reprcrash", None), "message", ""))
    if crash and crash.strip().split("\n")[0] not in text:
        text = f"{text}\n{crash}"
    return "\n".join(text.strip("\n").split("\n")[-LINES:])


def _targets() -> List[str]:
    try:
        return list(json.loads((HERE / "targets.json").read_text(encoding="utf-8")))
    except OSError:
        return []


def _ignore_arguments(config: Any) -> Iterable[str]:
    spec = getattr(config.hook.pytest_ignore_collect, "spec", None)
    return tuple(getattr(spec, "argnames", ()))


def _leave_environment() -> None:
    """Take our traces out of the environment: a pytest that a test starts must not record."""
    options = os.environ.get("PYTEST_ADDOPTS", "").replace(f"-p {__name__}", "").strip()
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if folder != str(HERE))
    for name, value in (("PYTEST_ADDOPTS", options), ("PYTHONPATH", path)):
        _CLEARED[name] = os.environ.get(name, "")
        if value:
            os.environ[name] = value
        else:
            os.environ.pop(name, None)


_STARTED: List[object] = []
_CLEARED: Dict[str, str] = {}
"""What the environment said before we left it."""
if f"-p {__name__}" in os.environ.get("PYTEST_ADDOPTS", ""):
    _leave_environment()
