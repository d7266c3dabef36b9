"""Which share of a week something runs that is stopped and started by cron expressions. Pure.

A week of wall-clock time: the two hours a year by which summer time moves cancel out.
"""

from collections.abc import Iterator
from fractions import Fraction

WEEK = 7 * 24 * 60
"""In minutes; it begins on Sunday, as cron counts."""
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def running_share(stop: str, start: str) -> Fraction:
    """The share of a week in which it runs, 0 to 1.

    Where both fall on one minute, the start counts: an estimate must not promise a saving that may not be there.

    Args:
        stop: five fields, such as `0 19 * * 1-5`.
        start: the same.

    Raises:
        ValueError: an expression is not one, or does not repeat every week.
    """
    events = dict.fromkeys(minutes(stop), False) | dict.fromkeys(minutes(start), True)
    times = sorted(events)
    ends = [*times[1:], times[0] + WEEK]
    return Fraction(sum(end - time for time, end in zip(times, ends, strict=True) if events[time]), WEEK)


def minutes(expression: str) -> tuple[int, ...]:
    """The minutes of the week at which a cron expression fires; there is always at least one.

    Raises:
        ValueError: it is no cron expression, or does not repeat every week.
    """
    fields = expression.split()
    if len(fields) != 5:
        raise ValueError(f"{expression!r}: five fields expected")
    minute, hour, day, month, weekday = fields
    if (day, month) != ("*", "*"):
        raise ValueError(f"{expression!r}: not the same every week; day and month must be *")
    found = {
        (on % 7) * 24 * 60 + at * 60 + past
        for on in _values(weekday, 0, 7)
        for at in _values(hour, 0, 23)
        for past in _values(minute, 0, 59)
    }
    return tuple(sorted(found))


def _values(field: str, low: int, high: int) -> Iterator[int]:
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = _number(first)
            end = _number(last) if dash else high if step else begin
        every = int(step) if step.isdigit() else 0 if "/" in part else 1
        if not (low <= begin <= end <= high and every >= 1):
            raise ValueError(f"{part!r}: {low} to {high} expected")
        yield from range(begin, end + 1, every)


def _number(text: str) -> int:
    if text.upper() in DAYS:
        return DAYS.index(text.upper())
    if not text.isdigit():
        raise ValueError(f"{text!r}: a number expected")
    return int(text)
