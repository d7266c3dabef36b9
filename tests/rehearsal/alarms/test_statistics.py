"""Statistics by period."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.alarms.statistics import Sample, by_period, is_known, of, value


def test_data_fall_into_the_periods_in_which_they_were_measured() -> None:
    samples = [value(0, 1), value(59.9, 2), value(60, 10), value(185, 4)]
    assert by_period(samples, "Sum", 60) == {0: 3, 1: 10, 3: 4}
    assert by_period(samples, "Average", 60) == {0: 1.5, 1: 10, 3: 4}


def test_sums_that_were_put_together_count_with_all_their_values() -> None:
    samples = [Sample(0, total=30, count=3, low=5, high=15), value(1, 50)]
    assert [of(s, samples) for s in ("Sum", "Average", "Minimum", "Maximum", "SampleCount")] == [80, 20, 5, 50, 4]


@pytest.mark.parametrize(("name", "known"), [("p99", True), ("p99.9", True), ("p100", True), ("Sum", True)])
def test_plain_statistics_and_percentiles_are_known(name: str, known: bool) -> None:
    assert is_known(name) is known


@pytest.mark.parametrize("name", ["tm99", "p101", "IQM", "sum", "PR(:300)"])
def test_other_statistics_are_not(name: str) -> None:
    assert not is_known(name)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.integers(1, 100))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(numbers: list[float], percent: int) -> None:
    found = of(f"p{percent}", [value(0, n) for n in numbers])
    assert found in numbers
    assert sum(n <= found for n in numbers) >= percent / 100 * len(numbers) - 1e-6
    assert of("p100", [value(0, n) for n in numbers]) == max(numbers)
