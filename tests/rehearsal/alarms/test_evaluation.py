"""When an alarm goes off: CloudWatch's own tables, repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.alarms.evaluation import Datapoint, evaluate, range_of
from rehearsal.alarms.expressions import Name
from rehearsal.alarms.model import Metric, MetricCondition, MetricStat, State

RETAINED = State.INSUFFICIENT_DATA  # the state the alarm is in before: "retain current state"
ALARM, OK, UNKNOWN = State.ALARM, State.OK, State.INSUFFICIENT_DATA
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def condition(needed: int = 3, periods: int = 3, missing: str = "missing", **more: object) -> MetricCondition:
    stat = MetricStat(Metric("Test", "errors"), "Sum")
    comparison = str(more.get("comparison", "GreaterThanThreshold"))
    return MetricCondition({"m1": stat}, Name("m1"), 60, comparison, 5.0, periods, needed, missing)


def points(text: str) -> list[Datapoint]:
    """0: within the threshold, X: breaching, -: missing; the oldest first."""
    values = {"0": 0.0, "X": 10.0, "-": None}
    return [Datapoint(n * 60.0, values[c]) for n, c in enumerate(text.replace(" ", ""))]


# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
THREE_OF_THREE = [
    ("0 - X - X", (OK, OK, OK, OK)),
    ("- - - - 0", (OK, OK, OK, OK)),
    ("- - - - -", (UNKNOWN, RETAINED, ALARM, OK)),
    ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("- - X - -", (ALARM, RETAINED, ALARM, OK)),
]
TWO_OF_THREE = [
    ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    ("0 - X - -", (OK, OK, ALARM, OK)),
    ("- - - - 0", (OK, OK, ALARM, OK)),
    ("- - - X -", (ALARM, RETAINED, ALARM, OK)),
]


@pytest.mark.parametrize(
    ("needed", "text", "missing", "state"),
    [
        (needed, text, treatment, state)
        for needed, table in ((3, THREE_OF_THREE), (2, TWO_OF_THREE))
        for text, states in table
        for treatment, state in zip(TREATMENTS, states, strict=True)
    ],
)
def test_missing_data_count_as_in_the_tables_of_cloudwatch(needed: int, text: str, missing: str, state: State) -> None:
    assert evaluate(condition(needed, missing=missing), points(text), RETAINED).state is state


def test_a_young_breach_with_nothing_before_it_is_not_yet_an_alarm() -> None:
    assert evaluate(condition(), points("- - - - X"), OK).state is OK


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        ("GreaterThanThreshold", 5.0, OK),
        ("GreaterThanOrEqualToThreshold", 5.0, ALARM),
        ("LessThanThreshold", 5.0, OK),
        ("LessThanOrEqualToThreshold", 5.0, ALARM),
        ("LessThanThreshold", 4.9, ALARM),
    ],
)
def test_the_threshold_itself_belongs_to_one_side(comparison: str, value: float, state: State) -> None:
    one = condition(1, 1, comparison=comparison)
    assert evaluate(one, [Datapoint(0, value)], OK).state is state


def test_the_reason_is_told_as_cloudwatch_tells_it() -> None:
    found = evaluate(condition(2, 3), points("0 0 X 0 X"), OK)
    assert found.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [10.0 (01/01/70 00:04:00), 10.0 (01/01/70 00:02:00)] were "
        "greater than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    missing = evaluate(condition(1, 1, "breaching"), points("- - -"), OK)
    assert missing.reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[Breaching]."
    )
    assert evaluate(condition(), points("- - - - -"), OK).reason == "Insufficient Data: 3 datapoints were unknown."


VALUES = st.lists(st.one_of(st.none(), st.floats(-100, 100)), min_size=5, max_size=5)
CONDITIONS = st.builds(condition, st.integers(1, 3), st.just(3), st.sampled_from(TREATMENTS))


@given(CONDITIONS, VALUES, st.sampled_from(list(State)))
def test_one_worse_value_never_ends_an_alarm(asked: MetricCondition, values: list[float | None], before: State) -> None:
    data = [Datapoint(n, v) for n, v in enumerate(values)]
    if evaluate(asked, data, before).state is not State.ALARM:
        return
    for n, datapoint in enumerate(data):
        if datapoint.value is not None:
            worse = [*data[:n], Datapoint(n, 1000.0), *data[n + 1 :]]
            assert evaluate(asked, worse, before).state is State.ALARM


@given(CONDITIONS, VALUES, st.lists(st.floats(-100, 100)))
def test_what_is_older_than_the_range_does_not_matter(
    asked: MetricCondition, values: list[float | None], older: list[float]
) -> None:
    data = [Datapoint(n, v) for n, v in enumerate(values)]
    assert len(data) == range_of(asked)
    more = [Datapoint(-1.0 - n, v) for n, v in enumerate(older)]
    assert evaluate(asked, [*more, *data], OK) == evaluate(asked, data, OK)
