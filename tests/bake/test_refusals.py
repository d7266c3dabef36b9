"""What AWS refuses, as the command tells it: what, where, expected, next step; and nothing is left.

The command and Packer are the real ones, in processes of their own; the refusals are put in the way of their calls.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from rehearsal.pipeline import copy_project
from rehearsal.proxy import Answer, Call, refusal
from tests.bake.world import World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def at_rest(world_of_packer: World) -> Iterator[World]:
    """Whatever a test does: afterwards the account is as it was, and no lease is held."""
    world = world_of_packer
    before = world.listing()
    yield world
    world.at_peace()
    assert world.listing() == before


def answers(
    operation: str, code: str, message: str, *, by: str = "", status: int = 400
) -> Callable[[Call], Answer | None]:
    """Refuse every call of an operation, of those whose User-Agent holds `by`."""

    def before(call: Call) -> Answer | None:
        return refusal(call.service, code, message, status) if call.operation == operation and by in call.of else None

    return before


def launches(world: World, first: int) -> list[str]:
    return [call.body.decode() for call in world.proxy.calls[first:] if call.operation == "RunInstances"]


def test_no_capacity_is_tried_in_every_zone_and_then_said(at_rest: World) -> None:
    message = "We currently do not have sufficient t3.small capacity in the Availability Zone you requested."
    at_rest.before = answers("RunInstances", "InsufficientInstanceCapacity", message)
    first = len(at_rest.proxy.calls)
    said = at_rest.run("base", code=1)
    assert "no image of base: EC2 has no capacity for t3." in said
    assert said.count("do not have sufficient t3.small capacity") >= 2
    assert "take another instance_type in packer/base/recipe.toml" in said
    assert "no capacity in the zone of subnet-" in said
    subnets = {one.partition("SubnetId=")[2].partition("&")[0] for one in launches(at_rest, first)}
    assert len(subnets) == 2, "both zones of this world"


def test_a_used_up_quota_is_said_with_the_way_to_a_higher_one_and_not_tried_again(at_rest: World) -> None:
    message = "You have requested more vCPU capacity than your current vCPU limit of 0 allows."
    at_rest.before = answers("RunInstances", "VcpuLimitExceeded", message)
    first = len(at_rest.proxy.calls)
    said = at_rest.run("base", code=1)
    assert "a quota of the account is used up (VcpuLimitExceeded)" in said
    assert "vCPU limit of 0" in said
    assert "Service Quotas" in said
    assert len(launches(at_rest, first)) == 1


def test_a_parent_image_that_is_gone_since_the_plan_is_said(at_rest: World) -> None:
    at_rest.before = answers("DescribeImages", "InvalidAMIID.NotFound", "The image id does not exist", by="packer")
    said = at_rest.run("base", code=1)
    assert "the image that it was to be baked from is gone since this bake was planned" in said
    assert "python -m bake base plans anew" in said


def test_requests_of_packers_that_are_out_of_time_mean_the_clock(at_rest: World) -> None:
    at_rest.before = answers("RunInstances", "RequestTimeTooSkewed", "The difference is too large.")
    said = at_rest.run("base", code=1)
    assert "the clock of this machine is off" in said
    assert "timedatectl set-ntp true" in said


@pytest.mark.parametrize(
    ("code", "ahead", "told"),
    [
        ("RequestTimeTooSkewed", 42, "42 minutes ahead of AWS's"),
        ("SignatureDoesNotMatch", -17, "17 minutes behind AWS's"),
    ],
)
def test_a_clock_that_is_off_is_said_with_how_much(at_rest: World, code: str, ahead: int, told: str) -> None:
    date = format_datetime(datetime.now(UTC) - timedelta(minutes=ahead), usegmt=True)

    def before(call: Call) -> Answer | None:
        return refusal(call.service, code, "Signature expired", 403, date)

    at_rest.before = before
    said = at_rest.run("base", code=3)
    assert "the clock of this machine is off" in said
    assert told in said
    assert "expected: less than 5 minutes of difference" in said


def test_wrong_keys_are_not_called_a_wrong_clock(at_rest: World) -> None:
    date = format_datetime(datetime.now(UTC), usegmt=True)
    at_rest.before = lambda call: refusal(call.service, "InvalidClientTokenId", "The token is invalid.", 403, date)
    said = at_rest.run("base", code=3)
    assert "AWS refuses the credentials" in said
    assert "clock" not in said


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project that a test may break."""
    copy_project(PROJECT, tmp_path / "project")
    return tmp_path / "project"


def test_a_variable_that_the_template_does_not_declare_names_both_files(at_rest: World, copy: Path) -> None:
    recipe = copy / "packer" / "base" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("[variables]", '[variables]\ncolour = "red"'), encoding="utf-8")
    for options in ((), ("--dry-run",)):
        said = at_rest.run("base", *options, code=2, project=copy)
        assert "'colour'" in said or '"colour"' in said
        assert "where: packer/base/recipe.toml, variables.colour" in said
        assert "next step: declare it in packer/shared/image.pkr.hcl, or take it out of recipe.toml" in said


def test_a_mistake_in_the_template_has_its_line(at_rest: World, copy: Path) -> None:
    template = copy / "packer" / "shared" / "image.pkr.hcl"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("communicator ", "comunicator "), encoding="utf-8")
    number = next(n for n, line in enumerate(text.splitlines(), 1) if "communicator " in line)
    said = at_rest.run("base", code=2, project=copy)
    assert f"packer/shared/image.pkr.hcl, line {number}" in said
    assert "comunicator" in said


def test_ssh_that_never_answers_is_told_with_what_to_check(at_rest: World, copy: Path) -> None:
    recipe = copy / "packer" / "base" / "recipe.toml"
    recipe.write_text(recipe.read_text() + "\n[limits_minutes]\nconnect = 0.05\n", encoding="utf-8")
    said = at_rest.run("base", code=1, project=copy)
    if "InvalidKeyPair.Duplicate" in said:  # on a very busy machine Packer asks twice for its key pair
        said = at_rest.run("base", code=1, project=copy)
    assert "no image of base: the builder never answered over SSH" in said
    for check in ("reaches the bake network", "admits port 22", "starts sshd", "limits_minutes.connect in packer/base"):
        assert check in said
