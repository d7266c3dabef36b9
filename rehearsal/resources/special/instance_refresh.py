"""UpdatePolicy.AutoScalingInstanceRefresh: a changed group replaces its instances before its update is complete.

CloudFormation has it since July 2026 (CDK: UpdatePolicy.instance_refresh). It is also read from the template to which
a rollback goes back: the refresh then goes the other way, and instances that already match are skipped. On that way no
alarm is watched: the one that ended the update would end the way back as well, and leave the instances that set it off.
"""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Properties, step
from rehearsal.resources.resource import Resource

POLICY = "AutoScalingInstanceRefresh"
# A change of one of these makes instances obsolete; of any other property, it does not.
TRIGGERS = (
    "LaunchTemplate",
    "MixedInstancesPolicy",
    "LaunchConfigurationName",
    "VPCZoneIdentifier",
    "AvailabilityZones",
)
GOING = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})
# A refresh ends by its own limits; this one is for a refresh that has lost its controller. CloudFormation itself allows
# an Auto Scaling group update 36 h; a rehearsal has less patience.
REFRESH_SECONDS = 3600.0


@step()
def refresh(resource: Resource, before: Properties | None) -> None:
    """Start a refresh and follow it. Raises ResourceFailed with the refresh's reason where it does not succeed."""
    policy = resource.update_policy.get(POLICY)
    if before is None or policy is None:
        return
    changed = any(before.get(t) != resource.properties.get(t) for t in TRIGGERS)
    if not changed and not resource.unsure:  # after a failed refresh the same properties need another one
        return
    identifier = _start(resource, policy)
    resource.tell(f"Instance refresh {identifier} started.")
    told = ""

    def ended() -> bool:
        nonlocal told
        found = describe(resource, identifier)
        text = progress(found)
        if text != told:
            resource.tell(f"Instance refresh {identifier}: {text}")
            told = text
        return found["Status"] not in GOING

    try:
        resource.patience.until(ended, REFRESH_SECONDS, lambda: f"Instance refresh {identifier} did not end: {told}")
    except ResourceFailed:
        if resource.patience.cancelled.is_set():
            _cancel(resource)  # the way back waits for its end
        raise
    last = describe(resource, identifier)
    if last["Status"] != "Successful":
        raise ResourceFailed(f"Instance refresh {identifier} is {last['Status']}: {last.get('StatusReason', '-')}")


def _start(resource: Resource, policy: Properties) -> str:
    given: Properties = {
        "AutoScalingGroupName": resource.physical_id,
        "Strategy": policy["Strategy"],
        # CloudFormation's default; the service's own is false.
        "Preferences": {"SkipMatching": True, **policy.get("Preferences", {})},
    }
    if resource.going_back:
        given["Preferences"].pop("AlarmSpecification", None)
    _wait_for_others(resource)
    return str(resource.api.send("start_instance_refresh", given)["InstanceRefreshId"])


def _cancel(resource: Resource) -> None:
    try:
        resource.api.call("cancel_instance_refresh", AutoScalingGroupName=resource.physical_id)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ActiveInstanceRefreshNotFound":  # it has ended meanwhile
            raise


def _wait_for_others(resource: Resource) -> None:
    """One refresh at a time: a cancelled or failed one may still be ending its last instance."""

    def others() -> list[str]:
        found = resource.api.call("describe_instance_refreshes", AutoScalingGroupName=resource.physical_id)
        return [r["InstanceRefreshId"] for r in found["InstanceRefreshes"] if r["Status"] in GOING]

    resource.patience.until(
        lambda: not others(),
        REFRESH_SECONDS,
        lambda: f"Instance refresh {', '.join(others())} is still in progress",
    )


def describe(resource: Resource, identifier: str) -> Properties:
    try:
        found: dict[str, Any] = resource.api.call(
            "describe_instance_refreshes",
            AutoScalingGroupName=resource.physical_id,
            InstanceRefreshIds=[identifier],
        )
    except ClientError as error:
        raise ResourceFailed(f"Instance refresh {identifier} cannot be read: {error}") from error
    return dict(found["InstanceRefreshes"][0])


def progress(found: Properties) -> str:
    """One line for an event, e.g. "InProgress, 50% complete, 1 instance(s) left: Waiting for …"."""
    text = str(found["Status"])
    if "PercentageComplete" in found:
        text += f", {found['PercentageComplete']}% complete"
    if found.get("InstancesToUpdate"):
        text += f", {found['InstancesToUpdate']} instance(s) left"
    return text + (f": {found['StatusReason']}" if found.get("StatusReason") else "")
