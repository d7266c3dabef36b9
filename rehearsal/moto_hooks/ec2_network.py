"""EC2's networks and launch templates: what moto (5.2.5) forgets or does otherwise.

Hooks, and what goes wrong without each:
- EC2Response.modify_vpc_endpoint: moto makes no routes for route tables that are added to a gateway endpoint, leaves
  those of tables that are taken away, and then cannot delete it; and it drops PrivateDnsEnabled.
- VPCBackend.create_vpc: the default security group would be born without the rule that lets its members reach each
  other, so that nobody could see whether it was closed.
- LaunchTemplate.create_version: the launch template's own tags would be a part of what its instances are made with.
- LaunchTemplate.tags: tags that are changed later would not be shown.
"""

from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses import EC2Response

modify_in_moto = EC2Response.modify_vpc_endpoint
create_vpc_in_moto = VPCBackend.create_vpc
create_version_in_moto = LaunchTemplate.create_version


def install() -> None:
    """Install the hooks; twice does nothing more."""
    for moto_class, hook in (
        (EC2Response, modify_vpc_endpoint),
        (VPCBackend, create_vpc),
        (LaunchTemplate, create_version),
    ):
        setattr(moto_class, hook.__name__, hook)
    setattr(LaunchTemplate, "tags", property(lambda self: self.get_tags(), lambda self, first: None))  # noqa: B010


def modify_vpc_endpoint(self: Any) -> Any:
    backend = self.ec2_backend
    endpoint = backend.describe_vpc_endpoints([self._get_param("VpcEndpointId")])[0]
    before = list(endpoint.route_table_ids)
    answer = modify_in_moto(self)
    prefix_list = endpoint.destination_prefix_list_id
    for table in set(endpoint.route_table_ids) - set(before) if prefix_list else ():
        backend.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
    for table in set(before) - set(endpoint.route_table_ids) if prefix_list else ():
        backend.delete_route(table, prefix_list)
    private_dns = self._get_bool_param("PrivateDnsEnabled")
    if private_dns is not None:
        endpoint.private_dns_enabled = private_dns
    return answer


def create_vpc(self: Any, *args: Any, **kwargs: Any) -> Any:
    vpc = create_vpc_in_moto(self, *args, **kwargs)
    group = self.get_security_group_from_name("default", vpc_id=vpc.id)
    members = [{"GroupId": group.id, "OwnerId": self.account_id}]
    self.authorize_security_group_ingress(group.id, "-1", None, None, [], source_groups=members, vpc_id=vpc.id)
    return vpc


def create_version(self: Any, data: dict[str, Any], description: str) -> Any:
    others = [s for s in data.get("TagSpecifications") or [] if s.get("ResourceType") != "launch-template"]
    rest = {k: v for k, v in data.items() if k != "TagSpecifications"}
    return create_version_in_moto(self, {**rest, **({"TagSpecifications": others} if others else {})}, description)
