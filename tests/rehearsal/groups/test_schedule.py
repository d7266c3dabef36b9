"""When scheduled actions are due, pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.groups.schedule import BadRecurrence, Cron, ScheduledAction, due


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def action(recurrence: str = "", zone: str = "Etc/UTC", **more: float) -> ScheduledAction:
    return ScheduledAction("a", "arn", desired=1, recurrence=recurrence, zone=zone, **more)  # type: ignore[arg-type]


def times(planned: ScheduledAction, first: str, hours: int) -> list[str]:
    """Every minute in which it is due, as UTC."""
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    minutes = [begin + timedelta(minutes=n) for n in range(hours * 60)]
    return [f"{m:%a %H:%M}" for m in minutes if due(planned, m.timestamp() - 30, m.timestamp() + 29)]


def test_an_action_without_recurrence_is_due_once() -> None:
    once = action(start=at("2026-11-21T14:00"))
    assert due(once, at("2026-11-21T13:59"), at("2026-11-21T14:00"))
    assert not due(once, at("2026-11-21T14:00"), at("2026-11-21T14:01"))
    assert once.over(at("2026-11-21T14:00"))


def test_an_environment_sleeps_at_night_and_over_the_weekend() -> None:
    assert times(action("0 19 * * MON-FRI"), "2026-11-20T00:00", 96) == ["Fri 19:00", "Mon 19:00"]
    assert times(action("30 6 * * 1-5"), "2026-11-20T00:00", 96) == ["Fri 06:30", "Mon 06:30"]


def test_the_time_zone_decides() -> None:
    assert times(action("0 8 * * *", "Europe/Berlin"), "2026-07-01T00:00", 24) == ["Wed 06:00"]
    assert times(action("0 8 * * *", "Europe/Berlin"), "2026-12-01T00:00", 24) == ["Tue 07:00"]


def test_an_hour_that_occurs_twice_counts_once_and_one_that_is_left_out_does_not_count() -> None:
    assert times(action("30 2 * * *", "Europe/Berlin"), "2026-10-25T00:00", 12) == ["Sun 00:30"]
    assert times(action("30 2 * * *", "Europe/Berlin"), "2026-03-29T00:00", 12) == []


def test_an_action_is_due_between_its_begin_and_its_end() -> None:
    bounded = action("0 * * * *", start=at("2026-11-21T02:00"), end=at("2026-11-21T03:30"))
    assert times(bounded, "2026-11-21T00:00", 6) == ["Sat 02:00", "Sat 03:00"]
    assert bounded.over(at("2026-11-21T04:00"))


def test_either_kind_of_day_suffices_when_both_are_named() -> None:
    assert times(action("0 0 1 * MON"), "2026-11-30T00:00", 48) == ["Mon 00:00", "Tue 00:00"]


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "* 24 * * *", "5-1 * * * *", "*/0 * * * *", "x * * * *"])
def test_a_text_that_is_no_recurrence_is_refused(text: str) -> None:
    with pytest.raises(BadRecurrence):
        Cron.parse(text)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.sampled_from(["Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
def test_looking_often_or_seldom_finds_the_same(moment: datetime, zone: str) -> None:
    local = moment.replace(tzinfo=UTC, second=0, microsecond=0).astimezone(ZoneInfo(zone))
    planned, exact = action(f"{local.minute} {local.hour} * * *", zone), local.timestamp()
    found = due(planned, exact - 600, exact + 600)
    looks = [due(planned, exact + n * 7 - 600, exact + n * 7 - 593) for n in range(171)]
    assert found is bool(sum(looks))
    assert sum(looks) <= 1
