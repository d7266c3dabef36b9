"""Elastic Load Balancing and its certificates."""

from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Properties, Step, prepare
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import without

ACTIVE_SECONDS = 120.0
# The rehearsal's certificate authority issues at once; on AWS a person or a DNS record has to confirm first.
ISSUED_SECONDS = 120.0


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


@prepare("DomainValidationOptions")
def certificate(resource: Resource, properties: Properties) -> Properties:
    """RequestCertificate takes a validation option only for the domain that gets the mail."""
    options = [o for o in properties.get("DomainValidationOptions", []) if "ValidationDomain" in o]
    return {
        **without(properties, "DomainValidationOptions"),
        **({"DomainValidationOptions": options} if options else {}),
    }


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


def certificate_issued(resource: Resource) -> None:
    def status() -> str:
        found = resource.api.call("describe_certificate", CertificateArn=resource.physical_id)
        return str(found["Certificate"]["Status"])

    def issued() -> bool:
        now = status()
        if now in ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED"):
            raise ResourceFailed(f"certificate {resource.physical_id} is {now}")
        return now == "ISSUED"

    resource.patience.until(
        issued,
        ISSUED_SECONDS,
        lambda: f"certificate {resource.physical_id} is {status()}",
    )
