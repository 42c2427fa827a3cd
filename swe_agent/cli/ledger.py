"""What one request was made of: its layers, its messages, and how it differs from another's."""

from dataclasses import dataclass

from pydantic import JsonValue

from swe_agent.agent.state import State
from swe_agent.cli.wording import Line, Tone, one_line
from swe_agent.context.entry import Entry
from swe_agent.context.layers import layer_of
from swe_agent.core.errors import UsageFault
from swe_agent.core.events import ContextRendered, LedgerRow, ModelReplied
from swe_agent.core.messages import Note, Observation, Turn
from swe_agent.trajectory.steps import Recording, Step

_LAYER_WIDTH = 24
_NAME_WIDTH = 20
_LINE_CHARS, _LEAST_CHARS = 79, 12
"""Of a message's line, and of how the message begins in it."""
_SAME_RATIO = 0.005


@dataclass(frozen=True, slots=True)
class Change:
    """One layer in two requests."""

    layer: str
    before: int
    after: int
    """Tokens."""

    @property
    def tokens(self) -> int:
        return self.after - self.before


def step_with_ledger(recording: Recording, number: int) -> Step:
    """The step of that number, which has a ledger.

    Raises:
        UsageFault: there is no such step, or its request was not recorded.
    """
    step = recording.step(number)
    if not step.ledger:
        raise UsageFault(
            f"The run does not say what the request of step {number} was made of.",
            "Only runs of this tool keep a ledger; `--step` shows the step itself.",
        )
    return step


def rows_of(step: Step) -> list[LedgerRow]:
    """The layers that hold something or were cut, largest first."""
    kept = [row for row in step.ledger.values() if row.tokens or row.cut]
    return sorted(kept, key=lambda row: (-row.tokens, row.layer))


def reckoning_error(step: Step) -> float | None:
    """How far a request's count is off the provider's, as a share of it; None where it has none."""
    counted = _counted(step)
    return (step.tokens - counted) / counted if counted else None


def changes(before: Step, after: Step) -> list[Change]:
    """Every layer that differs between two requests, the largest change first."""
    found = []
    for layer in before.ledger.keys() | after.ledger.keys():
        was, now = (step.ledger.get(layer) for step in (before, after))
        change = Change(layer, was.tokens if was else 0, now.tokens if now else 0)
        if change.tokens or (was and was.cut) != (now and now.cut):
            found.append(change)
    return sorted(found, key=lambda change: (-abs(change.tokens), change.layer))


def messages_of(recording: Recording, number: int) -> list[Entry]:
    """The conversation as the request of a step showed it, rebuilt from the log."""
    state, shown = State(), False
    for line in recording.lines:
        match line.event:
            case ContextRendered(step=step) if step == number:
                shown = True
            case ModelReplied(step=step) if step >= number and shown:
                break
            case _:
                pass
        state.apply(line.event)
    return state.story.visible()


def ledger_lines(step: Step, against: Step | None) -> list[Line]:
    """The ledger in words, and what changed since another request."""
    rows = rows_of(step)
    lines = [Line(f"request of step {step.number}: {step.tokens:,} tokens", "strong")]
    for row in rows:
        lines.append(Line(f"{row.tokens:>9,}  {row.layer:<{_LAYER_WIDTH}}  {row.why}".rstrip()))
        if row.cut:
            lines.append(Line(f"{'':>{9 + 2}}  cut: {row.cut}", "faint"))
    total = sum(row.tokens for row in rows)
    agrees = "the request's count" if total == step.tokens else f"NOT {step.tokens:,}"
    lines.append(Line(f"{total:>9,}  in all, {agrees}", "faint"))
    if (off := reckoning_error(step)) is not None:
        counted = f"{_counted(step):>9,}  by the provider's count"
        lines.append(Line(f"{counted}: the reckoning is {100 * off:+.1f} % off", "faint"))
    if against is not None:
        lines += _change_lines(against, step)
    return lines


def message_lines(entries: list[Entry], ratio: float) -> list[Line]:
    """One line a message: its tokens, its step, its form, how it begins."""
    lines = [Line("messages", "strong")]
    for entry in entries:
        form = "" if isinstance(entry.message, Note) else entry.form
        tokens, whole = _scaled(entry.tokens, ratio), _scaled(entry.whole_tokens, ratio)
        cut = whole - tokens
        saved = f", {cut:,} of {whole:,} cut" if cut > 0 else ""
        name = one_line(_speaker(entry), _LAYER_WIDTH)
        what = f"[{form}{saved}] " if form else ""
        text = f"{tokens:>9,}  {name:<{_NAME_WIDTH}}  step {entry.step}: {what}"
        text += one_line(entry.shown.text, max(_LEAST_CHARS, _LINE_CHARS - len(text)))
        lines.append(Line(text.rstrip(), "faint" if cut > 0 else "plain"))
    return lines


def _scaled(tokens: int, ratio: float) -> int:
    """Our tokens as the ledger has them: the provider's."""
    return int(tokens * ratio + 0.5)


def ledger_json(step: Step, against: Step | None, entries: list[Entry]) -> dict[str, JsonValue]:
    """The same for programs."""
    rows = rows_of(step)
    said: dict[str, JsonValue] = {
        "step": step.number,
        "tokens": step.tokens,
        "sum": sum(row.tokens for row in rows),
        "counted": _counted(step) or None,
        "error": reckoning_error(step),
        "rows": [row.model_dump() | _layer_json(row.layer) for row in rows],
        "messages": [
            {
                "step": entry.step,
                "kind": _speaker(entry),
                "form": entry.form,
                "tokens": _scaled(entry.tokens, step.ratio),
                "whole_tokens": _scaled(entry.whole_tokens, step.ratio),
                "text": entry.shown.text,
            }
            for entry in entries
        ],
        "diff": None,
    }
    if against is not None:
        said["diff"] = {
            "against": against.number,
            "tokens": step.tokens - against.tokens,
            "rows": [
                {"layer": one.layer, "before": one.before, "after": one.after, "change": one.tokens}
                for one in changes(against, step)
            ],
        }
    return said


def _counted(step: Step) -> int:
    """The request's tokens as the provider counted them; 0 where it did not."""
    usage = step.turn.usage if step.turn else None
    return 0 if usage is None or usage.estimated else usage.tokens - usage.output_tokens


def _layer_json(row: str) -> dict[str, JsonValue]:
    """The layer that a row counts, as `context/layers.py` has it."""
    layer = layer_of(row)
    if layer is None:
        return {}
    return {
        "id": layer.id,
        "priority": layer.priority,
        "condition": layer.condition,
        "refresh": layer.refresh,
        "reserve_tokens": layer.reserve_tokens,
        "version": layer.version,
    }


def _change_lines(before: Step, after: Step) -> list[Line]:
    total = after.tokens - before.tokens
    lines = [Line(f"against step {before.number}: {total:+,} tokens", "strong")]
    if abs(after.ratio - before.ratio) > _SAME_RATIO:
        counts = f"{after.ratio:.2f} in place of {before.ratio:.2f} tokens for one of ours"
        lines.append(Line(f"           each row moved: the provider counts {counts}", "faint"))
    for one in changes(before, after):
        tone: Tone = "warn" if one.tokens > 0 else "good"
        text = f"{one.tokens:>+9,}  {one.layer:<{_LAYER_WIDTH}}  {one.before:,} -> {one.after:,}"
        lines.append(Line(text, tone))
    return lines


def _speaker(entry: Entry) -> str:
    match entry.message:
        case Turn():
            return "reply"
        case Observation(tool=tool):
            return f"observation {tool}"
        case Note(kind=kind):
            return f"note {kind}"
