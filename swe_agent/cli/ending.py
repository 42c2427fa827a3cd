"""How a run ended: the diff, the verdict with its tests, the costs, what to type next."""

import textwrap
from pathlib import Path

from swe_agent.cli.home import PATCH, run_name
from swe_agent.cli.progress import Progress
from swe_agent.cli.screen import say, show
from swe_agent.cli.wording import Tone, one_line, report_words, time_words, usage_words
from swe_agent.core.errors import ExitCode
from swe_agent.core.task import Verdict
from swe_agent.core.text import decoded, lines_of, visible

DIFF_LINES = 80
"""Lines of a diff that are shown; a longer one is elided in the middle."""
NAMED_TESTS = 10
SAID_LINES = 12
SAID_WIDTH = 110


def show_ending(run_folder: Path, progress: Progress) -> None:
    """Print how a finished run ended."""
    patch = run_folder / PATCH
    if patch.is_file() and patch.stat().st_size:
        say()
        show_diff(patch.read_bytes(), str(patch))
    say()
    if progress.verdict is not None:
        _show_verdict(progress.verdict, progress)
    if progress.limit:
        show(f"limit    {one_line(progress.limit)}", "warn")
    for at, line in enumerate(_words(progress.said)[:SAID_LINES]):
        show(f"{'said' if at == 0 else '':<8} {line}")
    steps = f"{progress.step} step{'' if progress.step == 1 else 's'}"
    spent = usage_words(progress.usage, progress.cost_usd)
    show(f"spent    {steps}, {spent}, {time_words(progress.elapsed_s)}", "faint")
    show(f"run      {run_folder}", "faint")


def _words(said: str) -> list[str]:
    lines = [visible(line.strip()) for line in lines_of(said) if line.strip()]
    return [row for line in lines for row in textwrap.wrap(line, SAID_WIDTH)]


def show_word(progress: Progress) -> None:
    """Print the verdict alone, in one line."""
    if progress.verdict is not None:
        show(*_SENTENCES[progress.verdict.word])


def show_next(run_folder: Path, progress: Progress) -> None:
    """Print the command that makes sense now."""
    name = run_name(run_folder)
    word = progress.verdict.word if progress.verdict else "no_patch"
    if word == "verified":
        step = f"swe-agent apply {name}"
    elif progress.exit_code in (ExitCode.MODEL, ExitCode.ENVIRONMENT):
        step = f"swe-agent resume {name}"
    elif word == "no_patch":
        step = f"swe-agent resume {name} -i 'what it should try next'"
    else:
        step = f"swe-agent apply {name}   (read the patch first: it is not verified)"
    show(f"next     {step}", "strong")


def show_diff(patch: bytes, place: str) -> None:
    """Print a patch in colour, its middle elided where it is long."""
    rows = [visible(line) for line in lines_of(decoded(patch))]
    if len(rows) > DIFF_LINES:
        cut = len(rows) - DIFF_LINES
        middle = f"[... {cut} lines elided; all of it: {visible(place)} ...]"
        rows = [*rows[: DIFF_LINES // 2], middle, *rows[-DIFF_LINES // 2 :]]
    for row in rows:
        show(row[:400], _diff_tone(row))


def _diff_tone(row: str) -> Tone:
    if row.startswith(("diff --git", "+++", "---")):
        return "strong"
    if row.startswith("+"):
        return "good"
    if row.startswith("-"):
        return "bad"
    return "faint" if row.startswith(("@@", "index ", "[... ")) else "plain"


_SENTENCES: dict[str, tuple[str, Tone]] = {
    "verified": ("VERIFIED: the patch passes its tests on a fresh base.", "good"),
    "regressed": ("REGRESSED: tests that passed before do not pass with the patch.", "bad"),
    "unverified": ("UNVERIFIED: there is a patch, but no test shows that it is right.", "warn"),
    "no_patch": ("NO PATCH: nothing was changed.", "warn"),
}


def _show_verdict(verdict: Verdict, progress: Progress) -> None:
    show_word(progress)
    if verdict.reason:
        show(f"because  {one_line(verdict.reason, 300)}", "faint")
    if progress.before is not None:
        show(f"before   {report_words(progress.before)}")
    if progress.latest is not None:
        show(f"after    {report_words(progress.latest)}")
    _show_tests("fixed", verdict.fixed, "good")
    still = [test for test in verdict.targets if test not in verdict.fixed]
    _show_tests("failing", still, "bad")
    _show_tests("lost", verdict.lost, "bad")
    _show_tests("edited", verdict.changed_tests, "warn")
    _show_tests("left out", [f"{path} ({why})" for path, why in progress.left_out.items()], "faint")
    _show_tests("look at", progress.flagged, "warn")


def _show_tests(label: str, tests: tuple[str, ...] | list[str], tone: Tone) -> None:
    for at, test in enumerate(tests[:NAMED_TESTS]):
        show(f"{label if at == 0 else '':<8} {one_line(test, 200)}", tone)
    if len(tests) > NAMED_TESTS:
        show(f"{'':<8} and {len(tests) - NAMED_TESTS} more", tone)
