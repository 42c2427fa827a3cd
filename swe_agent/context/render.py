"""One prompt from the story of an attempt, and the ledger that says what it is made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from swe_agent.context.layers import layer_named
from swe_agent.context.story import Story
from swe_agent.context.tokens import message_tokens, spec_text, tokens_of
from swe_agent.core.events import LayerText, LedgerRow
from swe_agent.core.messages import Note
from swe_agent.core.protocols import Prompt, ToolSpec

_WHY = {
    "observations: whole": "as they were",
    "observations: repeat": "lines that stand above are not shown twice",
    "observations: digest": "folded; recall shows them",
    "observations: summary": "folded, in a model's words; recall shows them",
    "replies: digest": "folded, long arguments too; recall shows",
}
_CUT = (
    "observations: repeat",
    "observations: digest",
    "observations: summary",
    "replies: digest",
)


@dataclass(frozen=True)
class Head:
    """What stands before the conversation."""

    system: str
    tools: tuple[ToolSpec, ...] = ()
    layers: tuple[LayerText, ...] = ()
    """What stands there beside: the project's rules, the user's own texts."""
    taken: tuple[ToolSpec, ...] = ()
    """Tools that were asked for."""

    @cached_property
    def offered(self) -> tuple[ToolSpec, ...]:
        """All tools; the same object each time, so that who encodes them does it once."""
        return (*self.tools, *self.taken)

    @cached_property
    def rows(self) -> tuple[LedgerRow, ...]:
        """Its rows of the ledger, in our own tokens."""
        tools = sum(tokens_of(spec_text(spec)) for spec in self.tools)
        rows = [
            LedgerRow(layer="system", tokens=tokens_of(self.system), why="always"),
            LedgerRow(layer="tools", tokens=tools, why="always"),
        ]
        if self.taken:
            tokens = sum(tokens_of(spec_text(spec)) for spec in self.taken)
            names = ", ".join(spec.name for spec in self.taken)
            why = f"asked for: {names}"
            rows.append(LedgerRow(layer="tools on demand", tokens=tokens, why=why))
        return (*rows, *map(_head_row, self.layers))

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        """The layers as messages."""
        return tuple(Note(kind="reminder", text=one.text) for one in self.layers if one.text)

    def tokens(self, ratio: float) -> int:
        """What it takes, in the provider's tokens."""
        return _times(sum(row.tokens for row in self.rows), ratio)


def render(
    head: Head, story: Story, max_output_tokens: int, ratio: float = 1.0
) -> tuple[Prompt, tuple[LedgerRow, ...]]:
    """The prompt of the next call, and a row for each layer. Pure: the same log gives the same
    bytes.

    Args:
        head: system text, tools, rules and the like.
        story: the conversation so far.
        max_output_tokens: longest reply that is asked for.
        ratio: tokens that the provider counts for one of ours.
    """
    prompt = Prompt(
        head.system,
        (*head.notes, *story.messages()),
        head.offered,
        max_output_tokens,
        left_out=story.before(),
    )
    return prompt, _scaled((*head.rows, *_story_rows(story, ratio)), ratio)


def count(prompt: Prompt, ratio: float = 1.0) -> int:
    """Tokens of a prompt, reckoned message by message: what the rows of its ledger add up to."""
    fixed = [prompt.system, *map(spec_text, prompt.tools)]
    tokens = sum(map(tokens_of, fixed)) + sum(map(message_tokens, prompt.history))
    return _times(tokens, ratio)


def changed(rows: Sequence[LedgerRow], before: Mapping[str, LedgerRow]) -> tuple[LedgerRow, ...]:
    """The rows that differ from the request before; a layer that is gone counts 0 tokens."""
    names = {row.layer for row in rows}
    gone = (
        LedgerRow(layer=name, tokens=0, why="nothing left of it")
        for name, row in before.items()
        if name not in names and row.tokens
    )
    return (*(row for row in rows if before.get(row.layer) != row), *gone)


def _head_row(one: LayerText) -> LedgerRow:
    tokens, why = tokens_of(one.text) if one.text else 0, layer_named(one.layer).condition
    cut = ""
    if one.form is None:
        cut = f"{one.whole_tokens} tokens: there is no room"
    elif one.form != "full":
        cut = f"{one.whole_tokens - tokens} of {one.whole_tokens} tokens: {one.form} form"
    return LedgerRow(layer=one.layer, tokens=tokens, why=why, cut=cut)


def _story_rows(story: Story, ratio: float) -> Iterable[LedgerRow]:
    """Its layers in our own tokens; what was cut is said in the provider's."""
    for layer, one in story.sums.rows():
        cut = ""
        if layer in _CUT:
            whole = _times(one.whole_tokens, ratio)
            less = whole - _times(one.tokens, ratio)
            kind = layer.partition(":")[0]
            cut = f"{less} of {whole} tokens, {one.count} {kind}, steps {one.span}"
        yield LedgerRow(layer=layer, tokens=one.tokens, why=_WHY.get(layer, ""), cut=cut)
    if story.summary and story.left_out:
        yield LedgerRow(
            layer="left out",
            tokens=tokens_of(story.summary.text),
            why="stands for the oldest steps; recall shows what they observed",
            cut=f"{_times(story.gone.whole_tokens, ratio)} tokens, steps {story.gone.span}",
        )


def _scaled(rows: Iterable[LedgerRow], ratio: float) -> tuple[LedgerRow, ...]:
    """The rows in the provider's tokens; rounded so that they add up to the whole, rounded."""
    if ratio == 1.0:
        return tuple(rows)
    scaled, before = [], 0
    for row in rows:
        after = before + row.tokens
        tokens = _times(after, ratio) - _times(before, ratio)
        scaled.append(row.model_copy(update={"tokens": tokens}))
        before = after
    return tuple(scaled)


def _times(tokens: int, ratio: float) -> int:
    return tokens if ratio == 1.0 else int(tokens * ratio + 0.5)
