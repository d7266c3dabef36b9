"""A boot test in an AWS without machines: what is launched, and that nothing of it is left whatever ends it."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bake.boot import health, instance, testing, trial
from bake.boot.health import NotHealthy
from bake.boot.instance import Trial
from bake.boot.testing import Outcomes
from bake.boot.trial import Verdict
from bake.digest import Closure
from bake.image import ImageRecord, TestResult
from bake.leases import Leases
from bake.place import Workshop
from bake.recipe import Recipe
from console.aws import Aws
from console.errors import KilnError
from console.progress import Progress
from tests.bake.bakers import BUCKET, record_of
from tests.bake.impatient import AT_WORK, leases, sweep

PASSED = TestResult(name="test_a", outcome="passed", seconds=1)
FAILED = TestResult(name="test_b", outcome="failed", seconds=1)
CALLER = "arn:me"


@pytest.fixture
def workshop(aws: Aws) -> Workshop:
    ec2 = aws.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="bake", Description="bake", VpcId=subnet["VpcId"])["GroupId"]
    aws.client("iam").create_instance_profile(InstanceProfileName="builders")
    location = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    return Workshop((subnet["SubnetId"],), group, "builders", "key", BUCKET, {})


@pytest.fixture
def record(aws: Aws) -> ImageRecord:
    image = aws.client("ec2").register_image(Name="an image")["ImageId"]
    closure = Closure(parent="p", artifact=None, files={}, variables={"instance_type": "t3.medium"}, tools={})
    return record_of(closure, image_ids={aws.region: image})


def left(aws: Aws) -> list[str]:
    """What there is that a boot test makes."""
    ec2 = aws.client("ec2")
    instances = [one for reservation in ec2.describe_instances()["Reservations"] for one in reservation["Instances"]]
    return [
        *(one["InstanceId"] for one in instances if one["State"]["Name"] != "terminated"),
        *(one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]),
        *(one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]),
        *leases(aws, BUCKET),
    ]


def run(aws: Aws, workshop: Workshop, tier: Recipe, record: ImageRecord) -> Verdict:
    return trial.run(aws, workshop, tier, record, Leases(aws.client("s3"), BUCKET), CALLER, Progress())


def test_the_machine_is_private_and_carries_what_a_sweep_looks_for(
    aws: Aws, workshop: Workshop, record: ImageRecord
) -> None:
    one = Trial.of(record, aws.region)
    launched = instance.launch(aws, one, workshop)
    (reservation,) = aws.client("ec2").describe_instances(InstanceIds=[launched.id])["Reservations"]
    (found,) = reservation["Instances"]
    assert (found["ImageId"], found["InstanceType"]) == (one.image, "t3.medium")
    assert (found["SubnetId"], found["PrivateIpAddress"]) == (workshop.subnet, launched.address)
    assert not found.get("PublicIpAddress")
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
    assert (tags["kiln:build"], tags["kiln:boot-test-of"]) == (one.build, one.image)
    assert launched.key.startswith("-----BEGIN OPENSSH PRIVATE KEY")
    assert instance.ended(aws, launched) is None
    aws.client("ec2").terminate_instances(InstanceIds=[launched.id])
    assert str(instance.ended(aws, launched)).startswith("it is terminated: ")


def test_where_a_zone_has_no_capacity_the_next_is_tried(
    aws: Aws, workshop: Workshop, record: ImageRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    ec2 = aws.client("ec2")
    real, asked = ec2.run_instances, list[str]()

    def run(**request: Any) -> Any:
        asked.append(request["NetworkInterfaces"][0]["SubnetId"])
        if len(asked) == 1:
            raise ClientError({"Error": {"Code": "InsufficientInstanceCapacity", "Message": "none"}}, "RunInstances")
        return real(**request)

    monkeypatch.setattr(ec2, "run_instances", run)
    zones = ("subnet-elsewhere", *workshop.subnets)
    two = Workshop(zones, workshop.security_group, "builders", "key", BUCKET, {})
    launched = instance.launch(aws, Trial.of(record, aws.region), two)
    assert tuple(asked) == zones and launched.id.startswith("i-")


Case = Any


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Case]:
    """What health and tests come to: a result, or what they raise."""
    found: dict[str, Case] = {"health": 2.0, "tests": Outcomes((PASSED,), "")}

    def give(name: str) -> Any:
        if isinstance(found[name], BaseException):
            raise found[name]
        return found[name]

    monkeypatch.setattr(health, "wait", lambda *_, **__: give("health"))
    monkeypatch.setattr(testing, "run", lambda *_, **__: give("tests"))
    monkeypatch.setattr("bake.sweep.PAUSE_SECONDS", 0)
    return found


@pytest.mark.parametrize(
    ("name", "outcome", "passed"),
    [
        ("tests", Outcomes((PASSED,), ""), True),
        ("tests", Outcomes((PASSED, FAILED), "because"), False),
        ("health", NotHealthy("not healthy", found="systemd says degraded"), False),
    ],
)
def test_what_came_of_it_is_told_and_nothing_is_left(
    aws: Aws,
    workshop: Workshop,
    tier: Recipe,
    record: ImageRecord,
    outcomes: dict[str, Case],
    name: str,
    outcome: Case,
    passed: bool,
) -> None:
    outcomes[name] = outcome
    verdict = run(aws, workshop, tier, record)
    assert verdict.result.passed is passed
    assert verdict.result.instance_type == "t3.medium"
    if name == "health":
        assert verdict.result.problem == "not healthy (systemd says degraded)"
        assert (verdict.result.healthy_after, verdict.result.tests) == (None, ())
    else:
        assert verdict.result.healthy_after == 2.0
        assert verdict.failed == (() if passed else ("test_b",))
    assert left(aws) == []


def test_a_sweep_that_spares_nothing_young_leaves_the_machine_alone(
    aws: Aws,
    workshop: Workshop,
    tier: Recipe,
    record: ImageRecord,
    outcomes: dict[str, Case],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[dict[tuple[str, str], str]] = []

    def wait(one: instance.Instance, *_: object, **__: object) -> float:
        told.append(sweep(aws, BUCKET))
        assert instance.ended(aws, one) is None
        return 2.0

    monkeypatch.setattr(health, "wait", wait)
    verdict = run(aws, workshop, tier, record)
    assert verdict.result.passed
    assert told == [{(verdict.trial.build, aws.region): AT_WORK}]
    assert left(aws) == []


def test_without_a_lease_nothing_is_launched(
    aws: Aws, workshop: Workshop, tier: Recipe, record: ImageRecord, outcomes: dict[str, Case]
) -> None:
    elsewhere = Leases(aws.client("s3"), "no-such-bucket")
    with pytest.raises(KilnError, match="NoSuchBucket"):
        trial.run(aws, workshop, tier, record, elsewhere, CALLER, Progress())
    assert aws.client("ec2").describe_instances()["Reservations"] == []


@pytest.mark.parametrize("ended_by", [KeyboardInterrupt(), KilnError("no tests"), ZeroDivisionError()])
def test_whatever_ends_it_nothing_is_left(
    aws: Aws,
    workshop: Workshop,
    tier: Recipe,
    record: ImageRecord,
    outcomes: dict[str, Case],
    ended_by: BaseException,
) -> None:
    outcomes["tests"] = ended_by
    with pytest.raises(type(ended_by)):
        run(aws, workshop, tier, record)
    assert left(aws) == []


def test_what_ec2_launches_after_ctrl_c_is_not_left(
    aws: Aws,
    workshop: Workshop,
    tier: Recipe,
    record: ImageRecord,
    outcomes: dict[str, Case],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ec2 = aws.client("ec2")
    real, later = ec2.run_instances, ThreadPoolExecutor(1)

    def launched_later(request: dict[str, Any]) -> None:
        time.sleep(0.5)
        real(**request)

    def interrupted(**request: Any) -> Any:
        later.submit(launched_later, request)
        raise KeyboardInterrupt

    monkeypatch.setattr(ec2, "run_instances", interrupted)
    monkeypatch.setattr("bake.sweep.UNDER_WAY_SECONDS", 2)
    with later, pytest.raises(KeyboardInterrupt):
        run(aws, workshop, tier, record)
    assert len(ec2.describe_instances()["Reservations"]) == 1
    assert left(aws) == []


def test_a_refused_launch_leaves_no_key_and_says_nothing_of_the_image(
    aws: Aws, workshop: Workshop, tier: Recipe, record: ImageRecord, outcomes: dict[str, Case]
) -> None:
    nowhere = Workshop(("subnet-00000000",), workshop.security_group, "builders", "key", BUCKET, {})
    with pytest.raises(KilnError) as caught:
        run(aws, nowhere, tier, record)
    assert "ec2:RunInstances" in (caught.value.where or "")
    assert left(aws) == []


def test_what_cannot_be_removed_is_said_with_the_command_that_does(
    aws: Aws,
    workshop: Workshop,
    tier: Recipe,
    record: ImageRecord,
    outcomes: dict[str, Case],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bake import sweep

    monkeypatch.setattr(sweep, "sweep", lambda aws, build: sweep.Outcome(left=("instance i-1 (refused)",)))
    with pytest.raises(KilnError) as caught:
        run(aws, workshop, tier, record)
    assert caught.value.found == "instance i-1 (refused)"
    assert (caught.value.next_step or "").startswith("python -m bake sweep --build verify-web-")
