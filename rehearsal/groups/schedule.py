"""Scheduled actions: when they are due. Pure; times are seconds since the epoch.

A recurrence is cron's five fields in a time zone; a local time that occurs twice when clocks go back counts once, one
that is left out when they go forward does not occur
(https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-scheduled-scaling.html).
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

MINUTE = 60
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# A rehearsal that was asleep for longer does not make up for what it has missed.
LONGEST_GAP_SECONDS = 3600


class BadRecurrence(Exception):
    """The text is no recurrence; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Cron:
    """Minutes, hours, days of the month, months, days of the week (0: Sunday) in which something recurs."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool  # both kinds of days are restricted: one of them suffices, as in cron

    @classmethod
    def parse(cls, text: str) -> "Cron":
        """Raises BadRecurrence."""
        fields = text.split()
        if len(fields) != 5:
            raise BadRecurrence(f"expected five fields (minute hour day month weekday), found {len(fields)}: {text!r}")
        weekdays = frozenset(d % 7 for d in _field(fields[4], 0, 7, DAYS))
        return cls(
            _field(fields[0], 0, 59),
            _field(fields[1], 0, 23),
            _field(fields[2], 1, 31),
            _field(fields[3], 1, 12, MONTHS),
            weekdays,
            not fields[2].startswith("*") and not fields[4].startswith("*"),
        )

    def matches(self, local: datetime) -> bool:
        """Whether it recurs in this minute."""
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        on_day = (day or weekday) if self.either_day else (day and weekday)
        return local.minute in self.minutes and local.hour in self.hours and local.month in self.months and on_day


def _field(text: str, lowest: int, highest: int, names: tuple[str, ...] = ()) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        spread, _, step = part.partition("/")
        if step and not (step.isdigit() and int(step) > 0):
            raise BadRecurrence(f"{part!r}: the step must be a positive number")
        if spread == "*":
            first, last = lowest, highest
        else:
            begin, dash, end = spread.partition("-")
            first = _number(begin, lowest, highest, names)
            last = _number(end, lowest, highest, names) if dash else (highest if step else first)
        if last < first:
            raise BadRecurrence(f"{part!r}: the end is before the begin")
        found |= set(range(first, last + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, lowest: int, highest: int, names: tuple[str, ...]) -> int:
    if text.upper() in names:
        return names.index(text.upper()) + (1 if names is MONTHS else 0)
    if not text.isdigit() or not lowest <= int(text) <= highest:
        raise BadRecurrence(f"{text!r} is not between {lowest} and {highest}")
    return int(text)


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    """What is to happen when; None: this limit is left as it is."""

    name: str
    arn: str
    minimum: int | None = None
    maximum: int | None = None
    desired: int | None = None
    start: float | None = None
    end: float | None = None
    recurrence: str = ""
    zone: str = "Etc/UTC"

    def over(self, now: float) -> bool:
        """Whether it will never be due again."""
        if not self.recurrence:
            return self.start is not None and now >= self.start
        return self.end is not None and now > self.end


def due(action: ScheduledAction, since: float, now: float) -> bool:
    """Whether it is due after `since` and not after `now`."""
    if not action.recurrence:
        return action.start is not None and since < action.start <= now
    cron, zone = Cron.parse(action.recurrence), ZoneInfo(action.zone)
    first = math.floor(max(since, now - LONGEST_GAP_SECONDS) / MINUTE) + 1
    for minute in range(first, math.floor(now / MINUTE) + 1):
        at = minute * MINUTE
        local = datetime.fromtimestamp(at, UTC).astimezone(zone)
        begun = action.start is None or at >= action.start
        if begun and (action.end is None or at <= action.end) and not local.fold and cron.matches(local):
            return True
    return False
