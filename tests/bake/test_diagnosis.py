"""What is read in Packer's last words, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake import recipe
from bake.diagnosis import diagnose
from bake.packer import Phase

WEB = recipe.load("web")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("InsufficientInstanceCapacity: We currently do not have sufficient capacity", "no capacity"),
        ("Unsupported: t9 is not supported in your requested Availability Zone (eu-west-1a)", "no capacity"),
        ("api error VcpuLimitExceeded: You have requested more vCPU capacity", "a quota of the account"),
        ("api error InvalidAMIID.NotFound: The image id '[ami-1]' does not exist", "is gone since"),
        ("dpkg: error writing: No space left on device", "disk is full"),
        ("api error RequestExpired: Request has expired.", "the session of these credentials has ended"),
        ("Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z", "the clock of this machine"),
        ("api error UnauthorizedOperation: not authorized to perform: ec2:RunInstances", "lack a permission"),
        ("Timeout waiting for SSH.", "never answered over SSH"),
    ],
)
def test_what_is_known_is_told_with_what_to_do(said: str, told: str) -> None:
    found = diagnose(WEB, ["it failed", said], Phase.LAUNCH)
    assert found
    assert told in found.what
    assert found.next_step


def test_a_refusal_while_provisioning_may_be_any_servers() -> None:
    assert diagnose(WEB, ["403 AccessDenied", "Script exited with 1"], Phase.PROVISION) is None


def test_only_a_lack_of_capacity_is_tried_elsewhere() -> None:
    capacity, quota = (
        diagnose(WEB, [said], Phase.LAUNCH) for said in ("InsufficientInstanceCapacity", "VcpuLimitExceeded")
    )
    assert capacity and quota
    assert (capacity.elsewhere, quota.elsewhere) == (True, False)


def test_a_limit_means_ssh_only_while_it_is_waited_for() -> None:
    assert diagnose(WEB, ["longer than 5 min"], Phase.CONNECT, limit=True)
    assert diagnose(WEB, ["longer than 5 min"], Phase.PROVISION, limit=True) is None
    assert diagnose(WEB, ["exit status 1"], Phase.CONNECT) is None


@given(st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz \n:'")), st.sampled_from(list(Phase)))
def test_other_words_are_left_as_they_are(said: list[str], phase: Phase) -> None:
    assert diagnose(WEB, said, phase) is None
