"""VPCs, subnets, security groups and endpoints, read back."""

from typing import Any

from tests.readback.expected import is_, is_not, no, present, text
from tests.readback.reading import ID, Ask, Expected, read

VPC = "AWS::EC2::VPC"
GROUP = "AWS::EC2::SecurityGroup"
SERVICES = ("ssm", "ssmmessages", "ec2messages", "kms", "secretsmanager", "logs", "sts")
WEB_PORTS, REMOTE_PORTS = (80, 443), (22, 3389)
FROM_ANYWHERE = "IpPermissions[?IpRanges[?CidrIp=='0.0.0.0/0'] || Ipv6Ranges[?CidrIpv6=='::/0']]"
TABLES = "RouteTables[?Associations[?Main || contains('{1}', SubnetId || 'none')]]"
"""Those of the subnets that `{1}` lists, and the main one, which is that of every subnet without one."""
LEADS_OUT = "Routes[?DestinationCidrBlock=='0.0.0.0/0' || DestinationIpv6CidrBlock=='::/0']"


def _of_vpc(name: str = "vpc-id", **more: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": [ID]}, *({"Name": k.replace("_", "-"), "Values": [v]} for k, v in more.items())]


def _group(path: str, expected: Expected) -> Ask:
    return Ask(GROUP, "ec2 describe_security_groups", {"GroupIds": [ID]}, f"SecurityGroups[0].{path}", expected)


def _is_beyond_web(rule: Any) -> bool:
    return rule.get("FromPort") != rule.get("ToPort") or rule.get("FromPort") not in WEB_PORTS


def _is_remote(rule: Any) -> bool:
    return any(rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535) for port in REMOTE_PORTS)


def _attribute(name: str) -> Ask:
    request = {"VpcId": ID, "Attribute": name[0].lower() + name[1:]}
    return Ask(VPC, "ec2 describe_vpc_attribute", request, f"{name}.Value", is_(True))


READINGS = (
    read(
        "default-group-is-closed",
        Ask(
            VPC,
            "ec2 describe_security_groups",
            {"Filters": _of_vpc(group_name="default")},
            "[length(SecurityGroups), length(SecurityGroups[0].[IpPermissions, IpPermissionsEgress][])]",
            text("one group without rules", lambda found: found == [1, 0]),
        ),
    ),
    read(
        "vpc-flow-log",
        Ask(VPC, "ec2 describe_flow_logs", {"Filters": _of_vpc("resource-id")}, "FlowLogs[].TrafficType", is_("ALL")),
        Ask(
            VPC,
            "ec2 describe_flow_logs",
            {"Filters": _of_vpc("resource-id")},
            "FlowLogs[].MaxAggregationInterval",
            is_(60),
        ),
    ),
    read(
        "subnets-give-no-public-address",
        Ask(
            "AWS::EC2::Subnet", "ec2 describe_subnets", {"SubnetIds": [ID]}, "Subnets[].MapPublicIpOnLaunch", is_(False)
        ),
    ),
    read(
        "vpc-blocks-public-access",
        Ask(
            "AWS::EC2::InternetGateway",
            "ec2 describe_vpc_block_public_access_options",
            {},
            "VpcBlockPublicAccessOptions.InternetGatewayBlockMode",
            is_("block-ingress", "block-bidirectional"),
        ),
    ),
    read("security-groups-admit-web-only", _group(FROM_ANYWHERE, no("no port but 80 and 443", _is_beyond_web))),
    read("no-remote-administration", _group(FROM_ANYWHERE, no("neither port 22 nor 3389", _is_remote))),
    read("security-groups-name-what-leaves", _group("IpPermissionsEgress[].IpProtocol", is_not("-1"))),
    read(
        "databases-cannot-reach-the-internet",
        Ask(
            "AWS::RDS::DBSubnetGroup",
            "ec2 describe_route_tables",
            {"Filters": _of_vpc()},
            f"{TABLES} | [length(@) > `0`, length([].{LEADS_OUT}[])]",
            text("route tables without a way out", lambda found: found == [True, 0]),
            each=(
                "rds describe_db_subnet_groups",
                {"DBSubnetGroupName": ID},
                "DBSubnetGroups[].join('|', [VpcId, join(',', Subnets[].SubnetIdentifier)])",
            ),
        ),
    ),
    read(
        "endpoints-answer-to-the-public-name",
        Ask(
            "AWS::EC2::VPCEndpoint",
            "ec2 describe_vpc_endpoints",
            {"VpcEndpointIds": [ID]},
            "VpcEndpoints[].PrivateDnsEnabled",
            is_(True),
            only="VpcEndpoints[?VpcEndpointType=='Interface']",
        ),
    ),
    read(
        "object-store-is-reached-privately",
        Ask(
            VPC,
            "ec2 describe_vpc_endpoints",
            {"Filters": _of_vpc(vpc_endpoint_type="Gateway")},
            "VpcEndpoints[?ends_with(ServiceName, '.s3')].RouteTableIds[]",
            present(),
        ),
    ),
    read(
        "services-are-reached-privately",
        Ask(
            "AWS::EC2::LaunchTemplate",
            "ec2 describe_vpc_endpoints",
            {"Filters": [{"Name": "vpc-endpoint-type", "Values": ["Interface"]}]},
            "VpcEndpoints[?State=='available'].ServiceName",
            text(f"one for {', '.join(SERVICES)}", lambda found: {n.split(".")[-1] for n in found} >= {*SERVICES}),
        ),
    ),
    read(
        "zones-do-not-share-a-way-out",
        Ask(
            "AWS::EC2::InternetGateway",
            "ec2 describe_route_tables",
            {"Filters": _of_vpc()},
            "RouteTables[].Routes[].NatGatewayId",
            text("another NAT gateway in each table", lambda found: bool(found) and len(found) == len(set(found))),
            each=(
                "ec2 describe_internet_gateways",
                {"InternetGatewayIds": [ID]},
                "InternetGateways[].Attachments[].VpcId",
            ),
        ),
    ),
    read("network-interfaces-have-dns", _attribute("EnableDnsSupport"), _attribute("EnableDnsHostnames")),
)

UNREADABLE: dict[str, str] = {}
