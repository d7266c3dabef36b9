"""Promises about VPCs, subnets, security groups and endpoints."""

from collections.abc import Iterator

from kiln.promises.checks import Breach, Every, Mutation, Own, both, every, shown, some
from kiln.promises.controls import asked
from kiln.promises.demands import Demand, meets, number
from kiln.promises.paths import put
from kiln.promises.promise import Promise
from kiln.promises.template import Environment, Resource
from kiln.promises.values import Json, mark

EC2 = "https://docs.aws.amazon.com/vpc/latest/userguide"
ANYWHERE = ("0.0.0.0/0", "::/0")
WEB_PORTS = (80, 443)
REMOTE_PORTS = (22, 3389)
NOWHERE = "255.255.255.255/32"
"""What the CDK writes for a group that lets nothing out: EC2 would add a rule for everything where there is none."""

BLOCKS = ("block-ingress", "block-bidirectional")


def _rule(rule: Json, ports: tuple[int, ...]) -> bool:
    """Whether a rule is open to anywhere on a port that is not among `ports`."""
    if not isinstance(rule, dict) or not {rule.get("CidrIp"), rule.get("CidrIpv6")} & set(ANYWHERE):
        return False
    low, high = number(rule.get("FromPort")), number(rule.get("ToPort"))
    return str(rule.get("IpProtocol")) == "-1" or low != high or low not in ports


def _admits_remote(rule: Json) -> bool:
    if not isinstance(rule, dict) or not {rule.get("CidrIp"), rule.get("CidrIpv6")} & set(ANYWHERE):
        return False
    low, high = number(rule.get("FromPort")), number(rule.get("ToPort"))
    return str(rule.get("IpProtocol")) == "-1" or any(low <= port <= high for port in REMOTE_PORTS)


def _open(port: int) -> Json:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": ANYWHERE[0]}


def _admits_web_only(path: str) -> Demand:
    return meets(
        path,
        lambda rules: not any(_rule(r, WEB_PORTS) for r in (rules if isinstance(rules, list) else [rules])),
        "from anywhere only ports 80 and 443",
        lambda rules: [[*(rules if isinstance(rules, list) else []), _open(port)] for port in (8080, 3306)],
        judges=False,
    )


def _no_remote(path: str) -> Demand:
    return meets(
        path,
        lambda rules: not any(_admits_remote(r) for r in (rules if isinstance(rules, list) else [rules])),
        "no way in from anywhere to ports 22 and 3389",
        lambda rules: [[*(rules if isinstance(rules, list) else []), _open(port)] for port in REMOTE_PORTS],
        judges=False,
    )


def _lets_out_what_it_says(path: str) -> Demand:
    everything = {"IpProtocol": "-1", "CidrIp": ANYWHERE[0]}
    return meets(
        path,
        lambda rules: isinstance(rules, list) and not any(str(r.get("IpProtocol")) == "-1" for r in rules),
        "rules, each for a protocol and its ports",
        lambda rules: [[everything], [*rules, everything]],
        judges=False,
    )


def _standing(path: str, check: Demand) -> Demand:
    """The demand on a list of rules, asked of a rule that is a resource of its own."""
    return Demand(
        path,
        lambda body: check.holds([body]),
        check.expected,
        lambda body: [body | _open(22), body | _open(3389)],
        False,
    )


def _tables_of_data_subnets(environment: Environment) -> list[Resource]:
    """Route tables of the subnets in which databases are."""
    groups = environment.of_type("AWS::RDS::DBSubnetGroup")
    tables = environment.of_type("AWS::EC2::RouteTable")
    used = [
        association.properties.get("RouteTableId")
        for association in environment.of_type("AWS::EC2::SubnetRouteTableAssociation")
        for subnet in environment.of_type("AWS::EC2::Subnet")
        if subnet.is_in(association.properties.get("SubnetId"))
        and any(subnet.is_in(group.properties.get("SubnetIds", [])) for group in groups)
    ]
    return [table for table in tables if any(table.is_in(value) for value in used)]


def _routes_out(environment: Environment) -> Iterator[Breach]:
    tables = _tables_of_data_subnets(environment)
    for route in environment.of_type("AWS::EC2::Route"):
        if any(table.is_in(route.properties.get("RouteTableId")) for table in tables):
            for name in ("DestinationCidrBlock", "DestinationIpv6CidrBlock"):
                if route.properties.get(name) in ANYWHERE:
                    found = shown(route.properties[name])
                    yield Breach(route, f"Properties.{name}", found, "no route out of the subnets of a database")


def _add_routes_out(environment: Environment) -> Iterator[Mutation]:
    routes = environment.of_type("AWS::EC2::Route")
    for table in _tables_of_data_subnets(environment)[:1]:
        for route in routes[:1]:
            target = mark(table.stack, table.logical_id)
            body = put(route.body, ("Properties", "RouteTableId"), target)
            body = put(body, ("Properties", "DestinationCidrBlock"), ANYWHERE[0])
            yield Mutation(f"{route.stack}/{route.logical_id}: lead the data subnets to the Internet", ((route, body),))


CLOSING = (("Custom::ClosedDefaultGroup", "VpcId"), ("Custom::VpcRestrictDefaultSG", "DefaultSecurityGroupId"))
"""What closes a default group, and by which property: Kiln's resource, and the CDK's own."""


def _closing(environment: Environment, vpc: Resource) -> list[Resource]:
    return [one for kind, name in CLOSING for one in environment.of_type(kind) if vpc.is_in(one.properties.get(name))]


def _open_default_groups(environment: Environment) -> Iterator[Breach]:
    for vpc in environment.of_type("AWS::EC2::VPC"):
        if not _closing(environment, vpc):
            yield Breach(vpc, CLOSING[0][0], "none", "one whose VpcId refers to it")


def _leave_default_groups_open(environment: Environment) -> Iterator[Mutation]:
    for vpc in environment.of_type("AWS::EC2::VPC"):
        for one in _closing(environment, vpc):
            yield Mutation(f"take away {one.stack}/{one.logical_id}", ((one, None),))
            body = put(one.body, ("Properties",), dict.fromkeys(one.properties, "another"))
            yield Mutation(f"{one.stack}/{one.logical_id}: close another group", ((one, body),))


SERVICES = ("ssm", "ssmmessages", "ec2messages", "kms", "secretsmanager", "logs", "sts")


def _endpoint(service: str) -> Every:
    """The interface endpoint of a service."""
    return every("AWS::EC2::VPCEndpoint").asks(
        meets(
            "ServiceName",
            lambda name: str(name).endswith(f".{service}"),
            f"the name of the service {service}",
            lambda _: ("com.amazonaws.region.another",),
            judges=False,
        )
    )


def _through_gateways(environment: Environment) -> list[Resource]:
    return [route for route in environment.of_type("AWS::EC2::Route") if "NatGatewayId" in route.properties]


def _shared_gateways(environment: Environment) -> Iterator[Breach]:
    seen: set[str] = set()
    for route in _through_gateways(environment):
        gateway = str(route.properties["NatGatewayId"])
        if gateway in seen:
            yield Breach(route, "Properties.NatGatewayId", gateway, "a NAT gateway that no other route leads to")
        seen.add(gateway)


def _share_gateways(environment: Environment) -> Iterator[Mutation]:
    routes = _through_gateways(environment)
    for route in routes[1:]:
        body = put(route.body, ("Properties", "NatGatewayId"), routes[0].properties["NatGatewayId"])
        yield Mutation(f"{route.stack}/{route.logical_id}: lead to the first gateway", ((route, body),))


PROMISES = (
    Promise(
        id="default-group-is-closed",
        title="The default security group of every VPC has no rule",
        reason="What is started without a group gets this one, which admits all others in it and lets everything out.",
        controls=asked("EC2.2"),
        source=f"{EC2}/default-security-group.html",
        check=Own(_open_default_groups, _leave_default_groups_open),
    ),
    Promise(
        id="vpc-flow-log",
        title="Every VPC logs all its traffic, each minute",
        reason="Who talked to whom can be known after an incident only if it was written down before.",
        controls=asked("EC2.6"),
        source=f"{EC2}/flow-logs.html",
        check=every("AWS::EC2::VPC").beside(
            every("AWS::EC2::FlowLog").has("TrafficType", "ALL").has("MaxAggregationInterval", 60), via="ResourceId"
        ),
    ),
    Promise(
        id="subnets-give-no-public-address",
        title="No subnet gives public addresses by itself",
        reason="An instance is reachable from the Internet by decision only, never by where it was started.",
        controls=asked("EC2.15"),
        source=f"{EC2}/subnet-public-ip.html",
        check=every("AWS::EC2::Subnet").never("MapPublicIpOnLaunch", True),
    ),
    Promise(
        id="vpc-blocks-public-access",
        title="The account refuses traffic from the Internet into its VPCs, save where it is excluded by name",
        reason="A route or an address added by mistake opens nothing.",
        controls=asked("EC2.172"),
        source=f"{EC2}/security-vpc-bpa.html",
        check=some(
            every("AWS::EC2::VPCBlockPublicAccessOptions").one_of("InternetGatewayBlockMode", *BLOCKS, weak="off"),
            where="AWS::EC2::InternetGateway",
        ),
    ),
    Promise(
        id="security-groups-admit-web-only",
        title="From anywhere, security groups admit ports 80 and 443 only",
        reason="Every other port open to the world is found by scanners within minutes.",
        controls=asked("EC2.18"),
        source=f"{EC2}/vpc-security-groups.html",
        check=both(
            every("AWS::EC2::SecurityGroup").asks(_admits_web_only("SecurityGroupIngress")),
            every("AWS::EC2::SecurityGroupIngress").asks(_standing("^Properties", _admits_web_only(""))),
        ),
    ),
    Promise(
        id="no-remote-administration",
        title="No security group admits SSH or RDP from anywhere",
        reason="People come through Session Manager, which asks IAM and keeps a record.",
        controls=asked("EC2.19", "EC2.13", "EC2.14", "EC2.53", "EC2.54"),
        source=f"{EC2}/vpc-security-groups.html",
        check=both(
            every("AWS::EC2::SecurityGroup").asks(_no_remote("SecurityGroupIngress")),
            every("AWS::EC2::SecurityGroupIngress").asks(_standing("^Properties", _no_remote(""))),
        ),
    ),
    Promise(
        id="security-groups-name-what-leaves",
        title="Security groups let out only what they name",
        reason="What is broken into cannot send anything anywhere.",
        controls=(),
        source=f"{EC2}/vpc-security-groups.html",
        check=every("AWS::EC2::SecurityGroup").asks(_lets_out_what_it_says("SecurityGroupEgress")),
    ),
    Promise(
        id="databases-cannot-reach-the-internet",
        title="The subnets of databases have no route to the Internet",
        reason="Data cannot be carried out by a database that was taken over, nor can anybody come in that way.",
        controls=asked("RDS.46"),
        source=f"{EC2}/route-table-options.html",
        check=Own(_routes_out, _add_routes_out),
    ),
    Promise(
        id="endpoints-answer-to-the-public-name",
        title="Interface endpoints take over the public name of their service",
        reason="Programs use the private way without being told; without it they silently go over the Internet.",
        controls=(),
        source="https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html",
        check=every("AWS::EC2::VPCEndpoint").where("VpcEndpointType", "Interface").has("PrivateDnsEnabled", True),
    ),
    Promise(
        id="object-store-is-reached-privately",
        title="A VPC reaches S3 through a gateway endpoint",
        reason="Images, logs and artifacts do not pass the NAT gateways, which cost by the gigabyte and can fail.",
        controls=(),
        source="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html",
        check=every("AWS::EC2::VPC").beside(
            every("AWS::EC2::VPCEndpoint").where("VpcEndpointType", "Gateway"), via="VpcId"
        ),
    ),
    Promise(
        id="services-are-reached-privately",
        title="Instances of a protected environment reach AWS's services without the Internet",
        reason="Whoever may manage, decrypt and log must be able to when the way out is shut or broken.",
        controls=asked("EC2.57"),
        source="https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html",
        check=both(*(some(_endpoint(service), where="AWS::EC2::LaunchTemplate") for service in SERVICES)),
        protected_only=True,
    ),
    Promise(
        id="zones-do-not-share-a-way-out",
        title="In a protected environment every zone has a NAT gateway of its own",
        reason="With one for all, the zone that has it takes the others along when it fails.",
        controls=(),
        source=f"{EC2}/nat-gateway-basics.html",
        check=Own(_shared_gateways, _share_gateways),
        protected_only=True,
    ),
    Promise(
        id="network-interfaces-have-dns",
        title="VPCs resolve names and give names",
        reason="Private endpoints, role names and certificates are all found by name.",
        controls=(),
        source=f"{EC2}/vpc-dns.html",
        check=every("AWS::EC2::VPC").has("EnableDnsSupport", True).has("EnableDnsHostnames", True),
    ),
)
