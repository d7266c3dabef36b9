"""EC2's endpoints and launch templates: what is changed by other members than it was made with."""

from rehearsal.resources.cast import pairs
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.kind import Properties, step
from rehearsal.resources.resource import Resource

LISTS = {
    "RouteTableIds": ("AddRouteTableIds", "RemoveRouteTableIds"),
    "SubnetIds": ("AddSubnetIds", "RemoveSubnetIds"),
    "SecurityGroupIds": ("AddSecurityGroupIds", "RemoveSecurityGroupIds"),
}
LAUNCH_TEMPLATE = "launch-template"


@step(*LISTS)
def endpoint_members(resource: Resource, before: Properties | None) -> None:
    """Route tables, subnets and security groups of an endpoint, by what is added and what is taken away."""
    if before is None:
        return
    found = resource.api.call("describe_vpc_endpoints", VpcEndpointIds=[resource.physical_id])["VpcEndpoints"][0]
    there = {
        "RouteTableIds": found.get("RouteTableIds", []),
        "SubnetIds": found.get("SubnetIds", []),
        "SecurityGroupIds": [g["GroupId"] for g in found.get("Groups", [])],
    }
    changes = {}
    for prop, (add, remove) in LISTS.items():
        wanted = resource.properties.get(prop) or []
        changes[add] = [i for i in wanted if i not in there[prop]]
        changes[remove] = [i for i in there[prop] if i not in wanted]
    if any(changes.values()):
        asked = {name: ids for name, ids in changes.items() if ids}
        resource.api.call("modify_vpc_endpoint", VpcEndpointId=resource.physical_id, **asked)


@step("TagSpecifications")
def launch_template_tags(resource: Resource, before: Properties | None) -> None:
    """The launch template's own tags come in a list with one entry. Raises ResourceFailed for tags of anything else."""
    now, old = _own_tags(resource.properties), _own_tags(before or {})
    if before is None or now == old:
        return
    if gone := sorted(old.keys() - now.keys()):
        resource.api.call("delete_tags", Resources=[resource.physical_id], Tags=[{"Key": k} for k in gone])
    if now:
        tags = [{"Key": k, "Value": v} for k, v in now.items()]
        resource.api.call("create_tags", Resources=[resource.physical_id], Tags=tags)


def _own_tags(properties: Properties) -> dict[str, str]:
    found: dict[str, str] = {}
    for specification in properties.get("TagSpecifications") or []:
        kind = specification.get("ResourceType")
        if kind != LAUNCH_TEMPLATE:
            raise ResourceFailed(f"TagSpecifications: expected the resource type {LAUNCH_TEMPLATE}, found {kind}")
        found.update(pairs(specification.get("Tags") or []))
    return found
