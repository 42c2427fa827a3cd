"""Cars that come and go."""

from dataclasses import dataclass, replace


class Full(Exception):
    """There is no space left."""


@dataclass(frozen=True)
class Ticket:
    """One stay; `left` and `cents` are None while the car is inside."""

    plate: str
    entered: int
    left: int = None
    cents: int = None

    @property
    def minutes(self):
        """Length of the stay; 0 while it lasts."""
        return 0 if self.left is None else self.left - self.entered


class Garage:
    """A car park with a tariff; times are minutes since the midnight it opened."""

    def __init__(self, spaces, tariff):
        self.spaces = spaces
        self.tariff = tariff
        self.closed = []
        self._inside = {}

    @property
    def free(self):
        """Spaces that are free now."""
        return self.spaces - len(self._inside)

    def enter(self, plate, at):
        """Let a car in; a car that is inside already keeps its ticket."""
        if plate in self._inside:
            return self._inside[plate]
        if not self.free:
            raise Full(f"all {self.spaces} spaces are taken")
        ticket = Ticket(plate, at)
        self._inside[plate] = ticket
        return ticket

    def leave(self, plate, at):
        """Let a car out and close its ticket.

        Raises KeyError where no such car is inside, ValueError where it would leave before it came.
        """
        ticket = self._inside[plate]
        if at < ticket.entered:
            raise ValueError(f"{plate} entered at {ticket.entered}, after {at}")
        del self._inside[plate]
        done = replace(ticket, left=at, cents=self.tariff.price(at - ticket.entered))
        self.closed.append(done)
        return done
