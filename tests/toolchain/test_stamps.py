"""A part is current only if its inputs are the same and its products are there."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from toolchain.stamps import Stamp, digest


def test_a_part_says_why_it_has_to_be_made(tmp_path: Path) -> None:
    product = tmp_path / "product"
    stamp = Stamp(tmp_path / "deep" / "a.stamp", "one", (product,))
    assert stamp.reason_to_run() == "not set up yet"
    product.touch()
    stamp.write()
    assert stamp.reason_to_run() is None
    assert Stamp(stamp.path, "two", (product,)).reason_to_run() == "its pins changed"
    product.unlink()
    assert stamp.reason_to_run() == f"{product} is gone"


@given(st.lists(st.text(), min_size=1), st.data())
def test_a_change_of_any_input_changes_the_digest(inputs: list[str], data: st.DataObject) -> None:
    changed = list(inputs)
    changed[data.draw(st.integers(0, len(inputs) - 1))] += data.draw(st.text(min_size=1))
    assert digest(*inputs) != digest(*changed)


@given(st.text(), st.text(min_size=1), st.text())
def test_text_that_moves_from_one_input_to_the_next_changes_the_digest(first: str, moved: str, second: str) -> None:
    assert digest(first + moved, second) != digest(first, moved + second)
