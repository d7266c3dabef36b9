"""Auto Scaling groups: complete when their instances serve, gone when their machines are gone.

Nothing here sets DesiredCapacity: it belongs to Auto Scaling once the group lives.
"""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.resources.errors import is_gone
from rehearsal.resources.kind import Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import is_true, without

# From launch to a first passed health check, added to the group's own grace period: a guest boots in about a second,
# several at once on two cores take some ten.
LAUNCH_SECONDS = 60.0
# Draining takes as long as the target groups say, shutting down up to 10 s a machine.
EMPTY_SECONDS = 300.0
SIZES = ("MinSize", "MaxSize", "DesiredCapacity")
# In calls of their own: what UpdateAutoScalingGroup has no member for.
APART = ("MetricsCollection", "NotificationConfigurations")


@prepare("VPCZoneIdentifier", "Tags", "AutoScalingGroupName")
def group(resource: Resource, properties: Properties) -> Properties:
    """The group as Auto Scaling takes it; tags say to which group they belong."""
    out = without(properties, *APART, "Tags")
    if isinstance(properties.get("VPCZoneIdentifier"), list):
        out["VPCZoneIdentifier"] = ",".join(properties["VPCZoneIdentifier"])
    if not resource.physical_id and (tags := group_tags(resource)):
        out["Tags"] = tags
    if resource.physical_id and _keeps_sizes(resource):
        out = without(out, *(s for s in SIZES if properties.get(s) == resource.previous.get(s)))
    return out


def _keeps_sizes(resource: Resource) -> bool:
    policy = resource.update_policy.get("AutoScalingScheduledAction", {})
    return is_true(policy.get("IgnoreUnmodifiedGroupSizeProperties"))


def group_tags(resource: Resource) -> list[Properties]:
    """The group's tags with those of the stack, which CloudFormation propagates to the instances."""
    own = {t["Key"]: t for t in resource.properties.get("Tags", [])}
    of_stack = {k: {"Key": k, "Value": v, "PropagateAtLaunch": True} for k, v in resource.tags.items()}
    identity = {
        "ResourceId": resource.properties["AutoScalingGroupName"],
        "ResourceType": "auto-scaling-group",
    }
    return [{**identity, **tag} for tag in {**of_stack, **own}.values()]


@step("Tags")
def retag(resource: Resource, before: Properties | None) -> None:
    """Bring the tags of an existing group in step."""
    if before is None:
        return
    wanted = group_tags(resource)
    found = describe(resource).get("Tags", [])
    gone = [t for t in found if t["Key"] not in {w["Key"] for w in wanted} and not t["Key"].startswith("aws:")]
    if gone:
        resource.api.send("delete_tags", {"Tags": gone})
    if wanted:
        resource.api.send("create_or_update_tags", {"Tags": wanted})


def describe(resource: Resource) -> Properties:
    """The group as Auto Scaling has it; empty where it is gone."""
    found = resource.api.call("describe_auto_scaling_groups", AutoScalingGroupNames=[resource.physical_id])
    return dict(found["AutoScalingGroups"][0]) if found["AutoScalingGroups"] else {}


def arn(resource: Resource, _: Any) -> str:
    return str(describe(resource)["AutoScalingGroupARN"])


def settled(resource: Resource) -> None:
    """Wait until as many instances as wanted are in service, and healthy in every target group where ELB decides.

    An update waits only where it changes sizes: a rollback must not fail because an old instance is unwell.
    Raises ResourceFailed with what each instance lacks, after the grace period and LAUNCH_SECONDS.
    """
    if resource.previous and all(resource.previous.get(s) == resource.properties.get(s) for s in SIZES):
        return
    grace = float(resource.properties.get("HealthCheckGracePeriod") or 0)
    resource.patience.until(
        lambda: not lacking(resource),
        grace + LAUNCH_SECONDS,
        lambda: f"Group did not stabilize within {grace + LAUNCH_SECONDS:.0f} s: {'; '.join(lacking(resource))}",
    )


def lacking(resource: Resource) -> list[str]:
    """What is missing until the group is what it should be, one line each; empty: nothing."""
    found = describe(resource)
    members = {i["InstanceId"]: i for i in found["Instances"]}
    serving = [i for i, m in members.items() if (m["LifecycleState"], m["HealthStatus"]) == ("InService", "Healthy")]
    missing = [
        f"{i} is {m['LifecycleState']}, {m['HealthStatus']}"
        for i, m in members.items()
        if i not in serving and not m["LifecycleState"].startswith("Terminat")
    ]
    if len(serving) < found["DesiredCapacity"]:
        missing.insert(0, f"{len(serving)} of {found['DesiredCapacity']} instance(s) in service")
    if "ELB" in str(resource.properties.get("HealthCheckType", "")):
        missing += [line for a in found.get("TargetGroupARNs", []) for line in _unhealthy(resource, a, serving)]
    return missing


def _unhealthy(resource: Resource, target_group: str, instances: list[str]) -> list[str]:
    found = resource.api.call("describe_target_health", "elbv2", TargetGroupArn=target_group)
    health = {d["Target"]["Id"]: d["TargetHealth"] for d in found["TargetHealthDescriptions"]}
    lines = []
    for instance in instances:
        state = health.get(instance, {"State": "not registered"})
        if state["State"] != "healthy":
            lines.append(f"{instance} is {state['State']} ({state.get('Description') or state.get('Reason') or '-'})")
    return lines


def empty(resource: Resource) -> None:
    """To zero, and wait until the machines are gone, before anything they stand on is deleted."""
    ids = [i["InstanceId"] for i in describe(resource).get("Instances", [])]
    resource.api.call(
        "update_auto_scaling_group",
        AutoScalingGroupName=resource.physical_id,
        MinSize=0,
        MaxSize=0,
    )
    resource.patience.until(
        lambda: not remaining(resource, ids),
        EMPTY_SECONDS,
        lambda: f"instances are still there after {EMPTY_SECONDS:.0f} s: {', '.join(remaining(resource, ids))}",
    )


def remaining(resource: Resource, ids: list[str]) -> list[str]:
    """Those of the instances whose machines still exist, and those that the group still lists."""
    left = {i["InstanceId"] for i in describe(resource).get("Instances", [])}
    for instance in ids:
        try:
            found = resource.api.call("describe_instances", "ec2", InstanceIds=[instance])["Reservations"]
        except ClientError as error:
            if not is_gone(error):
                raise
            continue
        left |= {i["InstanceId"] for r in found for i in r["Instances"] if i["State"]["Name"] != "terminated"}
    return sorted(left)


def scaling_policy_arn(resource: Resource, _: Any) -> str:
    """PutScalingPolicy answers with it, but a repeated put of moto's does not always."""
    name = resource.properties["PolicyName"]
    found = resource.api.call(
        "describe_policies",
        AutoScalingGroupName=resource.properties["AutoScalingGroupName"],
    )
    return next(str(p["PolicyARN"]) for p in found["ScalingPolicies"] if p["PolicyName"] == name)
