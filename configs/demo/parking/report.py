"""What the closed tickets say."""

from collections import Counter

from parking.duration import DAY, overlap, spoken


def takings(tickets):
    """Cents by day of leaving, days without any left out."""
    by_day = Counter()
    for ticket in tickets:
        by_day[ticket.left // DAY] += ticket.cents
    return dict(by_day)


def busiest_hour(tickets, day=0):
    """The hour of a day (0 to 23) with most minutes parked; the earliest where several are."""
    best, most = 0, -1
    for hour in range(24):
        low = day * DAY + hour * 60
        parked = sum(overlap(t.entered, t.left, low, low + 60) for t in tickets)
        if parked > most:
            best, most = hour, parked
    return best


def longest(tickets):
    """One line for the longest stay; empty where there was none."""
    if not tickets:
        return ""
    ticket = max(tickets, key=lambda t: t.minutes)
    return f"{ticket.plate}: {spoken(ticket.minutes)}, {ticket.cents / 100:.2f}"
