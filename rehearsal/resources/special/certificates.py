"""Certificates of ACM, and the records in a hosted zone that prove the domain.

As CloudFormation does it: a validation option with a HostedZoneId gets its record written. It is taken away with the
certificate, unless another one is proven by it; CloudFormation leaves it there.
"""

from typing import Any

from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special import dns
from rehearsal.resources.special.structures import only, without

# The rehearsal's certificate authority issues at once; on AWS a person or a DNS record has to confirm first.
ISSUED_SECONDS = 120.0
VALIDATION_TTL_SECONDS = 300


@prepare("DomainValidationOptions", "KeyAlgorithm")
def certificate(resource: Resource, properties: Properties) -> Properties:
    """RequestCertificate takes a validation option only for the domain that gets the mail."""
    if properties.get("KeyAlgorithm", "RSA_2048") != "RSA_2048":
        raise ResourceFailed(f"KeyAlgorithm {properties['KeyAlgorithm']} is not emulated: keys are RSA_2048")
    given = properties.get("DomainValidationOptions", [])
    for option in given:
        only(option, "DomainValidationOptions", "DomainName", "HostedZoneId", "ValidationDomain")
    options = [without(o, "HostedZoneId") for o in given if "ValidationDomain" in o]
    rest = without(properties, "DomainValidationOptions", "KeyAlgorithm")
    return {**rest, **({"DomainValidationOptions": options} if options else {})}


@step()
def prove(resource: Resource, before: Properties | None) -> None:
    """Write the records into the hosted zones that the template names."""
    if before is not None:
        return
    records = _records(resource)
    for zone, record in _proofs(resource, records):
        dns.change(resource, zone, {"Action": "UPSERT", "ResourceRecordSet": record})


def withdraw(resource: Resource) -> None:
    """Take the records away again that no other certificate needs."""
    api = resource.api
    arns = [c["CertificateArn"] for c in api.call("list_certificates")["CertificateSummaryList"]]
    others = [api.call("describe_certificate", CertificateArn=a) for a in arns if a != resource.physical_id]
    needed = {
        option["ResourceRecord"]["Name"]
        for other in others
        for option in other["Certificate"].get("DomainValidationOptions", [])
        if "ResourceRecord" in option
    }
    for zone, record in _proofs(resource, _records(resource)):
        if record["Name"] not in needed:
            dns.delete(resource, zone, record["Name"], record["Type"], None)


def _records(resource: Resource) -> dict[str, Properties]:
    """Domain → the record that proves it."""
    found = resource.api.call("describe_certificate", CertificateArn=resource.physical_id)["Certificate"]
    options = found.get("DomainValidationOptions", [])
    return {o["DomainName"]: o["ResourceRecord"] for o in options if "ResourceRecord" in o}


def _proofs(resource: Resource, records: dict[str, Properties]) -> list[tuple[str, Properties]]:
    """(hosted zone, record) for every validation option that names a zone. Raises ResourceFailed."""
    out = []
    for option in resource.properties.get("DomainValidationOptions") or []:
        if "HostedZoneId" in option:
            domain = option["DomainName"]
            if domain not in records:
                raise ResourceFailed(f"DomainValidationOptions: {domain} is none of the certificate's domains")
            record = records[domain]
            value = {"TTL": VALIDATION_TTL_SECONDS, "ResourceRecords": [{"Value": record["Value"]}]}
            out.append((str(option["HostedZoneId"]), {"Name": record["Name"], "Type": record["Type"], **value}))
    return out


def issued(resource: Resource) -> None:
    """Wait until it is issued."""

    def status() -> str:
        found: dict[str, Any] = resource.api.call("describe_certificate", CertificateArn=resource.physical_id)
        return str(found["Certificate"]["Status"])

    def done() -> bool:
        now = status()
        if now in ("FAILED", "VALIDATION_TIMED_OUT", "REVOKED", "EXPIRED"):
            raise ResourceFailed(f"certificate {resource.physical_id} is {now}")
        return now == "ISSUED"

    resource.patience.until(done, ISSUED_SECONDS, lambda: f"certificate {resource.physical_id} is {status()}")
