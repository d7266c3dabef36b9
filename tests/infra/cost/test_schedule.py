from datetime import datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from infra.cost.schedule import WEEK, minutes, running_share

DAYS = st.one_of(
    st.just("*"),
    st.sampled_from(["1-5", "MON-FRI", "0", "7", "SAT,SUN", "*/2"]),
    st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True).map(lambda days: ",".join(map(str, days))),
)
CRON = st.builds("{} {} * * {}".format, st.integers(0, 59), st.integers(0, 23), DAYS)


@pytest.mark.parametrize(
    ("stop", "start", "hours"),
    [
        ("0 19 * * 1-5", "0 7 * * 1-5", 60),
        ("0 19 * * *", "0 7 * * *", 84),
        ("0 19 * * FRI", "0 7 * * MON", 108),
        ("0 0 * * 0", "0 12 * * 0", 156),
        ("0 12,20 * * 1-5", "0 8 * * 1-5", 20),  # the second stop finds it stopped already
        ("30 7 * * *", "0 7 * * *", 3.5),
    ],
)
def test_the_share_is_that_of_the_hours_between_start_and_stop(stop: str, start: str, hours: float) -> None:
    assert running_share(stop, start) == Fraction(hours) / 168


@given(CRON, CRON)
def test_one_schedule_and_its_opposite_are_the_whole_week(stop: str, start: str) -> None:
    assume(not set(minutes(stop)) & set(minutes(start)))
    assert running_share(stop, start) + running_share(start, stop) == 1


@settings(max_examples=15)  # each example counts every minute of two weeks
@given(CRON, CRON)
def test_the_share_is_what_a_clock_that_runs_two_weeks_counts(stop: str, start: str) -> None:
    runs, counted = False, 0
    stops, starts = set(minutes(stop)), set(minutes(start))
    for minute in range(2 * WEEK):
        if minute % WEEK in stops:
            runs = False
        if minute % WEEK in starts:
            runs = True
        counted += runs and minute >= WEEK
    assert running_share(stop, start) == Fraction(counted, WEEK)


@given(CRON)
def test_an_expression_fires_at_the_minutes_that_the_calendar_gives(expression: str) -> None:
    sunday = datetime(2026, 1, 4)
    minute, hour, *_ = expression.split()
    for fired in minutes(expression):
        at = sunday + timedelta(minutes=fired)
        assert (at.minute, at.hour) == (int(minute), int(hour))


def test_a_start_at_the_minute_of_a_stop_counts_as_running() -> None:
    assert running_share("0 7 * * *", "0 7 * * *") == 1


@pytest.mark.parametrize(
    "wrong",
    [
        "0 19 * *",
        "0 24 * * *",
        "60 1 * * *",
        "0 1 1 * *",
        "0 1 * 5 *",
        "x 1 * * *",
        "0 5-1 * * *",
        "*/0 1 * * *",
        "1/ 1 * * *",
    ],
)
def test_what_does_not_repeat_every_week_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"expected|same every week"):
        minutes(wrong)
