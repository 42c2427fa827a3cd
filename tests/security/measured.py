"""One run, in a process of its own, whose memory is measured at each call: prints a JSON row for
every call of `shell` that it was told to make.

Usage: python -m tests.security.measured FOLDER COMMANDS.json
"""

import json
import sys
import time
from pathlib import Path

from swe_agent.core.events import Event
from swe_agent.settings.load import load
from swe_agent.solve import RunRequest, solve
from tests.conftest import BASE_IMAGE
from tests.solve.conftest import FIX, SUBMIT, call, write_script


def resident_kb(name: str) -> int:
    """`VmRSS` or `VmHWM` of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise KeyError(name)


class Measure:
    """Watches the log: how far memory rose between a call and its observation on disk."""

    def __init__(self, log: Path) -> None:
        self.log, self.rows = log, list[dict[str, object]]()
        self.tests_kb = list[int]()
        """How far memory rose up to each round of tests, from the event before it."""
        self.peak_kb, self.first_action_s = 0, 0.0
        self._began = time.monotonic()
        self._before_kb = self._before_bytes = 0

    def __call__(self, event: Event) -> None:
        self.peak_kb = max(self.peak_kb, resident_kb("VmHWM"))
        if event.type == "tool_called" and not self.first_action_s:
            self.first_action_s = time.monotonic() - self._began
        if event.type == "tests_ran":
            self.tests_kb.append(resident_kb("VmHWM") - self._before_kb)
        if event.type in ("tool_called", "tests_ran", "environment_ready", "phase_started"):
            self._before_bytes = self.log.stat().st_size
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            self._before_kb = resident_kb("VmRSS")
        elif event.type == "tool_returned" and event.observation.tool == "shell":
            self.rows.append(
                {
                    "grown_kb": resident_kb("VmHWM") - self._before_kb,
                    "event_bytes": self.log.stat().st_size - self._before_bytes,
                    "text": event.observation.text,
                    "data": event.observation.data,
                    "blob": event.observation.blob,
                    "duration_s": event.duration_s,
                }
            )


def main() -> None:
    folder, commands = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    calls = [call("shell", command=command, timeout_s=1000) for command in commands]
    script = write_script(folder / "script.jsonl", [*calls, FIX, SUBMIT])
    overrides = {
        "model": f"scripted/{script}",
        "sandbox.image": BASE_IMAGE,
        "tests.commands": ("python3 -m unittest",),
    }
    loaded = load(overrides=overrides, repository=folder / "project")
    measure = Measure(folder / "run" / "events.jsonl")
    request = RunRequest(folder / "project", "test_add fails", loaded, folder / "run")
    result = solve(request, measure)
    found = {"verdict": result.verdict, "rows": measure.rows, "tests_kb": measure.tests_kb}
    found |= {"peak_kb": measure.peak_kb, "first_action_s": measure.first_action_s}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
