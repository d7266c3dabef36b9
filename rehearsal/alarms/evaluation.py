"""Whether an alarm goes off: condition and datapoints → state and reason. Pure.

M of the last N periods must breach. Missing periods are first made up for by older data of the evaluation range, then
by what the alarm says of missing data; tests repeat the tables of
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html

CloudWatch does not say how much older the range may be; its tables show two periods.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rehearsal.alarms.model import MetricCondition, State, Verdict

OLDER_PERIODS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    breaches: Callable[[float, float], bool]
    words: str


COMPARISONS: Mapping[str, Comparison] = {
    "GreaterThanThreshold": Comparison(operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": Comparison(operator.ge, "greater than or equal to"),
    "LessThanThreshold": Comparison(operator.lt, "less than"),
    "LessThanOrEqualToThreshold": Comparison(operator.le, "less than or equal to"),
}


@dataclass(frozen=True, slots=True)
class Datapoint:
    """The value of one period, None where it has none; `at`: its begin, in seconds since the epoch."""

    at: float
    value: float | None


def range_of(condition: MetricCondition) -> int:
    """How many periods an evaluation looks at."""
    return condition.evaluation_periods + OLDER_PERIODS


def evaluate(condition: MetricCondition, datapoints: Sequence[Datapoint], now: State) -> Verdict:
    """The verdict over the evaluation range, the oldest datapoint first; `now`: the state the alarm is in."""
    wanted, needed = condition.evaluation_periods, condition.datapoints_to_alarm
    comparison = COMPARISONS[condition.comparison]
    found = [d for d in datapoints[-range_of(condition) :] if d.value is not None]
    recent = _values(found)
    if len(found) >= wanted:
        found, missing = found[-wanted:], 0
    else:
        missing = wanted - len(found)
    bad = [d for d in found if d.value is not None and comparison.breaches(d.value, condition.threshold)]
    if not missing or condition.missing in ("breaching", "notBreaching"):
        breaching = len(bad) + (missing if condition.missing == "breaching" else 0)
        state = State.ALARM if breaching >= needed else State.OK
    elif not found:
        state = now if condition.missing == "ignore" else State.INSUFFICIENT_DATA
    elif len(bad) >= needed:
        state = State.ALARM
    elif len(bad) < len(found):
        state = State.OK
    elif condition.missing == "ignore":
        state = now
    else:  # nothing but breaching data, and too few of them: they count once the oldest is old enough
        old_enough = any(d is bad[0] for d in datapoints[: len(datapoints) - needed + 1])
        state = State.ALARM if old_enough else State.OK
    return Verdict(state, _reason(condition, comparison, state, found, bad, missing), recent)


def _values(datapoints: Sequence[Datapoint]) -> tuple[float, ...]:
    return tuple(d.value for d in datapoints if d.value is not None)


def _reason(
    condition: MetricCondition,
    comparison: Comparison,
    state: State,
    found: Sequence[Datapoint],
    bad: Sequence[Datapoint],
    missing: int,
) -> str:
    """The reason in CloudWatch's words."""
    if state is State.INSUFFICIENT_DATA:
        return f"Insufficient Data: {missing} datapoint{'s were' if missing > 1 else ' was'} unknown."
    if not found:
        treated = "Breaching" if condition.missing == "breaching" else "NonBreaching"
        periods = f"{missing} period{'s' if missing > 1 else ''}"
        data = f"{missing} missing datapoint{'s were' if missing > 1 else ' was'} treated as [{treated}]"
        return f"Threshold Crossed: no datapoints were received for {periods} and {data}."
    alarm = state is State.ALARM
    shown = [d for d in found if (d in bad) == alarm] or list(found)
    listed = ", ".join(f"{d.value} ({datetime.fromtimestamp(d.at, UTC):%d/%m/%y %H:%M:%S})" for d in reversed(shown))
    total = condition.evaluation_periods
    minimum = condition.datapoints_to_alarm if alarm else total - condition.datapoints_to_alarm + 1
    change = "OK -> ALARM" if alarm else "ALARM -> OK"
    was = ("was" if alarm else "was not") if len(shown) == 1 else ("were" if alarm else "were not")
    return (
        f"Threshold Crossed: {len(shown)} out of the last {total} datapoints [{listed}] {was} "
        f"{comparison.words} the threshold ({condition.threshold}) (minimum {minimum} "
        f"datapoint{'s' if minimum > 1 else ''} for {change} transition)."
    )
