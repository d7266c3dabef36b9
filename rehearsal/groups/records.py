"""moto's records of groups: the only module that reads and writes them (moto 5.2.5).

Read: what a group asks for, and EC2's state of its machines, which costs nothing here and a request over HTTP
elsewhere. Written: the members that DescribeAutoScalingGroups shows, capacity, configuration.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from moto.autoscaling.models import (
    FakeAutoScalingGroup,
    InstanceState,
    autoscaling_backends,
)
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import InvalidInstanceIdError

from rehearsal.front.service import AwsError
from rehearsal.groups import configuration
from rehearsal.groups.health import Health, verdict
from rehearsal.groups.launches import GROUP_TAG
from rehearsal.groups.model import Group, GroupKey, Hook, Member, Phase, Subnet
from rehearsal.groups.settings import KEPT_HERE

LAUNCHING, TERMINATING = (
    "autoscaling:EC2_INSTANCE_LAUNCHING",
    "autoscaling:EC2_INSTANCE_TERMINATING",
)

STATES_MEASURED = ("InService", "Pending", "Standby", "Terminating", "Total")


def all_keys() -> list[GroupKey]:
    """All groups of all accounts and regions."""
    return [
        GroupKey(account, region, name)
        for account, regions in list(autoscaling_backends.items())
        for region, backend in list(regions.items())
        for name in list(backend.autoscaling_groups)
    ]


def find(key: GroupKey) -> Any:
    """moto's record of a group. Raises AwsError where there is none."""
    record = _backend(key).autoscaling_groups.get(key.name)
    if record is None:
        raise AwsError(
            "ValidationError",
            f"AutoScalingGroup name not found - AutoScalingGroup {key.name} not found",
        )
    return record


def read(key: GroupKey) -> Group:
    """A group as its owner asked for it. Raises AwsError where there is none."""
    record, backend = find(key), _backend(key)
    hooks = [h for h in list(backend.lifecycle_hooks.values()) if h.auto_scaling_group_name == key.name]
    policy = getattr(record, "instance_maintenance_policy", None) or {}
    limits = (
        policy.get("MinHealthyPercentage", -1),
        policy.get("MaxHealthyPercentage", -1),
    )
    warmup = getattr(record, "default_instance_warmup", None)
    return Group(
        key=key,
        desired=record.desired_capacity or 0,
        minimum=record.min_size or 0,
        maximum=record.max_size or 0,
        subnets=_subnets(record, backend),
        source=configuration.source_of(record.launch_template_spec, record.mixed_instances_policy),
        target_groups=tuple(record.target_group_arns),
        elb_health="ELB" in str(record.health_check_type),
        grace_seconds=record.health_check_grace_period or 0,
        warmup_seconds=warmup if warmup is not None and warmup >= 0 else None,
        cooldown_seconds=float(record.default_cooldown),
        maintenance=limits if min(limits) >= 0 else None,
        termination_policies=tuple(record.termination_policies),
        suspended=frozenset(p["ProcessName"] for p in record.suspended_processes),
        launching_hooks=_hooks(hooks, LAUNCHING),
        terminating_hooks=_hooks(hooks, TERMINATING),
        protect_new=bool(record.new_instances_protected_from_scale_in),
    )


def propagated_tags(key: GroupKey) -> dict[str, str]:
    """The group's tags that its instances get."""
    tags: dict[str, str] = find(key).get_propagated_tags()
    return tags


def create(key: GroupKey, request: Mapping[str, Any]) -> None:
    """Record a new group. Raises AwsError for what moto refuses."""
    backend = _backend(key)
    if key.name in backend.autoscaling_groups:
        raise AwsError(
            "AlreadyExists",
            f"AutoScalingGroup by this name already exists - A group named {key.name} exists",
        )
    template, mixed = configuration.resolve(key, request)
    try:
        record = backend.create_auto_scaling_group(
            name=key.name,
            availability_zones=request.get("AvailabilityZones", []),
            desired_capacity=request.get("DesiredCapacity"),
            max_size=request["MaxSize"],
            min_size=request["MinSize"],
            launch_config_name="",
            launch_template=template or {},
            vpc_zone_identifier=request.get("VPCZoneIdentifier"),
            default_cooldown=request.get("DefaultCooldown"),
            health_check_period=None,
            health_check_type=request.get("HealthCheckType"),
            load_balancers=[],
            target_group_arns=list(request.get("TargetGroupARNs", [])),
            placement_group=None,
            termination_policies=request.get("TerminationPolicies", []),
            tags=[dict(t) for t in request.get("Tags", [])],
            mixed_instances_policy=mixed,
        )
    except ServiceException as error:
        raise AwsError(error.code, str(error.message)) from error
    record.launch_template_spec = template
    record.health_check_grace_period = 0  # AWS's default for the API; moto's is 300
    _keep(record, request)
    for hook in request.get("LifecycleHookSpecificationList", ()):
        put_hook(key, hook)


def update(key: GroupKey, request: Mapping[str, Any]) -> None:
    """Change a group's record; what the request does not name stays. Raises AwsError for what moto refuses."""
    record = find(key)
    template, mixed = configuration.resolve(key, request)
    try:
        record._set_azs_and_vpcs(
            request.get("AvailabilityZones", []),
            request.get("VPCZoneIdentifier"),
            update=True,
        )
        if template or mixed:
            record.mixed_instances_policy = mixed
            record._set_launch_configuration("", template or {}, mixed)
            record.launch_template_spec = template
    except ServiceException as error:
        raise AwsError(error.code, str(error.message)) from error
    _keep(record, request)


def put_hook(key: GroupKey, request: Mapping[str, Any]) -> None:
    """Record a lifecycle hook."""
    find(key)
    hook = _backend(key).create_lifecycle_hook(
        name=request["LifecycleHookName"],
        as_name=key.name,
        transition=request.get("LifecycleTransition", TERMINATING),
        timeout=request.get("HeartbeatTimeout"),
        result=request.get("DefaultResult", "ABANDON"),
    )
    hook.role_arn = request.get("RoleARN")  # moto shows invented ones
    hook.notification_target_arn = request.get("NotificationTargetARN")
    hook.notification_metadata = request.get("NotificationMetadata")


def set_capacity(
    key: GroupKey,
    *,
    desired: int,
    minimum: int | None = None,
    maximum: int | None = None,
) -> None:
    """Record a capacity."""
    record = find(key)
    record.desired_capacity = desired
    record.min_size = record.min_size if minimum is None else minimum
    record.max_size = record.max_size if maximum is None else maximum


GROUP_METRICS = tuple(
    f"Group{name}"
    for name in (
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        *(f"{state}{unit}" for unit in ("Instances", "Capacity") for state in STATES_MEASURED),
    )
)


def collect(key: GroupKey, metrics: Iterable[str], enabled: bool) -> None:
    """Enable or disable metrics of a group; none named: all. Raises AwsError."""
    record, named = find(key), list(metrics)
    if unknown := sorted(set(named) - set(GROUP_METRICS)):
        raise AwsError("ValidationError", f"Metrics {unknown} are not measured; these are: {', '.join(GROUP_METRICS)}")
    chosen = set(named or GROUP_METRICS)
    before = {m["Metric"] for m in record.enabled_metrics}
    record.metrics = sorted(before | chosen if enabled else before - chosen)


def machines(key: GroupKey, members: Iterable[Member]) -> dict[str, tuple[str, str]]:
    """EC2's state of each member and the reason for it; what EC2 does not know counts as terminated."""
    found = {}
    for member in members:
        instance = _instance(key, member.id)
        reason = getattr(instance, "state_reason", None)
        state = "terminated" if instance is None else str(instance.state)
        found[member.id] = (state, str(reason.message or "") if reason else "")
    return found


def protection(key: GroupKey) -> dict[str, bool]:
    """Which members SetInstanceProtection has protected from scale-in."""
    return {s.instance_id: bool(s.protected_from_scale_in) for s in list(find(key).instance_states)}


def write(group: Group, members: Iterable[Member], now: float) -> None:
    """Let DescribeAutoScalingGroups and DescribeAutoScalingInstances show these members."""
    record = find(group.key)
    known = {s.instance_id: s for s in record.instance_states}
    found = [(m, known.get(m.id) or _new_state(group.key, record, m)) for m in members]
    for member, state in found:
        if state is None:
            continue
        state.lifecycle_state = str(member.phase)
        state.health_status = "Unhealthy" if verdict(member, group, now).health is Health.UNHEALTHY else "Healthy"
        state.launched_from = dict(member.shown) or None
        state.image_id = state.instance.image_id
    record.instance_states = [state for _, state in found if state is not None]


def delete(key: GroupKey) -> None:
    """Drop a group's record with its hooks."""
    backend = _backend(key)
    backend.autoscaling_groups.pop(key.name, None)
    for name, entry in list(backend.lifecycle_hooks.items()):
        if entry.auto_scaling_group_name == key.name:
            backend.lifecycle_hooks.pop(name, None)


def zone_of(key: GroupKey, instance_id: str) -> tuple[str, str] | None:
    """Zone and state of an instance, or None where EC2 does not know it."""
    instance = _instance(key, instance_id)
    return None if instance is None else (str(instance.placement.zone), str(instance.state))


def tag(key: GroupKey, instance_id: str) -> None:
    """Give an instance the tag of its group; the API refuses tags of this kind to everybody else."""
    _backend(key).ec2_backend.create_tags([instance_id], {GROUP_TAG: key.name})


def group_of(account: str, region: str, instance_id: str) -> GroupKey | None:
    """The group whose member an instance is."""
    found = _state_of(account, region, instance_id)
    return GroupKey(account, region, found[0]) if found else None


def phase_of(account: str, region: str, instance_id: str) -> Phase | None:
    """The phase of an instance in the life of its group's members; None where it is in no group."""
    found = _state_of(account, region, instance_id)
    return Phase(found[1].lifecycle_state) if found else None


def _state_of(account: str, region: str, instance_id: str) -> tuple[str, Any] | None:
    """Name of the group and moto's record of the member."""
    for name, record in list(autoscaling_backends[account][region].autoscaling_groups.items()):
        for state in list(record.instance_states):
            if state.instance_id == instance_id:
                return name, state
    return None


def _backend(key: GroupKey) -> Any:
    return autoscaling_backends[key.account][key.region]


def _instance(key: GroupKey, instance_id: str) -> Any:
    try:
        return _backend(key).ec2_backend.get_instance(instance_id)
    except InvalidInstanceIdError:
        return None


def _new_state(key: GroupKey, record: FakeAutoScalingGroup, member: Member) -> Any:
    instance = _instance(key, member.id)
    if instance is None:
        return None
    instance.autoscaling_group = record
    return InstanceState(instance, protected_from_scale_in=member.protected, autoscaling_group=record)


def _subnets(record: FakeAutoScalingGroup, backend: Any) -> tuple[Subnet, ...]:
    if record.vpc_zone_identifier:
        ids = [i.strip() for i in record.vpc_zone_identifier.split(",")]
        known = {s.id: s for s in backend.ec2_backend.describe_subnets()}
        return tuple(Subnet(i, known[i].availability_zone) for i in ids if i in known)
    default = backend.ec2_backend.get_default_subnets()
    return tuple(Subnet(default[z].id, z) for z in record.availability_zones if z in default)


def _hooks(hooks: list[Any], transition: str) -> tuple[Hook, ...]:
    found = [h for h in hooks if h.lifecycle_transition == transition]
    return tuple(
        Hook(
            h.name,
            float(h.heartbeat_timeout),
            h.default_result,
            h.notification_target_arn or "",
            h.notification_metadata or "",
        )
        for h in found
    )


def _keep(record: Any, request: Mapping[str, Any]) -> None:
    for setting, attribute in KEPT_HERE.items():
        if request.get(setting) is not None:
            setattr(record, attribute, request[setting])
