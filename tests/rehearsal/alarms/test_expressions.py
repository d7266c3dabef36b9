"""Metric math, by example and against Python's own arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.alarms.expressions import NotEmulated, Series, evaluate, names, parse

PERIODS = range(1, 4)
KNOWN: dict[str, Series] = {"m1": {1: 10, 2: 20, 3: 30}, "m2": {1: 2, 2: 0}, "none": {}}


def of(text: str) -> Series:
    return evaluate(parse(text), KNOWN, PERIODS)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("m1", {1: 10, 2: 20, 3: 30}),
        ("7", {1: 7, 2: 7, 3: 7}),
        ("m1 / m2", {1: 5}),  # nothing by zero, and nothing where one of them has no data
        ("m1 * 2 + 1", {1: 21, 2: 41, 3: 61}),
        ("m1 - m1 - m1", {1: -10, 2: -20, 3: -30}),
        ("-m2 ^ 2", {1: -4, 2: 0}),
        ("(m1 + m2) * 2", {1: 24, 2: 40}),
        ("IF(m2 > 0, m1 / m2, m1)", {1: 5, 2: 20}),
        ("IF(m1 >= 20, m1)", {2: 20, 3: 30}),
        ("IF(m1 > 10 AND m1 != 30, 1, 0)", {1: 0, 2: 1, 3: 0}),
        ("FILL(m2, 0)", {1: 2, 2: 0, 3: 0}),
        ("FILL(m2, REPEAT)", {1: 2, 2: 0, 3: 0}),
        ("FILL(none, 1)", {1: 1, 2: 1, 3: 1}),
        ("m1 / FILL(m2, 5)", {1: 5, 3: 6}),
        ("MAX([m1, m2])", {1: 10, 2: 20, 3: 30}),
        ("MIN([m1, m2])", {1: 2, 2: 0, 3: 30}),
        ("MAX(m1)", {1: 30, 2: 30, 3: 30}),
        ("SUM(METRICS())", {1: 12, 2: 20, 3: 30}),
        ("CEIL(m1 / 3)", {1: 4, 2: 7, 3: 10}),
        ("MAX(none)", {}),
        ("m1 / IF(m2 > 0, m2, 1)", {1: 5, 2: 20}),
        ("100 * FILL(none, 0) / m1", {1: 0, 2: 0, 3: 0}),
    ],
)
def test_an_expression_has_the_value_that_cloudwatch_gives_it(text: str, found: Series) -> None:
    assert of(text) == found


def test_a_gap_is_filled_in_a_line() -> None:
    assert evaluate(parse("FILL(m, LINEAR)"), {"m": {1: 0, 3: 10}}, range(1, 5)) == {1: 0, 2: 5, 3: 10}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ANOMALY_DETECTION_BAND(m1, 2)", "ANOMALY_DETECTION_BAND"),
        ("SEARCH('x', 'Sum', 60)", "SEARCH"),
        ("SELECT AVG(CPU) FROM x", "AVG"),
        ("m1 +", "the end"),
        ("(m1", "')'"),
        ("MAX(m1, m2)", "1 argument"),
        ("m1 $ 2", "'$'"),
        ("", "the end"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(NotEmulated, match=said.replace("$", r"\$").replace(")", r"\)")):
        parse(text)


def test_the_ids_of_an_expression_are_known() -> None:
    assert set(names(parse("IF(m1 > 0, e1, MAX([m2, m3]))"))) == {"m1", "m2", "m3", "e1"}


NUMBERS = st.integers(1, 50).map(str)
TREES = st.recursive(
    NUMBERS,
    lambda inner: st.builds(lambda a, o, b: f"({a} {o} {b})", inner, st.sampled_from(["+", "-", "*"]), inner),
    max_leaves=8,
)


@given(TREES)
def test_arithmetic_is_pythons_arithmetic(text: str) -> None:
    assert evaluate(parse(text), {}, range(1)) == {0: pytest.approx(float(eval(text)))}
