"""Who is asked: the run's own model, or the one that the settings give a role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from swe_agent.context.economy import Rates
from swe_agent.context.tokens import Exact
from swe_agent.core.protocols import Model
from swe_agent.settings.schema import Role


@dataclass(frozen=True, slots=True)
class Terms:
    """What it takes to fold for a model."""

    rates: Rates = field(default_factory=Rates)
    """What cached input costs."""
    window_tokens: int = 128_000
    """Its context window."""
    exact: Exact | None = None
    """Counts by its own tokenizer; None: it is not on this machine."""


@dataclass(frozen=True)
class Mind:
    """A model and its terms."""

    model: Model
    look_up: Callable[[], Terms] = Terms
    """Finds the terms out; may ask the endpoint."""

    @cached_property
    def terms(self) -> Terms:
        """Its terms, looked up once."""
        return self.look_up()


@dataclass(frozen=True, slots=True)
class Minds:
    """The models of a run."""

    own: Mind
    roles: Mapping[Role, Mind] = field(default_factory=dict)
    """Those that are not the run's own."""

    def of(self, role: Role) -> Mind:
        """Who has this role."""
        return self.roles.get(role, self.own)

    def warm_up(self) -> None:
        """Warm up all that may be asked; meant for a thread of its own."""
        for mind in (self.own, *self.roles.values()):
            mind.model.warm_up()
