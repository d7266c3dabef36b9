"""What DescribeTargetHealth says of a target: states, reason codes and descriptions as an ALB gives them.

One difference from AWS: there a deregistered target is shown as draining until the deregistration delay has passed,
even when its deregistration was complete at once; here it is gone when the deregistration is complete.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.balancer.balancer import View
from rehearsal.balancer.model import Target
from rehearsal.balancer.targets import PASSED, Phase

TIMEOUTS = frozenset({"L4TOUT", "L6TOUT", "L7TOUT"})


@dataclass(frozen=True, slots=True)
class Health:
    """A state with its reason code and description; a healthy target has neither."""

    state: str
    reason: str | None = None
    description: str | None = None


REGISTERING = Health("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
CHECKING = Health("initial", "Elb.InitialHealthChecking", "Initial health checks in progress")
DRAINING = Health("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
NOT_IN_USE = Health(
    "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
)
NOT_REGISTERED = Health("unused", "Target.NotRegistered", "Target is not registered to the target group")
STOPPED = Health("unused", "Target.InvalidState", "Target is in the stopped state")
HEALTHY = Health("healthy")
UNCHECKED = Health("unavailable", "Target.HealthCheckDisabled", "Health checks are not enabled for this target")


def of_view(view: View) -> Health | None:
    """The health of a target that a load balancer knows; None: its deregistration is complete."""
    match view.registration.phase:
        case Phase.WAITING:
            return REGISTERING
        case Phase.CHECKING:
            return CHECKING
        case Phase.DRAINING:
            return DRAINING
        case Phase.SERVING if not view.registration.group.check.enabled:
            return UNCHECKED
        case Phase.SERVING:
            seen = view.seen
            return HEALTHY if seen is None or seen.up else unhealthy(seen.check, seen.code)
    return None


def unhealthy(check: str, code: str) -> Health:
    """Why a target is unhealthy, from HAProxy's result of its last check and the HTTP status."""
    if check in TIMEOUTS:
        return Health("unhealthy", "Target.Timeout", "Request timed out")
    if check == "L7STS":
        return Health("unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{code}]")
    if check in PASSED:  # it passes again, but not yet often enough
        return Health("unhealthy", "Target.FailedHealthChecks", "Health checks failed; the last one passed")
    return Health("unhealthy", "Target.FailedHealthChecks", f"Health checks failed ({check})")


def of_group(registered: Iterable[Target], views: Sequence[View], in_use: bool) -> dict[tuple[str, int], Health]:
    """The health of every target of a group by id and port: the registered ones, then those that drain.

    Args:
        registered: as the API has them now, which may be a moment ahead of the load balancer.
        views: what the group's load balancer knows.
        in_use: whether a load balancer has the group at all.
    """
    known: dict[tuple[str, int], Health] = {}
    for view in views:
        health = of_view(view)
        if health and (health is not DRAINING or _key(view) not in known):
            known[_key(view)] = health
    result: dict[tuple[str, int], Health] = {}
    for target in registered:
        key = (target.id, target.port)
        if target.ended:
            result[key] = DRAINING
        elif not in_use:
            result[key] = NOT_IN_USE
        elif target.address is None:
            result[key] = DRAINING if key in known else STOPPED
        else:
            health = known.get(key, REGISTERING)
            result[key] = REGISTERING if health is DRAINING else health
    for key, health in known.items():
        if key not in result and health is not REGISTERING:
            result[key] = DRAINING  # deregistered, perhaps only a moment ago
    return result


def _key(view: View) -> tuple[str, int]:
    return view.registration.target.id, view.registration.target.port


def descriptions(
    health: Mapping[tuple[str, int], Health], asked: Sequence[Mapping[str, Any]], default_port: int, check_port: str
) -> list[dict[str, Any]]:
    """DescribeTargetHealth's list, in botocore's shape.

    Args:
        asked: the request's Targets; empty: all.
        check_port: the group's health check port; "traffic-port" becomes each target's own.
    """
    if asked:
        chosen: dict[tuple[str, int], Health] = {}
        for target in asked:
            matching = {
                key: value
                for key, value in health.items()
                if key[0] == target["Id"] and int(target.get("Port") or key[1]) == key[1]
            }
            chosen |= matching or {(target["Id"], int(target.get("Port") or default_port)): NOT_REGISTERED}
        health = chosen
    return [
        {
            **_place(target_id, port, check_port),
            "TargetHealth": {
                name: value
                for name, value in (
                    ("State", found.state),
                    ("Reason", found.reason),
                    ("Description", found.description),
                )
                if value
            },
        }
        for (target_id, port), found in health.items()
    ]


def _place(target_id: str, port: int, check_port: str) -> dict[str, Any]:
    """A target with its ports; a function has none."""
    if not port:
        return {"Target": {"Id": target_id}}
    return {
        "Target": {"Id": target_id, "Port": port},
        "HealthCheckPort": str(port) if check_port == "traffic-port" else check_port,
    }
