"""Which block guests can have."""

import pytest

from rehearsal.guests.network import refusal


def no_conflict(block: str) -> None:
    return None


def test_a_private_block_that_nobody_has_is_fine() -> None:
    assert refusal("vpc-1", "10.97.0.0/16", {"vpc-2": "10.98.0.0/16"}, no_conflict) is None


@pytest.mark.parametrize("block", ["8.8.0.0/16", "100.64.0.0/16", "172.15.0.0/16", "192.0.0.0/16"])
def test_addresses_of_the_internet_are_not_taken(block: str) -> None:
    error = refusal("vpc-1", block, {}, no_conflict)
    assert error
    assert error.found == block


def test_two_vpcs_of_one_rehearsal_need_different_blocks() -> None:
    error = refusal("vpc-1", "10.97.0.0/16", {"vpc-2": "10.97.128.0/20"}, no_conflict)
    assert error
    assert "vpc-2 has 10.97.128.0/20" in (error.found or "")


def test_a_block_that_the_machine_itself_uses_is_named_with_the_route() -> None:
    error = refusal("vpc-1", "10.97.0.0/16", {}, lambda block: "10.0.0.0/8 dev eth0")
    assert error
    assert "10.0.0.0/8 dev eth0" in (error.found or "")
    assert error.next_step
