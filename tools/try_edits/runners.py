"""How the harness runs tests in a child: pytest, unittest or plain commands; each test is reported
through a pipe.
"""

# ruff: noqa: PTH100, PTH103, PTH109, PTH113, PTH118, PTH206, RUF005
# mypy: ignore-errors

import gc
import json
import os
import re
import signal
import subprocess
import sys
import time

SKIPPED = {
    ".git",
    ".hg",
    ".venv",
    "venv",
    "env",
    "node_modules",
    ".tox",
    ".nox",
    "__pycache__",
    ".mypy_cache",
}
MESSAGE_CHARS = 300
OPTIONS = ["-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception"]


class Channel:
    """The child's side of the result pipe: one JSON line an event."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.cpu_s = 0.0
        self.stops = False
        self.began = 0.0

    def start(self, test: str) -> None:
        if self.cpu_s:
            signal.setitimer(signal.ITIMER_PROF, self.cpu_s)
        self.began = time.time()
        self.send(["start", test])

    def end(self, test: str, passed: bool, message: str = "") -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        took_s = time.time() - self.began
        self.send(["pass" if passed else "fail", test, message[-MESSAGE_CHARS:], took_s])
        if self.stops and not passed:
            self.send(["end"])
            os._exit(0)

    def send(self, event: "list[str]") -> None:
        os.write(self.fd, (json.dumps(event) + "\n").encode())


class Forked(BaseException):
    """Raised in a child that is to go on where a session of pytest was set up."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel


class PytestWatch:
    """A pytest plugin that keeps the wanted tests and reports each through the channel.

    Without a channel it forks the children itself, by `try_queued`, once pytest is set up with its
    plugins and conftest files: that takes longer than a small suite's tests. Before these files are
    loaded, `stand_by` may leave a process behind.
    """

    def __init__(
        self,
        spec: "dict",
        channel: "Channel | None",
        try_queued: "object | None" = None,
        stand_by: "object | None" = None,
    ) -> None:
        self.channel = channel
        self.try_queued = try_queued
        self.stand_by = stand_by
        self.server = None
        """In a process that has loaded the project: what forks its children."""
        self.is_baseline = "stops" not in spec
        self.wanted = set(spec["tests"])
        self.parts = {part for test in spec["tests"] for part in bare(test).split("::")[1:]}
        self.order = spec.get("order", {})
        self.broken = {}  # type: dict[str, str]

    def pytest_load_initial_conftests(self) -> None:
        if self.channel is None:
            try:
                self.server = self.stand_by()
            except Forked as child:
                self.channel = child.channel
        elif self.is_baseline:
            self.channel.send(["early", loaded_files()])

    def pytest_collection(self) -> None:
        if self.channel:
            if self.is_baseline:
                self.channel.send(["loaded", loaded_files()])
            return
        if self.server:
            return
        if hasattr(gc, "freeze"):
            gc.freeze()
        try:
            self.try_queued()
        except Forked as child:
            self.channel = child.channel
        else:
            os._exit(0)

    def pytest_pycollect_makeitem(self, collector: object, name: str, obj: object) -> "list | None":
        # Of a file of a thousand tests the others are not even made: that may take longer than one.
        return [] if self.parts and name not in self.parts else None

    def pytest_collection_modifyitems(self, config: object, items: "list[object]") -> None:
        if self.wanted:
            items[:] = [item for item in items if item.nodeid in self.wanted]
        if self.order:
            items.sort(key=lambda item: self.order.get(item.nodeid, 0.0))
        for item in items:  # pytest's own rendering of a deep traceback costs more than the test
            item.repr_failure = lambda failure, style=None: repr(failure.value)

    def pytest_collectreport(self, report: object) -> None:
        if getattr(report, "failed", False):
            self.channel.send(["broken", str(getattr(report, "longrepr", ""))[-MESSAGE_CHARS:]])

    def pytest_runtestloop(self, session: object) -> None:
        if not self.server:
            return
        if session.testsfailed:
            os._exit(0)
        try:
            self.server.serve()
        except Forked as child:
            self.channel = child.channel
            self.server.loaded.swap(self.server.changed)

    def pytest_runtest_logstart(self, nodeid: str, location: object) -> None:
        self.channel.start(nodeid)

    def pytest_runtest_logreport(self, report: object) -> None:
        nodeid, when = report.nodeid, report.when
        if report.failed:
            self.broken.setdefault(nodeid, str(report.longrepr))
        if when == "teardown":
            self.channel.end(nodeid, nodeid not in self.broken, self.broken.get(nodeid, ""))


def loaded_files() -> "list[str]":
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return sorted({os.path.realpath(file) for file in files if isinstance(file, str)})


def run_session(spec: "dict", try_queued: object, stand_by: object) -> "Channel | None":
    """Set pytest up and try the candidates from there; returns in a child alone, when its tests
    were run, or where pytest cannot be set up: then the candidates are tried without it.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    watch = PytestWatch(spec, None, try_queued, stand_by)
    main_of_pytest(spec, watch)
    if watch.channel:
        return watch.channel
    spec["session"], spec["early"] = False, None
    try_queued()
    return None


def run_pytest(spec: "dict", channel: Channel) -> None:
    main_of_pytest(spec, PytestWatch(spec, channel))


def main_of_pytest(spec: "dict", watch: PytestWatch) -> None:
    import pytest

    files = sorted({test.split("::")[0] for test in spec["tests"]})
    options = ["-q", "--tb=no"] + OPTIONS + spec.get("options", [])
    pytest.main(options + files, plugins=[watch])


def bare(test: str) -> str:
    """A test's id without its parameters."""
    return test.split("[", 1)[0]


def dotted(test: str) -> str:
    """The dotted name that unittest loads, from any of the forms in which a test is named."""
    named = re.match(r"(\w+) \(([\w.]+)\)", test)
    if named:
        name, place = named.groups()
        return place if place.endswith("." + name) else place + "." + name
    if "::" in test:
        path, rest = test.split("::", 1)
        return path[:-3].strip("./").replace("/", ".") + "." + rest.replace("::", ".")
    return test


def folder_of_module(name: str) -> "str | None":
    """The folder to import a test module from where the root does not serve."""
    parts = name.split(".")
    for depth in range(len(parts), 0, -1):
        if os.path.isfile(os.path.join(*parts[:depth]) + ".py"):
            return None
    for folder, folders, files in os.walk("."):
        folders[:] = sorted(set(folders) - SKIPPED)
        if parts[0] + ".py" in files:
            return os.path.abspath(folder)
    return None


def run_unittest(spec: "dict", channel: Channel) -> None:
    import unittest

    names = {dotted(test): test for test in spec["tests"]}

    class Watch(unittest.TestResult):
        def startTest(self, test: unittest.TestCase) -> None:
            super().startTest(test)
            self.trouble = ""
            channel.start(names.get(test.id(), test.id()))

        def stopTest(self, test: unittest.TestCase) -> None:
            super().stopTest(test)
            channel.end(names.get(test.id(), test.id()), not self.trouble, self.trouble)

        def addError(self, test: unittest.TestCase, err: object) -> None:
            self.trouble = repr(err[1])

        addFailure = addError

        def addSubTest(self, test: object, subtest: object, err: object) -> None:
            if err is not None:
                self.trouble = repr(err[1])

        def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
            self.trouble = "unexpected success"

    for name in names:
        folder = folder_of_module(name)
        if folder and folder not in sys.path:
            sys.path.insert(0, folder)
    loader = unittest.TestLoader()
    order = spec.get("order", {})
    ranked = sorted(names, key=lambda name: (order.get(names[name], 0.0), name))
    suite = loader.loadTestsFromNames(ranked) if names else loader.discover(spec["start"])
    suite.run(Watch())


def run_commands(spec: "dict", channel: Channel) -> None:
    for command in spec["tests"] or spec["commands"]:
        channel.start(command)
        done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        channel.end(command, done.returncode == 0, done.stdout.decode("utf-8", "replace"))


RUNNERS = {"pytest": run_pytest, "unittest": run_unittest, "commands": run_commands}


def warm_pytest(spec: "dict") -> None:
    """Load pytest and its plugins once, on an empty folder; what this took from the project is
    forgotten again.
    """
    import _pytest.assertion.rewrite  # noqa: F401
    import pytest

    empty = os.path.join(spec["folder"], "empty")
    os.makedirs(empty, exist_ok=True)
    sys.stdout.flush()
    here, kept, nothing = os.getcwd(), os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.chdir(empty)
    pytest.main(OPTIONS + ["-q", "--rootdir", empty, "-c", os.devnull, empty])
    os.chdir(here)
    os.dup2(kept, 1)
    for name, module in list(sys.modules.items()):
        path = os.path.realpath(getattr(module, "__file__", None) or os.sep)
        if is_inside(path, spec["repository"]):
            del sys.modules[name]


def is_inside(path: str, repository: str) -> bool:
    """Whether the path belongs to the project: in the repository, but not in an environment kept
    there.
    """
    if path != repository and not path.startswith(repository + os.sep):
        return False
    return os.path.relpath(path, repository).split(os.sep)[0] not in SKIPPED


def chosen_runner(spec: "dict") -> str:
    """Which runner serves these tests here; loads it, so that children need not."""
    commands = " ".join(spec["commands"])
    if set(spec["tests"]) & set(spec["commands"]):
        return "commands"
    if any("::" in test for test in spec["tests"]) or "pytest" in commands or not commands:
        try:
            warm_pytest(spec)
        except ImportError:
            pass
        else:
            return "pytest"
    if not spec["tests"] and commands and "unittest" not in commands and "pytest" not in commands:
        return "commands"
    import unittest  # noqa: F401

    named = re.search(r"(?:-s|--start-directory)[ =]([\w./-]+)|discover ([\w./]+)", commands)
    spec["start"] = (named.group(1) or named.group(2)) if named else "."
    return "unittest"


def aim_imports(repository: str, scratch: str) -> None:
    """Make this process import the scratch copy where it would have imported the repository."""

    def moved(path: str) -> str:
        if not is_inside(path, repository):
            return path
        return os.path.normpath(os.path.join(scratch, os.path.relpath(path, repository)))

    sys.path[:] = [moved(os.path.abspath(p)) if p else scratch for p in sys.path]
    if scratch not in sys.path:
        sys.path.insert(0, scratch)
    for name, module in list(sys.modules.items()):
        mapping = getattr(module, "MAPPING", None)
        if name.startswith("__editable__") and isinstance(mapping, dict):
            mapping.update({key: moved(value) for key, value in mapping.items()})
