"""What the API says about a load balancer, as plain values: what is equal needs no change in HAProxy.

The structure (listeners, rules, settings) and the targets are kept apart on purpose: a change of structure costs a
reload, while targets and weights, which change during every deployment, go through the runtime socket.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


class Unsupported(Exception):
    """The API's state asks for something that the rehearsal's load balancer does not do; the message says what."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A rule's condition: any of the values suffices.

    `pairs` is for query strings (key or None, value), `values` for everything else, `header` names an HTTP header.
    """

    field: str
    values: tuple[str, ...] = ()
    header: str = ""
    pairs: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Forward:
    """Spread requests over target groups by weight."""

    weights: tuple[tuple[str, int], ...]  # (target group's ARN, weight)


@dataclass(frozen=True, slots=True)
class Redirect:
    """Answer with another URL; the parts may contain #{protocol}, #{host}, #{port}, #{path} and #{query}."""

    status: int
    protocol: str
    host: str
    port: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class FixedResponse:
    """Answer with a given status and text."""

    status: int
    content_type: str
    body: str


Action = Forward | Redirect | FixedResponse


@dataclass(frozen=True, slots=True)
class Rule:
    """All conditions must hold; the rule with the lowest priority that holds decides; `priority` may be "default"."""

    priority: str
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key and chain in one PEM, in the order that HAProxy wants."""

    arn: str
    pem: str = field(repr=False)
    host_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """What a listener does to every response: headers that it sets, and whether it leaves the header Server."""

    added: tuple[tuple[str, str], ...] = ()  # (name, value)
    server: bool = True


@dataclass(frozen=True, slots=True)
class Listener:
    """A port with its rules, which are sorted: the first that holds decides; the last has no condition."""

    port: int
    protocol: str  # HTTP or HTTPS
    tls_versions: tuple[str, ...]  # as in the security policy, for example ("TLSv1.2", "TLSv1.3")
    certificates: tuple[Certificate, ...]  # the first is the default one
    rules: tuple[Rule, ...]
    response_headers: ResponseHeaders = ResponseHeaders()


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How the targets of a group are checked; times in seconds, thresholds in checks."""

    protocol: str
    path: str
    port: int | None  # None: the port of the traffic
    interval: int
    timeout: int
    healthy: int
    unhealthy: int
    codes: str  # for example "200" or "200-299,404"
    enabled: bool = True  # only targets that are functions may go unchecked


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """A target group without its targets; times in seconds."""

    arn: str
    protocol: str
    check: HealthCheck
    algorithm: str  # round_robin, least_outstanding_requests or weighted_random
    deregistration_delay: int
    slow_start: int
    functions: bool = False  # its target is a function: requests go to the bridge

    @property
    def name(self) -> str:
        """The name of HAProxy's backend: the group's name and id, as in its ARN."""
        return backend_name(self.arn)


@dataclass(frozen=True, slots=True)
class Target:
    """A registered target; `address` is None where its instance has none at the moment.

    A function is reached by the bridge, at its address; it has no port of its own.
    """

    id: str
    port: int  # 0: the bridge's
    address: str | None
    # Its instance was terminated without being deregistered first: it stays until the health check notices.
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The attributes of a load balancer that change what it does."""

    idle_timeout: int = 60
    http2: bool = True
    drop_invalid_headers: bool = False
    forwarded_for: str = "append"  # or preserve, remove
    tls_headers: bool = False


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """A load balancer's structure."""

    settings: Settings
    listeners: tuple[Listener, ...]
    groups: tuple[TargetGroup, ...]  # those that a rule forwards to


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that the API says about a load balancer: its structure, and the targets of each group by the group's ARN."""

    balancer: LoadBalancer
    targets: Mapping[str, tuple[Target, ...]]


def backend_name(group_arn: str) -> str:
    """`targetgroup/NAME/ID` of an ARN as NAME-ID; AWS allows only letters, digits and hyphens in both."""
    return "-".join(group_arn.split(":")[-1].split("/")[1:])
