"""EC2's network: security group rules, routes, and what a VPC brings along by itself."""

from typing import Any

from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import only, pick

# CloudFormation's flat rule → the list in EC2's IpPermission, and the key in its items.
SOURCES = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
DESTINATIONS = {
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
PEERS = {**SOURCES, **DESTINATIONS}
RULE = ("IpProtocol", "FromPort", "ToPort", "Description")
ALL_OUT = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
NAT_GATEWAY_SECONDS = 120.0


def permission(resource: Resource, rule: Properties) -> list[Properties]:
    """One rule as EC2 wants it."""
    only(rule, resource.type_name, "GroupId", *RULE, *PEERS)
    out: Properties = {
        "IpProtocol": str(rule["IpProtocol"]),
        **pick(rule, "FromPort", "ToPort"),
    }
    for source, (member, key) in PEERS.items():
        if source in rule:
            out[member] = [{key: rule[source], **pick(rule, "Description")}]
    return [out]


@prepare("GroupId", *RULE, *SOURCES)
def ingress(resource: Resource, properties: Properties) -> Properties:
    return {"GroupId": properties["GroupId"], "IpPermissions": permission(resource, properties)}


@prepare("GroupId", *RULE, *DESTINATIONS)
def egress(resource: Resource, properties: Properties) -> Properties:
    return {"GroupId": properties["GroupId"], "IpPermissions": permission(resource, properties)}


@prepare()
def endpoint(resource: Resource, properties: Properties) -> Properties:
    """EC2's own default, said aloud: moto cannot delete an endpoint that was made without a type."""
    return properties if resource.physical_id else {"VpcEndpointType": "Gateway", **properties}


@step()
def close_egress(resource: Resource, before: Properties | None) -> None:
    """EC2 gives a new group "all out"; CloudFormation takes it away when the template lists egress itself."""
    if before is None and resource.properties.get("SecurityGroupEgress"):
        resource.api.call(
            "revoke_security_group_egress",
            GroupId=resource.physical_id,
            IpPermissions=[ALL_OUT],
        )


def default_security_group(resource: Resource, _: Any) -> str:
    filters = [
        {"Name": "vpc-id", "Values": [resource.physical_id]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    return str(resource.api.call("describe_security_groups", Filters=filters)["SecurityGroups"][0]["GroupId"])


def default_network_acl(resource: Resource, _: Any) -> str:
    filters = [
        {"Name": "vpc-id", "Values": [resource.physical_id]},
        {"Name": "default", "Values": ["true"]},
    ]
    return str(resource.api.call("describe_network_acls", Filters=filters)["NetworkAcls"][0]["NetworkAclId"])


def destination(resource: Resource, _: Any) -> str:
    """A route's id names its destination."""
    properties = resource.properties
    names = (
        "DestinationCidrBlock",
        "DestinationIpv6CidrBlock",
        "DestinationPrefixListId",
    )
    return f"{properties['RouteTableId']}|{next((properties[n] for n in names if n in properties), '')}"


def nat_gateway_state(resource: Resource) -> str:
    found = resource.api.call("describe_nat_gateways", NatGatewayIds=[resource.physical_id])["NatGateways"]
    return str(found[0]["State"]) if found else "deleted"


def nat_gateway_available(resource: Resource) -> None:
    resource.patience.until(
        lambda: nat_gateway_state(resource) == "available",
        NAT_GATEWAY_SECONDS,
        lambda: f"NAT gateway {resource.physical_id} is {nat_gateway_state(resource)}",
    )


def nat_gateway_gone(resource: Resource) -> None:
    resource.patience.until(
        lambda: nat_gateway_state(resource) == "deleted",
        NAT_GATEWAY_SECONDS,
        lambda: f"NAT gateway {resource.physical_id} is {nat_gateway_state(resource)}",
    )


def launch_template_version(name: str) -> Computed:
    """GetAtt of LatestVersionNumber and DefaultVersionNumber: read anew, since an update makes a version."""

    def number(resource: Resource, _: Any) -> str:
        found = resource.api.call("describe_launch_templates", LaunchTemplateIds=[resource.physical_id])
        return str(found["LaunchTemplates"][0][name])

    return Computed(number)
