"""How many programs the offline model repairs, how fast, and with how many candidates.

Usage: `python bench/repair.py TASKS [--out DIR] [--only ID] [--limit-s 58] [--corrected DIR]
[--json]`. TASKS is a JSONL file of repair tasks: `id`, `entry_file`, `test_cmd`, and `files`
(written to an empty folder); a bug of a project has `folder` instead (its tree with the failing
tests, which is copied) and perhaps `issue`. The model goes through the tool route over a plain
folder; `python` on the PATH has to have what the tests need. With `--corrected DIR`, which holds
each `entry_file` as its author corrected it, rows say also whether the repair has the same syntax
tree (docstrings and annotations aside) and how many candidates were tried before the first that
has.
"""

import argparse
import ast
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from swe_agent.aci.load import load_tools  # noqa: E402
from swe_agent.aci.permissions import Permissions  # noqa: E402
from swe_agent.aci.route import Route  # noqa: E402
from swe_agent.aci.tool import PastCall  # noqa: E402
from swe_agent.core.messages import Message, Note, Observation, Turn  # noqa: E402
from swe_agent.core.protocols import Prompt  # noqa: E402
from swe_agent.core.task import TestReport  # noqa: E402
from swe_agent.repair.offline import OfflineModel  # noqa: E402
from swe_agent.verify.runners import run_tests  # noqa: E402
from tests.aci.local_sandbox import Bench, LocalSandbox  # noqa: E402

TOOLS = ("view", "find_file", "edit", "undo", "try_edits", "run_tests", "localize", "submit")
STEP_LIMIT = 1000
LAST_ROUND_S = 5.0
"""Of the limit, what stays for the tests of the repair."""


class Workbench(Bench):
    """A folder in which tests really run."""

    def __init__(self, folder: Path, command: str) -> None:
        super().__init__(LocalSandbox(folder))
        self.test_commands = (command,)

    def run_tests(self, targets: tuple[str, ...]) -> TestReport:
        return run_tests(self.sandbox, self.test_commands, 120.0, targets)


def solved(folder: Path, command: str, limit_s: float, issue: str = "") -> list[Message]:
    """The conversation in which the offline model repairs what lies in the folder; as in a run, the
    engine runs the tests before it.
    """
    bench = Workbench(folder, command)
    route = Route(load_tools([ROOT / "tools"], TOOLS), Permissions(), bench.blobs)
    report = bench.run_tests(())
    model = OfflineModel(search_s=max(1.0, limit_s - report.duration_s - LAST_ROUND_S))
    history: list[Message] = [
        Note(kind="task", text=issue or "Make the failing tests pass."),
        Note(kind="tests", text="", data={"report": report.model_dump(mode="json")}),
    ]
    for step in range(1, STEP_LIMIT):
        turn = model.complete(Prompt("", tuple(history), route.specs()))
        history.append(turn)
        for call in turn.calls:
            observation = route.act(call, bench)
            bench.calls.append(PastCall(step, call, observation))
            history.append(observation)
        if not turn.calls or turn.calls[-1].name == "submit":
            break
    return history


def row_of(task: dict, limit_s: float, out: Path | None, corrected: Path | None) -> dict:
    """One task's row: `plausible`, `seconds`, `candidates`, and what the model said last; `correct`
    and `rank` where the corrected program is known.

    `seconds` has the rounds of all tests in it; `search_seconds` those of `try_edits` alone.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        if "folder" in task:
            shutil.copytree(task["folder"], folder, dirs_exist_ok=True)
        for path, text in task.get("files", {}).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        given = (folder / task["entry_file"]).read_text()
        began = time.monotonic()
        history = solved(folder, task["test_cmd"], limit_s, task.get("issue", ""))
        seconds = time.monotonic() - began
        repaired = (folder / task["entry_file"]).read_text()
        if out:
            place = out / task["id"] / task["entry_file"]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(repaired)
    changed = repaired != given
    reports = [
        TestReport.model_validate(m.data["report"])
        for m in history
        if isinstance(m, Observation) and m.tool == "run_tests" and m.outcome == "ok"
    ]
    trials = [m.data for m in history if _is_trial(m)]
    plausible = changed and bool(reports) and bool(reports[-1].passed) and not reports[-1].failed
    row = {
        "plausible": plausible,
        "seconds": round(seconds, 1),
        "candidates": sum(len(trial["results"]) for trial in trials),
        "search_seconds": round(sum(trial["seconds"] for trial in trials), 1),
        "said": history[-2].text if plausible and len(history) > 1 else history[-1].text,
    }
    if corrected:
        wanted = _meaning((corrected / task["entry_file"]).read_text())
        row["correct"] = plausible and _meaning(repaired) == wanted
        row["rank"] = _rank(wanted, given, history)
    return row


def _meaning(program: str) -> str:
    """The program's syntax tree as text, without docstrings, lone strings and annotations."""
    try:
        tree = ast.parse(program)
    except SyntaxError:
        return program
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_text(one)]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.dump(tree)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _rank(wanted: str, program: str, history: list[Message]) -> int | None:
    """How many different candidates were tried until one was the corrected program; None: none."""
    tried: set[str] = set()
    for call in (c for turn in history if isinstance(turn, Turn) for c in turn.calls):
        for edits in call.arguments.get("candidates", ()) if call.name == "try_edits" else ():
            changed = program
            for edit in edits:
                changed = changed.replace(edit["old"], edit["new"], 1)
            tried.add(changed)
            if _meaning(changed) == wanted:
                return len(tried)
    return None


def _is_trial(message: Message) -> bool:
    is_trial = isinstance(message, Observation) and message.tool == "try_edits"
    return is_trial and message.outcome == "ok"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--limit-s", type=float, default=58.0)
    parser.add_argument("--corrected", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    rows = {}
    for line in options.tasks.read_text().splitlines():
        task = json.loads(line)
        if options.only and not any(word in task["id"] for word in options.only):
            continue
        row = rows[task["id"]] = row_of(task, options.limit_s, options.out, options.corrected)
        mark = "repaired" if row["plausible"] else "-"
        right = f" {row['correct']!s:<5} {row['rank']!s:>5}" if options.corrected else ""
        line = f"{task['id']:<42} {mark:<9}{right} {row['seconds']:6.1f} s {row['candidates']:5}"
        print(line, repr(row["said"][:150]), file=sys.stderr, flush=True)
    good = sum(row["plausible"] for row in rows.values())
    print(f"{good} of {len(rows)} repaired", file=sys.stderr)
    if options.json:
        print(json.dumps({"tasks": rows, "plausible": good, "total": len(rows)}))


if __name__ == "__main__":
    main()
