"""What was shown before is not shown twice: a run of lines that the model can still see above
becomes one line that says where. Nothing is lost: the lines stand in the same prompt."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from swe_agent.context.lines import Line

RUN_LINES = 4
"""Shorter runs are shown again."""
MARGIN = 1
"""Lines of a run that stay beside what is new."""
_KEY_LINES = 3
_CANDIDATES = 4

Key = tuple[str, ...]
Place = tuple[int, int]


@dataclass(slots=True)
class Seen:
    """The lines that a prompt shows so far, one page an observation, in order."""

    pages: list[tuple[int, list[Line]]] = field(default_factory=list)
    """Step and lines of each page."""
    _places: dict[Key, list[Place]] = field(default_factory=dict)
    _added: list[list[Key]] = field(default_factory=list)

    def show(self, step: int, lines: Sequence[Line]) -> list[Line]:
        """The lines of a new page with what stands above replaced; it is taken in."""
        shown: list[Line] = []
        at = 0
        while at < len(lines):
            page, start, length = self._longest(lines, at)
            first = at + (MARGIN if at else 0)
            last = at + length - (MARGIN if at + length < len(lines) else 0)
            if last - first < RUN_LINES:
                shown.append(lines[at])
                at += 1
                continue
            shown += lines[at:first]
            shown.append(self._marker(lines, first, last, page, start + first - at))
            shown += lines[last : at + length]
            at += length
        self._take(step, shown)
        return shown

    def hide(self, step: int) -> None:
        """Take in a page that stands as a digest: nothing refers to it."""
        self.pages.append((step, []))
        self._added.append([])

    def forget(self, keep: int) -> None:
        """Go back to the first `keep` pages."""
        while len(self.pages) > keep:
            self.pages.pop()
            for key in self._added.pop():
                places = self._places[key]
                places.pop()
                if not places:
                    del self._places[key]

    def _take(self, step: int, shown: list[Line]) -> None:
        page = len(self.pages)
        self.pages.append((step, shown))
        keys = [_key(shown, at) for at in range(len(shown) - _KEY_LINES + 1)]
        for at, key in enumerate(keys):
            self._places.setdefault(key, []).append((page, at))
        self._added.append(keys)

    def _longest(self, lines: Sequence[Line], at: int) -> tuple[int, int, int]:
        """Page, first line and length of the longest run above that begins like this."""
        best = (0, 0, 0)
        for page, start in self._places.get(_key(lines, at), [])[-_CANDIDATES:]:
            above = self.pages[page][1]
            length = 0
            while (
                at + length < len(lines)
                and start + length < len(above)
                and lines[at + length].body == above[start + length].body
            ):
                length += 1
            best = max(best, (page, start, length), key=lambda found: (found[2], found[0]))
        return best

    def _marker(self, lines: Sequence[Line], first: int, last: int, page: int, start: int) -> Line:
        step, above = self.pages[page]
        mine, theirs = _span(lines[first:last]), _span(above[start : start + last - first])
        what = f"{last - first} lines"
        if mine:
            what = f"lines {mine[0]}-{mine[1]}"
        where = f"step {step}"
        if theirs and theirs != mine:
            where += f", there {theirs[0]}-{theirs[1]}"
        text = f"[{what}: unchanged since {where}]"
        return Line(text, f"\0{page}:{start}:{last - first}")


def _key(lines: Sequence[Line], at: int) -> Key:
    return tuple(line.body for line in lines[at : at + _KEY_LINES])


def _span(lines: Sequence[Line]) -> tuple[int, int] | None:
    if lines and lines[0].number is not None and lines[-1].number is not None:
        return lines[0].number, lines[-1].number
    return None
