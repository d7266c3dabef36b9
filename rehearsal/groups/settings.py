"""What CreateAutoScalingGroup and UpdateAutoScalingGroup may ask for: honoured, recorded without effect, or refused.

A setting that is in none of these tables is refused too: nothing is dropped in silence.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.front.service import AwsError

HONOURED = frozenset(
    {
        "AutoScalingGroupName",
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        "AvailabilityZones",
        "VPCZoneIdentifier",
        "LaunchTemplate",
        "MixedInstancesPolicy",
        "TargetGroupARNs",
        "HealthCheckType",
        "HealthCheckGracePeriod",
        "DefaultInstanceWarmup",
        "InstanceMaintenancePolicy",  # the default percentages of an instance refresh
        "TerminationPolicies",
        "NewInstancesProtectedFromScaleIn",
        "LifecycleHookSpecificationList",
        "DeletionProtection",
        "DefaultCooldown",
        "Tags",
    }
)
RECORDED = {
    "CapacityRebalance": "no Spot Instance is ever interrupted",
    "AvailabilityZoneDistribution": "a launch that fails is tried again in its zone",
    "AvailabilityZoneImpairmentPolicy": "no zone is ever impaired",
    "DesiredCapacityType": "capacities are counted in instances",
    "MaxInstanceLifetime": "a rehearsal does not last a day",
    "ServiceLinkedRoleARN": "calls are not checked against the role",
    "Context": "reserved by AWS",
    "SkipZonalShiftValidation": "there are no zonal shifts",
}
REFUSED = {
    "LaunchConfigurationName": "launch configurations are not emulated; name a launch template",
    "InstanceId": "groups made from an instance are not emulated; name a launch template",
    "LoadBalancerNames": "Classic Load Balancers are not emulated",
    "TrafficSources": "name the target groups as TargetGroupARNs",
    "PlacementGroup": "placement groups are not emulated",
}
# Attributes of moto's record, by the setting that moto itself does not keep.
KEPT_HERE = {
    "DefaultInstanceWarmup": "default_instance_warmup",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "DeletionProtection": "deletion_protection",
    "Context": "context",
    "TerminationPolicies": "termination_policies",
    "DefaultCooldown": "default_cooldown",
    "CapacityRebalance": "capacity_rebalance",
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "AvailabilityZoneImpairmentPolicy": "availability_zone_impairment_policy",
    "DesiredCapacityType": "desired_capacity_type",
    "HealthCheckGracePeriod": "health_check_grace_period",
    "HealthCheckType": "health_check_type",
    "NewInstancesProtectedFromScaleIn": "new_instances_protected_from_scale_in",
}
HEALTH_CHECKS = ("EC2", "ELB", "EBS")
"""EBS is taken and never fails: a guest has no volume that could be impaired."""
TERMINATION_POLICIES = frozenset(
    {
        "Default",
        "OldestInstance",
        "NewestInstance",
        "OldestLaunchTemplate",
        "OldestLaunchConfiguration",
        "ClosestToNextInstanceHour",
        "AllocationStrategy",
    }
)


def check(request: Mapping[str, Any]) -> None:
    """Refuse a request whose settings this group could not honour. Raises AwsError."""
    for name, value in request.items():
        if name in HONOURED or name in RECORDED or value in (None, "", [], {}):
            continue
        raise AwsError(
            "ValidationError",
            f"{name}: {REFUSED.get(name, 'this setting is not emulated')}",
        )
    for policy in request.get("TerminationPolicies") or ():
        if policy not in TERMINATION_POLICIES:
            raise AwsError("ValidationError", f"Termination policy {policy!r} is not emulated.")
    for kind in str(request.get("HealthCheckType") or "EC2").split(","):
        if kind.strip() not in HEALTH_CHECKS:
            raise AwsError(
                "ValidationError",
                f"Health check type {kind.strip()} is not emulated; use {', '.join(HEALTH_CHECKS)}.",
            )
    if request.get("DesiredCapacityType", "units") != "units":
        raise AwsError("ValidationError", "DesiredCapacityType: only units are emulated.")
    _check_mixed(request.get("MixedInstancesPolicy") or {})
    for hook in request.get("LifecycleHookSpecificationList") or ():
        check_hook(hook)


def check_hook(request: Mapping[str, Any]) -> None:
    """Refuse a lifecycle hook that could not tell whom it is to tell. Raises AwsError."""
    target = request.get("NotificationTargetARN") or ""
    if target and not target.startswith(("arn:aws:sns:", "arn:aws:sqs:")):
        raise AwsError("ValidationError", f"NotificationTargetARN {target} is neither an SNS topic nor an SQS queue.")
    if target and not request.get("RoleARN"):
        raise AwsError("ValidationError", "RoleARN is required with NotificationTargetARN.")


def _check_mixed(policy: Mapping[str, Any]) -> None:
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or ()
    for override in overrides:
        extra = set(override) - {"InstanceType"}
        if extra:
            names = ", ".join(sorted(extra))
            raise AwsError(
                "ValidationError",
                f"MixedInstancesPolicy overrides: {names} are not emulated.",
            )
    if policy.get("InstancesDistribution", {}).get("DistributionSegments"):
        raise AwsError("ValidationError", "MixedInstancesPolicy: DistributionSegments are not emulated.")


def capacity(minimum: int, maximum: int, desired: int) -> None:
    """Refuse a capacity that is not between its limits. Raises AwsError."""
    if minimum < 0 or minimum > maximum:
        raise AwsError(
            "ValidationError",
            f"Max bound, {maximum}, must be greater than or equal to min bound, {minimum}",
        )
    if desired < minimum:
        raise AwsError(
            "ValidationError",
            f"Desired capacity:{desired} must be above the specified min size:{minimum}",
        )
    if desired > maximum:
        raise AwsError(
            "ValidationError",
            f"Desired capacity:{desired} must be below the specified max size:{maximum}",
        )
