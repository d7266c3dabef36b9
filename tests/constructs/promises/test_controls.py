"""Who asks for a promise, and the table that it is taken from."""

import pytest

from kiln.promises import PROMISES, Standard
from kiln.promises.controls import asked
from kiln.promises.requirements import REQUIREMENTS

NAMED = {
    control.id
    for promise in PROMISES
    for control in promise.controls
    if control.standard in (Standard.FSBP, Standard.HUB)
}


def test_a_control_brings_all_that_it_answers_to_standard_by_standard_and_in_the_order_of_counting() -> None:
    assert [str(control) for control in asked("EC2.53", "EC2.8")] == [
        "FSBP EC2.8",
        "Security Hub EC2.53",
        "CIS AWS v5.0.0 5.3",
        "CIS AWS v5.0.0 5.7",
        "NIST 800-53 r5 AC-3",
        "NIST 800-53 r5 AC-3(7)",
        "NIST 800-53 r5 AC-3(15)",
        "NIST 800-53 r5 AC-6",
        "PCI DSS v4.0.1 1.3.1",
        "PCI DSS v4.0.1 2.2.6",
    ]


def test_what_two_controls_answer_to_is_named_once() -> None:
    [one, other, *requirements] = asked("S3.2", "S3.3")
    assert (one.id, other.id) == ("S3.2", "S3.3")
    assert tuple(requirements) == asked("S3.2")[1:]


def test_a_control_that_the_table_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"MQ\.3"):
        asked("MQ.3")


def test_the_table_has_what_the_promises_name_and_nothing_else() -> None:
    assert set(REQUIREMENTS) == NAMED


@pytest.mark.parametrize("id", REQUIREMENTS)
def test_no_row_says_an_id_twice(id: str) -> None:
    row = REQUIREMENTS[id]
    for ids in (row.cis, row.nist, row.pci):
        assert len(set(ids.split())) == len(ids.split())


def test_the_table_is_in_order() -> None:
    def counted(id: str) -> tuple[str, int]:
        service, number = id.split(".")
        return service, int(number)

    assert list(REQUIREMENTS) == sorted(REQUIREMENTS, key=counted)
