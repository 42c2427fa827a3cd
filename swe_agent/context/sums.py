"""What each layer of a conversation takes, kept up as entries come, change and go: a ledger costs
the same at step 1,000 as at step 10."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sum:
    """The entries of one layer, added up."""

    tokens: int = 0
    """As they are shown."""
    whole_tokens: int = 0
    """As they were."""
    count: int = 0
    _steps: Counter[int] = field(default_factory=Counter)

    def add(self, step: int, tokens: int, whole_tokens: int, sign: int = 1) -> None:
        """Take one entry in, or out with `sign` -1."""
        self.tokens += sign * tokens
        self.whole_tokens += sign * whole_tokens
        self.count += sign
        self._steps[step] += sign
        if not self._steps[step]:
            del self._steps[step]

    @property
    def span(self) -> str:
        """The first and the last step: `3-41`."""
        first, last = min(self._steps, default=0), max(self._steps, default=0)
        return f"{first}-{last}" if last > first else str(first)


@dataclass(slots=True)
class Sums:
    """One sum for each layer that has entries."""

    _layers: dict[str, Sum] = field(default_factory=dict)

    def of(self, layer: str) -> Sum:
        """The sum of a layer; made where there is none."""
        return self._layers.setdefault(layer, Sum())

    def rows(self) -> Iterable[tuple[str, Sum]]:
        """The layers that have entries, by name."""
        return [(name, one) for name, one in sorted(self._layers.items()) if one.count]
