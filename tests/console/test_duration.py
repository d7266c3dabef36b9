"""Lengths of time as people write them."""

from datetime import timedelta

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from console.duration import UNITS, Duration, parse, show


@given(st.integers(0, 99_999), st.sampled_from(sorted(UNITS)))
def test_what_is_shown_means_the_same(number: int, unit: str) -> None:
    length = parse(f"{number}{unit}")
    assert parse(show(length)) == length


def test_it_is_shown_in_the_largest_unit_that_fits() -> None:
    lengths = (timedelta(days=30), timedelta(hours=36), timedelta(minutes=90), timedelta(0))
    assert [show(length) for length in lengths] == ["30d", "36h", "90m", "0m"]


@pytest.mark.parametrize("text", ["", "3", "3 h", "-3h", "3w", "1.5h", "h"])
def test_what_is_no_length_of_time_is_refused_with_examples(text: str) -> None:
    @click.command()
    @click.option("--age", type=Duration())
    def command(age: timedelta) -> None: ...

    done = CliRunner().invoke(command, ["--age", text])
    assert done.exit_code == 2
    assert "expected a number with d, h or m: 30d, 3h, 90m" in done.output
