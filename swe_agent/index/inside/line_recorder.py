"""A pytest plugin: the lines of the repository that each test runs, a JSON object a line.

Runs in the sandbox with the repository's own Python; imports nothing of ours. Set-up and tear-down
of a test count as its own. `SWE_AGENT_LINES` names the file, `SWE_AGENT_ROOT` the repository.
"""

# ruff: noqa: ANN401, UP006, UP035, UP045 - foreign objects; written for Python 3.6
import json
import os
import sys
import threading
from typing import Any, Dict, List, Optional, Set

_ROOT = os.path.realpath(os.environ.get("SWE_AGENT_ROOT", ".")) + os.sep
_OUT = os.environ.get("SWE_AGENT_LINES", "")
_TOOL = 4
"""A free id of `sys.monitoring` (3.12 and later), where a line costs once a test."""


class Recorder:
    """Records lines between `start` and `stop`."""

    def __init__(self) -> None:
        self.lines: Dict[str, Set[int]] = {}
        self._known: Dict[str, Optional[str]] = {}
        self._monitoring: Any = getattr(sys, "monitoring", None)
        if self._monitoring is not None:
            self._monitoring.use_tool_id(_TOOL, "swe-agent")

    def start(self) -> None:
        self.lines = {}
        if self._monitoring is None:
            threading.settrace(self._traced)
            sys.settrace(self._traced)
            return
        events = self._monitoring.events
        self._monitoring.register_callback(_TOOL, events.LINE, self._reached)
        self._monitoring.set_events(_TOOL, events.LINE)
        self._monitoring.restart_events()

    def stop(self) -> Dict[str, List[int]]:
        if self._monitoring is None:
            sys.settrace(None)
            threading.settrace(None)
        else:
            self._monitoring.set_events(_TOOL, 0)
        return {path: sorted(lines) for path, lines in self.lines.items()}

    def _reached(self, code: Any, line: int) -> Any:
        path = self._path(code.co_filename)
        if path is not None:
            self.lines.setdefault(path, set()).add(line)
        return self._monitoring.DISABLE

    def _traced(self, frame: Any, _event: str, _value: Any) -> Any:
        path = self._path(frame.f_code.co_filename)
        if path is None:
            return None
        lines = self.lines.setdefault(path, set())

        def local(inner: Any, what: str, _value: Any) -> Any:
            if what == "line":
                lines.add(inner.f_lineno)
            return local

        return local

    def _path(self, filename: str) -> Optional[str]:
        if filename not in self._known:
            whole = os.path.realpath(filename)
            inside = whole.startswith(_ROOT) and "site-packages" not in whole
            self._known[filename] = whole[len(_ROOT) :].replace(os.sep, "/") if inside else None
        return self._known[filename]


_recorder = Recorder()
_failed: Set[str] = set()


def pytest_runtest_logreport(report: Any) -> None:
    """Keep in mind that a test failed, in whatever phase."""
    if report.failed:
        _failed.add(report.nodeid)


def pytest_runtest_protocol(item: Any, nextitem: Any) -> None:
    """A test begins."""
    _recorder.start()


def pytest_runtest_logfinish(nodeid: str, location: Any) -> None:
    """A test ended: write its row."""
    lines = _recorder.stop()
    row = {"test": nodeid, "failed": nodeid in _failed, "lines": lines}
    with open(_OUT, "a", encoding="utf-8") as out:  # noqa: PTH123
        out.write(json.dumps(row) + "\n")
