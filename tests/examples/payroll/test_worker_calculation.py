"""Payroll's Worker-Calculation, really running, in a group of the embedded AWS that ends its machine."""

import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll_common.payslips import Payslips, Request, State
from payroll_common.queue_worker import message_of
from payroll_worker_calculation.calculation import Payslip, calculate
from payroll_worker_calculation.lifecycle import HOOK, TARGET_STATE
from tests.examples.payroll.harness import CALCULATIONS, KEYS, MetadataService, Place, Service, running, until
from tests.moto_as_it_was import moto_as_it_was

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # read when moto is imported, which happens once per process

ACCOUNT = "444444444444"


@pytest.mark.parametrize(
    ("gross", "tax", "pension", "health"),
    [
        (1, 0, 0, 0),
        (100_000, 0, 9_300, 7_300),
        (100_004, 1, 9_300, 7_300),  # 0.56 cents of tax
        (350_000, 45_000, 32_550, 25_550),
        (1_000_000, 291_000, 70_215, 37_778),  # contributions end, at 37777.5 cents half up
    ],
)
def test_a_payslip_by_hand(gross: int, tax: int, pension: int, health: int) -> None:
    assert calculate(gross) == Payslip(gross, tax, pension, health, gross - tax - pension - health)


@given(st.integers(1, 100_000_000))
def test_every_payslip_adds_up_in_whole_cents_and_leaves_something(gross: int) -> None:
    slip = calculate(gross)
    parts = (slip.income_tax_cents, slip.pension_cents, slip.health_cents, slip.net_cents)
    assert sum(parts) == slip.gross_cents
    assert min(parts) >= 0
    assert slip.net_cents * 2 >= gross * 0.8


@given(st.integers(1, 99_999_999), st.integers(0, 1_000_000))
def test_a_higher_pay_is_never_taxed_less(gross: int, more: int) -> None:
    assert calculate(gross + more).income_tax_cents >= calculate(gross).income_tax_cents


@pytest.fixture
def service(metadata: MetadataService, place: Place) -> Iterator[Service]:
    with running("worker-calculation", metadata.url, place.url) as it:
        yield it


def order(place: Place, payslips: Payslips, payslip_id: str, seconds: int = 0) -> None:
    """What Worker does."""
    payslips.add(payslip_id, Request("4711", "2026-01", 350_000, seconds))
    payslips.move(payslip_id, (State.WAITING,), State.CALCULATING)
    place.send(CALCULATIONS, message_of(payslip_id))


def state(payslips: Payslips, payslip_id: str) -> str:
    found = payslips.get(payslip_id)
    return str(found["state"]) if found else "none"


def test_a_payslip_is_calculated_once_however_often_it_is_asked_for(
    service: Service, place: Place, payslips: Payslips
) -> None:
    order(place, payslips, "1")
    assert until(lambda: service.health()["done"] == 1)
    first = payslips.get("1")
    assert first is not None
    assert (first["state"], first["net_cents"]) == ("done", 246_900)
    place.send(CALCULATIONS, message_of("1"))
    assert until(lambda: service.health()["done"] == 2)
    assert payslips.get("1") == first


def test_a_restart_of_the_service_finishes_the_calculation_in_hand(
    service: Service, place: Place, payslips: Payslips
) -> None:
    order(place, payslips, "1", seconds=2)
    service.until_state("working")
    service.stop()
    assert state(payslips, "1") == "done"
    assert place.counts(CALCULATIONS) == (0, 0)


def test_a_machine_that_is_to_be_in_service_or_in_no_group_takes_jobs_and_one_on_standby_none(
    service: Service, metadata: MetadataService, place: Place, payslips: Payslips
) -> None:
    order(place, payslips, "0")  # there is no target yet
    assert until(lambda: state(payslips, "0") == "done")
    metadata.documents[TARGET_STATE] = "InService"
    order(place, payslips, "1")
    assert until(lambda: state(payslips, "1") == "done")
    metadata.documents[TARGET_STATE] = "Standby"
    service.until_state("resting")
    order(place, payslips, "2")
    time.sleep(0.5)
    assert (state(payslips, "2"), place.counts(CALCULATIONS)) == ("calculating", (1, 0))
    metadata.documents[TARGET_STATE] = "InService"
    assert until(lambda: state(payslips, "2") == "done")


@pytest.fixture(scope="module")
def embedded() -> Iterator[str]:
    """moto and the groups of the embedded AWS; every key is this account's."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from rehearsal.front.app import Front
    from rehearsal.front.clients import Clients
    from rehearsal.groups import Groups
    from rehearsal.moto_hooks import autoscaling

    class Quiet(MotoRequestHandler):  # type: ignore[misc, unused-ignore]
        def log_request(self, *_: Any) -> None: ...

    clients = Clients("http://localhost:0")
    front = Front(lambda key: ACCOUNT if key == KEYS["AWS_ACCESS_KEY_ID"] else None, clients.access_key)
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    clients.url = f"http://localhost:{server.server_port}"
    groups = Groups(clients)
    with moto_as_it_was():
        autoscaling.install(groups)
        for service in groups.services:
            front.add(service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        groups.start()
        yield clients.url
        groups.close()
        server.shutdown()


@pytest.fixture
def group(embedded: str) -> Iterator[Place]:
    """A place where the machine is the only member of a group whose hook holds for 30 s."""
    place = Place(embedded)
    place.make()
    ec2, autoscaling = place.client("ec2"), place.client("autoscaling")
    vpc = ec2.create_vpc(CidrBlock="10.96.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.96.0.0/24")["Subnet"]["SubnetId"]
    data = {"ImageId": "ami-1", "InstanceType": "t3.small"}
    template = ec2.create_launch_template(LaunchTemplateName=place.name, LaunchTemplateData=data)
    ending = "autoscaling:EC2_INSTANCE_TERMINATING"
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=place.name,
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        VPCZoneIdentifier=subnet,
        LifecycleHookSpecificationList=[
            {"LifecycleHookName": HOOK, "LifecycleTransition": ending, "HeartbeatTimeout": 30}
        ],
    )
    place.put("worker-calculation/group-name", place.name)
    yield place
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=place.name, ForceDelete=True)


def member_of(place: Place) -> dict[str, Any]:
    autoscaling = place.client("autoscaling")
    [found] = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[place.name])["AutoScalingGroups"]
    return dict(found["Instances"][0]) if found["Instances"] else {}


def lifecycle(place: Place) -> str:
    """The state of the group's only member; nothing where there is none."""
    member = member_of(place)
    return str(member["LifecycleState"]) if member else ""


@pytest.mark.slow
def test_a_machine_that_has_to_go_finishes_its_calculation_takes_no_other_and_lets_itself_end(
    group: Place, metadata: MetadataService
) -> None:
    autoscaling = group.client("autoscaling")
    assert until(lambda: lifecycle(group) == "InService")
    member = member_of(group)
    metadata.documents |= {"instance-id": member["InstanceId"], TARGET_STATE: "InService"}
    payslips = group.payslips()
    with running("worker-calculation", metadata.url, group.url) as service:
        order(group, payslips, "1", seconds=6)
        service.until_state("working")
        autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=member["InstanceId"], ShouldDecrementDesiredCapacity=True
        )
        metadata.documents[TARGET_STATE] = "Terminated"
        assert until(lambda: lifecycle(group) == "Terminating:Wait")
        order(group, payslips, "2")
        while state(payslips, "1") != "done":
            assert lifecycle(group) == "Terminating:Wait"
            time.sleep(0.1)
        assert until(lambda: lifecycle(group) != "Terminating:Wait")
        lines = service.stop()
    said = [line["message"] for line in lines if line["logger"] == "payroll.lifecycle"]
    assert said[-2:] == [
        "a calculation is in hand: the machine has to wait",
        "nothing is in hand: the machine may end",
    ]
    assert state(payslips, "2") == "calculating"
    assert group.counts(CALCULATIONS) == (1, 0)


@pytest.mark.slow
def test_a_machine_with_nothing_in_hand_ends_at_once(group: Place, metadata: MetadataService) -> None:
    autoscaling = group.client("autoscaling")
    assert until(lambda: lifecycle(group) == "InService")
    member = member_of(group)
    metadata.documents |= {"instance-id": member["InstanceId"], TARGET_STATE: "InService"}
    with running("worker-calculation", metadata.url, group.url) as service:
        service.until_state("waiting")
        autoscaling.terminate_instance_in_auto_scaling_group(
            InstanceId=member["InstanceId"], ShouldDecrementDesiredCapacity=True
        )
        metadata.documents[TARGET_STATE] = "Terminated"
        assert until(lambda: lifecycle(group) not in ("InService", "Terminating", "Terminating:Wait"), 15)
        assert service.until_state("resting")["target"] == "Terminated"
