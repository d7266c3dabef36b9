"""Elastic Load Balancing."""

from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Properties, Step
from rehearsal.resources.resource import Resource

ACTIVE_SECONDS = 120.0


def attributes(prop: str, operation: str, member: str) -> Step:
    """The list of keys and values that an ELB resource takes by a call of its own.

    A key that is taken away would keep its value: that fails, and says to set the default instead.
    """

    def act(resource: Resource, before: Properties | None) -> None:
        now, old = resource.properties.get(prop) or [], (before or {}).get(prop) or []
        gone = {a["Key"] for a in old} - {a["Key"] for a in now}
        if gone:
            raise ResourceFailed(f"taking away {', '.join(sorted(gone))} of {prop} is not emulated: set its default")
        if now and now != old:
            resource.api.send(operation, {member: resource.physical_id, "Attributes": now})

    return Step(act, frozenset({prop}))


def load_balancer_active(resource: Resource) -> None:
    def state() -> Properties:
        found = resource.api.call("describe_load_balancers", LoadBalancerArns=[resource.physical_id])
        return dict(found["LoadBalancers"][0]["State"])

    def active() -> bool:
        now = state()
        if now["Code"] == "failed":
            raise ResourceFailed(f"load balancer {resource.physical_id} failed: {now.get('Reason', '-')}")
        return bool(now["Code"] == "active")

    resource.patience.until(
        active,
        ACTIVE_SECONDS,
        lambda: f"load balancer {resource.physical_id} is {state()}",
    )
