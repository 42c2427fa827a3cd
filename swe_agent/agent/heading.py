"""What stands before an attempt's conversation: worked out once, then read from the log, so that a
resumed run says the same though a template or a rule has changed."""

from swe_agent.agent.state import State
from swe_agent.context.layers import HEAD_SHARE, Piece, layer_named, packed
from swe_agent.context.render import Head
from swe_agent.context.rules import rules_of
from swe_agent.core.events import HeadPacked, LayerForm
from swe_agent.core.protocols import ToolSpec
from swe_agent.core.text import elided
from swe_agent.runtime.store import TreeStore
from swe_agent.settings.egress import egress_of
from swe_agent.settings.prompts import prompt
from swe_agent.settings.schema import Settings

SHORT_SHARE = 4
"""A short form is as long as one part of so many."""
_OWN = ("playbook", "examples")
"""Layers that the user's own templates fill."""


def packed_head(
    state: State, settings: Settings, store: TreeStore, window_tokens: int
) -> HeadPacked:
    """The system text, and the layers before the conversation as far as there is room."""
    place = state.environment
    assert place is not None, "made before anything is asked"
    network = egress_of(settings.sandbox.network)
    system = prompt("system", shell=place.shell, root=place.root, network=network)
    pieces = [*_rules(state, settings, store), *_own()]
    layers = packed(pieces, int(HEAD_SHARE * window_tokens))
    return HeadPacked(system=system, layers=layers)


def head_of(event: HeadPacked, tools: tuple[ToolSpec, ...]) -> Head:
    """What was packed, with the tools that are told."""
    return Head(event.system, tools, event.layers)


def _rules(state: State, settings: Settings, store: TreeStore) -> list[Piece]:
    """The rules that the user's checkout brings, read from the run's first tree."""
    if state.started is None:
        return []
    tree, limit = store.reader(state.started.base_tree), settings.context.rules_chars
    found = rules_of(tree, limit)
    if not found:
        return []
    limits: dict[LayerForm, int] = {"full": limit, "short": limit // SHORT_SHARE, "pointer": 0}
    texts = {
        form: prompt("rules", files=[file.cut_to(most) for file in found])
        for form, most in limits.items()
    }
    return [Piece(layer_named("rules"), texts)]


def _own() -> list[Piece]:
    """What the user's own templates say."""
    pieces = []
    for name in _OWN:
        text = prompt(name).strip()
        if text:
            short = elided(text, len(text) // SHORT_SHARE)
            pieces.append(Piece(layer_named(name), {"full": text, "short": short}))
    return pieces
