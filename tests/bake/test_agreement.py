from typing import Any

import pytest

from bake.agreement import disagreements, snapshots_of

TAGS = {"kiln:build": "b", "kiln:tier": "web"}
GOOD: dict[str, Any] = {
    "State": "available",
    "OwnerId": "1",
    "Tags": [{"Key": key, "Value": value} for key, value in {**TAGS, "other": "x"}.items()],
}


def test_an_image_as_it_was_asked_for_agrees() -> None:
    assert disagreements(GOOD, owner="1", tags=TAGS) == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"State": "pending"}, "its state is pending, not available"),
        ({"OwnerId": "2"}, "its owner is 2, not 1"),
        ({"Public": True}, "it is public"),
        ({"Tags": []}, "its tag kiln:build is None, not 'b'"),
    ],
)
def test_each_difference_is_told(change: dict[str, Any], told: str) -> None:
    assert told in disagreements({**GOOD, **change}, owner="1", tags=TAGS)


def test_an_image_that_is_gone_disagrees() -> None:
    assert disagreements(None, owner="1", tags=TAGS) == ("it does not exist",)


def test_snapshots_are_those_of_disks_and_not_of_empty_slots() -> None:
    devices = [{"Ebs": {"SnapshotId": "snap-1"}}, {"VirtualName": "ephemeral0"}, {"Ebs": {}}]
    assert snapshots_of({"BlockDeviceMappings": devices}) == ("snap-1",)
