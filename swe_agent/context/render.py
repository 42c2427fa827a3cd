"""One prompt from the story of an attempt, and the ledger that says what it is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from swe_agent.context.story import Entry, Story
from swe_agent.context.tokens import message_text, spec_text, tokens_of
from swe_agent.core.events import LedgerRow
from swe_agent.core.messages import Note, Observation, Turn
from swe_agent.core.protocols import Prompt, ToolSpec

_OBSERVATIONS = {form: f"observations: {form}" for form in ("whole", "repeat", "digest")}
_WHY = {
    "observations: whole": "as they were",
    "observations: repeat": "lines that stand above are not shown twice",
    "observations: digest": "folded; recall shows them",
}
_CUT = ("observations: repeat", "observations: digest")


@dataclass(frozen=True, slots=True)
class Head:
    """What stands before the conversation."""

    system: str
    tools: tuple[ToolSpec, ...] = ()
    rules: Note | None = None
    """The project's own rules; None where it has none."""


def render(
    head: Head, story: Story, max_output_tokens: int, ratio: float = 1.0
) -> tuple[Prompt, tuple[LedgerRow, ...]]:
    """The prompt of the next call, and a row for each layer. Pure: the same log gives the same
    bytes.

    Args:
        head: system text, tools, rules.
        story: the conversation so far.
        max_output_tokens: longest reply that is asked for.
        ratio: tokens that the provider counts for one of ours.
    """
    rules = (head.rules,) if head.rules else ()
    prompt = Prompt(
        head.system,
        (*rules, *story.messages()),
        head.tools,
        max_output_tokens,
        left_out=story.before(),
    )
    return prompt, (*_head_rows(head, ratio), *_story_rows(story, ratio))


def count(prompt: Prompt, ratio: float = 1.0) -> int:
    """Tokens of a prompt, reckoned message by message: what the rows of its ledger add up to."""
    texts = [prompt.system, *map(spec_text, prompt.tools), *map(message_text, prompt.history)]
    return sum(_scaled(tokens_of(text), ratio) for text in texts)


def changed(rows: Sequence[LedgerRow], before: Mapping[str, LedgerRow]) -> tuple[LedgerRow, ...]:
    """The rows that differ from the request before; a layer that is gone counts 0 tokens."""
    names = {row.layer for row in rows}
    gone = (
        LedgerRow(layer=name, tokens=0, why="nothing left of it")
        for name, row in before.items()
        if name not in names and row.tokens
    )
    return (*(row for row in rows if before.get(row.layer) != row), *gone)


def _head_rows(head: Head, ratio: float) -> Iterable[LedgerRow]:
    yield LedgerRow(layer="system", tokens=_scaled(tokens_of(head.system), ratio), why="always")
    tools = sum(_scaled(tokens_of(spec_text(spec)), ratio) for spec in head.tools)
    yield LedgerRow(layer="tools", tokens=tools, why="always")
    if head.rules:
        tokens = _scaled(tokens_of(head.rules.text), ratio)
        yield LedgerRow(layer="rules", tokens=tokens, why="the project's own")


def _story_rows(story: Story, ratio: float) -> Iterable[LedgerRow]:
    layers: dict[str, list[Entry]] = {}
    for entry in story.visible():
        layers.setdefault(_layer(entry), []).append(entry)
    for layer in sorted(layers):
        entries = layers[layer]
        tokens = sum(_scaled(entry.tokens, ratio) for entry in entries)
        cut = ""
        if layer in _CUT:
            whole = sum(_scaled(entry.whole_tokens, ratio) for entry in entries)
            steps = _steps(entry.step for entry in entries)
            cut = f"{whole - tokens} of {whole} tokens, steps {steps}"
        yield LedgerRow(layer=layer, tokens=tokens, why=_WHY.get(layer, ""), cut=cut)
    if story.summary and story.left_out:
        gone = story.gone()
        whole = sum(_scaled(entry.whole_tokens, ratio) for entry in gone)
        yield LedgerRow(
            layer="left out",
            tokens=_scaled(tokens_of(story.summary.text), ratio),
            why="stands for the oldest steps; recall shows what they observed",
            cut=f"{whole} tokens, steps {_steps(entry.step for entry in gone)}",
        )


def _layer(entry: Entry) -> str:
    message = entry.message
    if isinstance(message, Observation):
        return _OBSERVATIONS[entry.form]
    return "replies" if isinstance(message, Turn) else f"notes: {message.kind}"


def _scaled(tokens: int, ratio: float) -> int:
    return tokens if ratio == 1.0 else int(tokens * ratio + 0.5)


def _steps(steps: Iterable[int]) -> str:
    """Numbers as ranges: `1-3, 7`."""
    spans: list[list[int]] = []
    for step in sorted(set(steps)):
        if spans and step == spans[-1][1] + 1:
            spans[-1][1] = step
        else:
            spans.append([step, step])
    return ", ".join(f"{a}-{b}" if b > a else str(a) for a, b in spans)
