"""The tool `run_tests`: the run's tests, or those named."""

from pydantic import Field, JsonValue

from swe_agent.aci.tool import ToolArguments, ToolOutput, Workbench
from swe_agent.core.task import TestReport

SHOWN_FAILURES = 10
SHOWN_NAMES = 40
FAILURE_CHARS = 1500
TAIL_CHARS = 3000


class RunTests:
    """Run the tests of the repository, or only those named, and show what fails."""

    name = "run_tests"
    writes = True

    class Arguments(ToolArguments):
        targets: tuple[str, ...] = Field(
            (), description="Test files or test ids, as the runner names them; none: all tests."
        )

    def run(self, arguments: Arguments, bench: Workbench) -> ToolOutput:
        """Counts, then the failures."""
        report = bench.run_tests(arguments.targets)
        report_json: JsonValue = {"report": report.model_dump(mode="json")}
        return ToolOutput(_shown(report, bench.limits.output_chars), report_json, blob=report.blob)


def _shown(report: TestReport, limit_chars: int) -> str:
    rows = [_counts(report)]
    failed = [test for test in report.outcomes if test in report.failed]
    room = limit_chars - 2000
    for test in failed[:SHOWN_FAILURES]:
        text = _short(report.failures.get(test, ""))
        block = f"--- {test}\n{text}".rstrip("\n")
        if room < len(block):
            break
        room -= len(block)
        rows.append(block)
    left = failed[len(rows) - 1 :]
    if left:
        rows.append("Also failing:")
        rows.extend(left[:SHOWN_NAMES])
        if len(left) > SHOWN_NAMES:
            rows.append(f"[... {len(left) - SHOWN_NAMES} more ...]")
    if not any(report.failures.values()) and (failed or not report.passed):
        rows.append(f"The end of the output:\n{report.tail[-TAIL_CHARS:] or '(no output)'}")
    return "\n".join(rows)


def _counts(report: TestReport) -> str:
    statuses = [*report.outcomes.values()]
    counts = {
        "failed": statuses.count("failed"),
        "with errors": statuses.count("error"),
        "passed": statuses.count("passed"),
        "skipped": statuses.count("skipped"),
    }
    said = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    codes = [
        f"`{command}` timed out" if code == 124 else f"`{command}` exited with {code}"
        for command, code in report.exit_codes.items()
        if code != 0
    ]
    head = f"{said or 'No tests ran'} in {report.duration_s:.1f} s."
    return f"{head} {'; '.join(codes)}." if codes else head


def _short(text: str) -> str:
    if len(text) <= FAILURE_CHARS:
        return text
    half = FAILURE_CHARS // 2
    cut = len(text) - 2 * half
    return f"{text[:half]}\n[... {cut} characters elided ...]\n{text[-half:]}"
