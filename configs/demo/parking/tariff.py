"""What a stay costs: bands that follow each other within a day, and a cap for the day."""

from dataclasses import dataclass

from parking.duration import DAY, begun_units


@dataclass(frozen=True)
class Band:
    """From `begins` minutes of stay on, each begun unit costs `cents`."""

    begins: int
    unit: int
    cents: int


@dataclass(frozen=True)
class Tariff:
    """Bands in order of their beginning; `cap` is the most that a day costs."""

    bands: tuple
    cap: int
    free_minutes: int = 0

    def price(self, minutes):
        """Cents for a stay; whole days cost the cap."""
        if minutes <= self.free_minutes:
            return 0
        days, rest = divmod(minutes, DAY)
        return days * self.cap + min(self.cap, self._within_a_day(rest))

    def _within_a_day(self, minutes):
        cents = 0
        ends = [band.begins for band in self.bands[1:]] + [DAY]
        for band, end in zip(self.bands, ends):
            inside = min(minutes, end) - band.begins
            if inside <= 0:
                break
            cents += begun_units(inside, band.unit) * band.cents
        return cents


CITY = Tariff(bands=(Band(0, 60, 200), Band(180, 60, 150)), cap=1500, free_minutes=10)
STATION = Tariff(bands=(Band(0, 30, 100), Band(120, 60, 120)), cap=1200)
