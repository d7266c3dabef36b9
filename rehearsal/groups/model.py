"""What the rules of a group speak of: the group as it is asked for, its members as they are, and what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class GroupKey(NamedTuple):
    """Which group, of all accounts and regions."""

    account: str
    region: str
    name: str


class Phase(StrEnum):
    """Where a member is in its life; the values are AWS's names of lifecycle states."""

    PENDING = "Pending"
    PENDING_WAIT = "Pending:Wait"
    PENDING_PROCEED = "Pending:Proceed"
    IN_SERVICE = "InService"
    ENTERING_STANDBY = "EnteringStandby"
    STANDBY = "Standby"
    DETACHING = "Detaching"
    DETACHED = "Detached"
    TERMINATING = "Terminating"  # leaving its target groups, connections drain
    TERMINATING_WAIT = "Terminating:Wait"
    TERMINATING_PROCEED = "Terminating:Proceed"  # EC2 ends the machine
    TERMINATED = "Terminated"


STARTING = frozenset({Phase.PENDING, Phase.PENDING_WAIT, Phase.PENDING_PROCEED})
# Members that count towards the desired capacity.
COUNTED = STARTING | {Phase.IN_SERVICE}
ENDING = frozenset(
    {
        Phase.TERMINATING,
        Phase.TERMINATING_WAIT,
        Phase.TERMINATING_PROCEED,
        Phase.TERMINATED,
    }
)
MACHINE_GONE = frozenset({"shutting-down", "terminated"})


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet in which the group launches."""

    id: str
    zone: str


@dataclass(frozen=True, slots=True)
class Hook:
    """A lifecycle hook. `default_result` is CONTINUE or ABANDON; `target`: the topic or queue that is told."""

    name: str
    heartbeat_seconds: float
    default_result: str
    target: str = ""
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class HookWait:
    """A hook that a member waits for, until somebody completes it or the deadline passes."""

    hook: Hook
    token: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Source:
    """What instances are launched from: `version` is a number, $Latest or $Default.

    Of a mixed instances policy: `types` are its overrides, `on_demand_base` and `on_demand_percent` its distribution.
    """

    template_id: str
    version: str
    types: tuple[str, ...] = ()
    on_demand_base: int = 0
    on_demand_percent: int = 100

    @property
    def uses_spot(self) -> bool:
        return self.on_demand_percent < 100


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """What DescribeTargetHealth says of a member in one target group."""

    state: str
    reason: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group as its owner asked for it. Times are in seconds."""

    key: GroupKey
    desired: int
    minimum: int
    maximum: int
    subnets: tuple[Subnet, ...]
    source: Source
    target_groups: tuple[str, ...] = ()
    elb_health: bool = False
    grace_seconds: float = 0
    warmup_seconds: float | None = None
    cooldown_seconds: float = 300
    maintenance: tuple[int, int] | None = None  # lowest and highest healthy percentage
    termination_policies: tuple[str, ...] = ("Default",)
    suspended: frozenset[str] = frozenset()
    launching_hooks: tuple[Hook, ...] = ()
    terminating_hooks: tuple[Hook, ...] = ()
    protect_new: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """An instance of a group. Times are seconds since the epoch.

    `fingerprint` identifies the launch data it was made of, `machine` is EC2's state of it, with EC2's reason,
    `targets` its health by target group, `registered` where the group has registered it, `draining` where it was
    deregistered and is still known.
    """

    id: str
    zone: str
    fingerprint: str
    launched: float
    phase: Phase = Phase.PENDING
    machine: str = "pending"
    machine_reason: str = ""
    in_service_since: float | None = None
    protected: bool = False
    declared_unhealthy: str = ""
    targets: Mapping[str, TargetHealth] = field(default_factory=dict)
    registered: frozenset[str] = frozenset()
    draining: frozenset[str] = frozenset()
    waits: tuple[HookWait, ...] = ()
    cause: str = ""  # why it ends
    activity: str = ""  # the scaling activity that tells of it
    shown: Mapping[str, str] = field(default_factory=dict)  # the launch template as DescribeAutoScalingGroups shows it
    spot: bool = False

    @property
    def counted(self) -> bool:
        """Whether it counts towards the desired capacity."""
        return self.phase in COUNTED


@dataclass(frozen=True, slots=True)
class LaunchFailure:
    """The last launch did not succeed; the next is not tried before `retry_at`."""

    message: str
    at: float
    retry_at: float
    times: int


@dataclass(frozen=True, slots=True)
class Launch:
    """Launch one instance in a zone."""

    zone: str
    cause: str


@dataclass(frozen=True, slots=True)
class Register:
    """Register a member with a target group."""

    member: str
    target_group: str


@dataclass(frozen=True, slots=True)
class Deregister:
    """Take a member out of a target group."""

    member: str
    target_group: str


@dataclass(frozen=True, slots=True)
class Terminate:
    """End the machine of a member."""

    member: str


@dataclass(frozen=True, slots=True)
class Release:
    """Let a detached member go: its machine stays, the group's tag does not."""

    member: str


Action = Launch | Register | Deregister | Terminate | Release
