"""moto and the groups in one process over HTTP; a target health of the test's own stands in for the load balancer."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.moto_as_it_was import moto_as_it_was

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # read when moto is imported, which happens once per process

ACCOUNT, REGION = "444444444444", "eu-west-1"
LIMIT_SECONDS = 60.0


class TargetHealth:
    """Answers DescribeTargetHealth from moto's registrations: healthy at once, unless the test says otherwise.

    `states` maps an image to the state of the targets that run it; a deregistered target drains for `drain_seconds`.
    """

    name = "elbv2"
    operations = frozenset({"DescribeTargetHealth"})

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.drain_seconds = 0.3
        self._seen: dict[tuple[str, str], float] = {}

    def answer(self, caller: Any, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        from moto.ec2 import ec2_backends
        from moto.elbv2 import elbv2_backends

        from rehearsal.front.service import AwsError

        arn = request["TargetGroupArn"]
        group = elbv2_backends[caller.account][caller.region].target_groups.get(arn)
        if group is None:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        now = time.time()
        shown = []
        for id_ in list(group.targets):
            self._seen[arn, id_] = now
            image = ec2_backends[caller.account][caller.region].get_instance(id_).image_id
            state = self.states.get(image, "healthy")
            shown.append(_entry(id_, state, "Target.ResponseCodeMismatch" if state == "unhealthy" else None))
        for (group_arn, id_), last in list(self._seen.items()):
            if group_arn == arn and id_ not in group.targets and now < last + self.drain_seconds:
                shown.append(_entry(id_, "draining", "Target.DeregistrationInProgress"))
        return {"TargetHealthDescriptions": shown}


def _entry(instance_id: str, state: str, reason: str | None) -> dict[str, Any]:
    health = {"State": state, **({"Reason": reason, "Description": f"{state}!"} if reason else {})}
    return {"Target": {"Id": instance_id, "Port": 8080}, "TargetHealth": health}


class Cloud:
    """An account with three zones, a target group, and short cuts for what the tests ask."""

    def __init__(self, clients: Any, groups: Any, health: TargetHealth) -> None:
        self.clients, self.groups, self.health = clients, groups, health
        self.ec2 = clients.get("ec2", ACCOUNT, REGION)
        self.elbv2 = clients.get("elbv2", ACCOUNT, REGION)
        self.autoscaling = clients.get("autoscaling", ACCOUNT, REGION)
        self.cloudwatch = clients.get("cloudwatch", ACCOUNT, REGION)
        self.vpc = self.ec2.create_vpc(CidrBlock="10.97.0.0/16")["Vpc"]["VpcId"]
        self.zones = {
            self._subnet(f"{REGION}{letter}", number): f"{REGION}{letter}" for number, letter in enumerate("abc")
        }
        self.target_group = self.elbv2.create_target_group(
            Name=f"web-{len(self.elbv2.describe_target_groups()['TargetGroups'])}",
            Protocol="HTTP",
            Port=8080,
            VpcId=self.vpc,
        )["TargetGroups"][0]["TargetGroupArn"]

    def _subnet(self, zone: str, number: int) -> str:
        made = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.97.{number}.0/24", AvailabilityZone=zone)
        return str(made["Subnet"]["SubnetId"])

    def template(self, name: str, image: str, **data: Any) -> str:
        made = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=_data(image, data))
        return str(made["LaunchTemplate"]["LaunchTemplateId"])

    def version(self, template: str, image: str, **data: Any) -> str:
        made = self.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=_data(image, data))
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def create(self, name: str, template: str, size: int, **settings: Any) -> None:
        asked: dict[str, Any] = {
            "MinSize": 0,
            "MaxSize": 10,
            "DesiredCapacity": size,
            "LaunchTemplate": {"LaunchTemplateId": template, "Version": "1"},
            "VPCZoneIdentifier": ",".join(self.zones),
            "TargetGroupARNs": [self.target_group],
            "HealthCheckType": "ELB",
            "HealthCheckGracePeriod": 0,
        }
        self.autoscaling.create_auto_scaling_group(AutoScalingGroupName=name, **(asked | settings))

    def group(self, name: str) -> Any:
        return self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]

    def names(self) -> list[str]:
        groups = self.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        return [str(g["AutoScalingGroupName"]) for g in groups]

    def members(self, name: str, state: str = "InService") -> dict[str, Any]:
        return {i["InstanceId"]: i for i in self.group(name)["Instances"] if i["LifecycleState"] == state}

    def targets(self) -> dict[str, str]:
        found = self.elbv2.describe_target_health(TargetGroupArn=self.target_group)["TargetHealthDescriptions"]
        return {t["Target"]["Id"]: t["TargetHealth"]["State"] for t in found}

    def instances(self, *ids: str) -> list[Any]:
        found = self.ec2.describe_instances(InstanceIds=list(ids))["Reservations"]
        return [i for r in found for i in r["Instances"]]

    def settled(self, name: str, size: int) -> dict[str, Any]:
        """Waits until the group has `size` members, all in service and healthy in the target group, and no others."""
        self.until(lambda: len(self.group(name)["Instances"]) == size == len(self.members(name)))
        self.until(lambda: all(self.targets().get(i) == "healthy" for i in self.members(name)))
        return self.members(name)

    def refresh(self, name: str, **request: Any) -> str:
        return str(self.autoscaling.start_instance_refresh(AutoScalingGroupName=name, **request)["InstanceRefreshId"])

    def refreshed(self, name: str, *statuses: str) -> Any:
        """Waits until the newest refresh has one of the statuses."""

        def newest() -> Any:
            found = self.autoscaling.describe_instance_refreshes(AutoScalingGroupName=name)["InstanceRefreshes"]
            return found[0] if found[0]["Status"] in statuses else None

        return self.until(newest)

    def until(self, found: Callable[[], Any]) -> Any:
        end = time.monotonic() + LIMIT_SECONDS
        while time.monotonic() < end:
            if result := found():
                return result
            time.sleep(0.05)
        groups = self.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]
        raise AssertionError(f"not within {LIMIT_SECONDS} s; groups: {groups}, targets: {self.targets()}")


def _data(image: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"ImageId": image, "InstanceType": "t3.small", **data}


@pytest.fixture(scope="module")  # a second controller in this process would take its groups for its own
def endpoint() -> Iterator[tuple[Any, Any, TargetHealth]]:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from rehearsal.front.app import Front
    from rehearsal.front.clients import Clients
    from rehearsal.groups import Groups
    from rehearsal.moto_hooks import autoscaling

    class Quiet(MotoRequestHandler):  # type: ignore[misc, unused-ignore]
        def log_request(self, *_: Any) -> None:
            pass

    clients = Clients("http://localhost:0")
    front = Front(lambda key: None, clients.access_key)
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=Quiet)
    clients.url = f"http://localhost:{server.server_port}"
    groups, health = Groups(clients), TargetHealth()
    with moto_as_it_was():
        autoscaling.install(groups)
        for service in (*groups.services, health):
            front.add(service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        groups.start()
        yield clients, groups, health
        groups.close()
        server.shutdown()


@pytest.fixture
def cloud(endpoint: tuple[Any, Any, TargetHealth]) -> Iterator[Cloud]:
    clients, groups, health = endpoint
    cloud = Cloud(clients, groups, health)
    yield cloud
    health.states.clear()
    health.drain_seconds = 0.3
    for group in cloud.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        cloud.autoscaling.delete_auto_scaling_group(
            AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True
        )
    cloud.until(lambda: not cloud.autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"])
