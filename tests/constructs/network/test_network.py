from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match

from kiln.network.endpoints import INTERFACES
from kiln.network.network import LAYERS, ZONES, Network
from kiln.operations.log_group import Records

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
FUNCTION = "arn:aws:lambda:eu-west-1:111111111111:function:defaults"


@pytest.fixture
def network(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        value = {name: cdk.CfnParameter(stack, name).value_as_string for name in ("Nats", "Cidr", "Interfaces")}
        Network(
            stack,
            "Network",
            cidr=value["Cidr"],
            nat_gateways=value["Nats"],
            interface_endpoints=value["Interfaces"],
            records=Records(key_arn=KEY, days=30),
            defaults_function_arn=FUNCTION,
        )

    return template(build)


def properties(template: Any, resource_type: str) -> list[Any]:
    return [resource["Properties"] for resource in template.find_resources(resource_type).values()]


def test_every_layer_has_a_subnet_in_each_of_three_zones(network: Any) -> None:
    subnets = properties(network, "AWS::EC2::Subnet")
    zones = [subnet["AvailabilityZone"]["Fn::Select"][0] for subnet in subnets]
    assert sorted(zones) == sorted(list(range(ZONES)) * len(LAYERS))


def test_no_two_subnets_have_the_same_block(network: Any) -> None:
    blocks = [subnet["CidrBlock"]["Fn::Select"][0] for subnet in properties(network, "AWS::EC2::Subnet")]
    assert sorted(blocks) == list(range(9))


def test_no_subnet_gives_out_public_addresses(network: Any) -> None:
    network.all_resources_properties("AWS::EC2::Subnet", {"MapPublicIpOnLaunch": False})


def test_only_the_first_nat_gateway_is_unconditional(network: Any) -> None:
    gateways = network.find_resources("AWS::EC2::NatGateway").values()
    addresses = network.find_resources("AWS::EC2::EIP").values()
    assert [gateway.get("Condition") is None for gateway in gateways] == [True, False, False]
    assert [g.get("Condition") for g in gateways] == [a.get("Condition") for a in addresses]


@pytest.mark.parametrize(("wanted", "made"), [("1", 1), ("2", 2), ("3", 3)])
def test_as_many_nat_gateways_are_made_as_are_wanted(network: Any, wanted: str, made: int) -> None:
    conditions = network.to_json()["Conditions"]
    gateways = network.find_resources("AWS::EC2::NatGateway").values()
    present = [g for g in gateways if "Condition" not in g or holds(conditions, g["Condition"], wanted)]
    assert len(present) == made


def holds(conditions: dict[str, Any], name: str, nats: str) -> bool:
    """What CloudFormation makes of a condition over the parameter Nats."""

    def value(expression: Any) -> Any:
        [(function, argument)] = expression.items()
        if function == "Fn::Equals":
            return argument[1] == nats
        if function == "Condition":
            return holds(conditions, argument, nats)
        assert function == "Fn::Or"
        return any(value(each) for each in argument)

    return bool(value(conditions[name]))


def test_an_app_subnet_goes_out_by_its_zones_nat_gateway_or_else_by_the_first(network: Any) -> None:
    routes = [r for r in properties(network, "AWS::EC2::Route") if "NatGatewayId" in r]
    first = routes[0]["NatGatewayId"]
    assert len(routes) == ZONES
    assert "Ref" in first
    for route in routes[1:]:
        condition, own, otherwise = route["NatGatewayId"]["Fn::If"]
        assert otherwise == first
        assert network.find_resources("AWS::EC2::NatGateway")[own["Ref"]]["Condition"] == condition


def test_the_data_layer_has_no_way_out(network: Any) -> None:
    tables = network.find_resources("AWS::EC2::RouteTable", {"Properties": {"Tags": Match.any_value()}})
    data = [name for name in tables if "Data" in name]
    routed = {route["RouteTableId"]["Ref"] for route in properties(network, "AWS::EC2::Route")}
    assert len(data) == 1
    assert data[0] not in routed


def test_a_route_to_the_internet_waits_until_the_gateway_is_attached(network: Any) -> None:
    [attachment] = network.find_resources("AWS::EC2::VPCGatewayAttachment")
    for resource in [*network.find_resources("AWS::EC2::EIP").values()]:
        assert resource["DependsOn"] == [attachment]
    network.has_resource("AWS::EC2::Route", {"Properties": {"GatewayId": Match.any_value()}, "DependsOn": [attachment]})


def test_each_public_subnet_is_excluded_by_name_from_the_block_on_public_access_and_no_other(network: Any) -> None:
    excluded = properties(network, "AWS::EC2::VPCBlockPublicAccessExclusion")
    public = [name for name in network.find_resources("AWS::EC2::Subnet") if "Public" in name]
    assert [one["SubnetId"]["Ref"] for one in excluded] == public
    assert {one["InternetGatewayExclusionMode"] for one in excluded} == {"allow-bidirectional"}
    assert not any("VpcId" in one for one in excluded)


def test_the_default_security_group_is_closed_by_the_accounts_function(network: Any) -> None:
    [vpc] = network.find_resources("AWS::EC2::VPC")
    [closed] = properties(network, "Custom::ClosedDefaultGroup")
    assert (closed["ServiceToken"], closed["VpcId"]) == (FUNCTION, {"Ref": vpc})


def test_all_traffic_is_written_down_each_minute_encrypted(network: Any) -> None:
    [vpc] = network.find_resources("AWS::EC2::VPC")
    [flow] = properties(network, "AWS::EC2::FlowLog")
    assert (flow["ResourceId"], flow["TrafficType"], flow["MaxAggregationInterval"]) == ({"Ref": vpc}, "ALL", 60)
    [log] = network.find_resources("AWS::Logs::LogGroup").values()
    assert log["Properties"] == {"KmsKeyId": KEY, "RetentionInDays": 30}
    assert log["DeletionPolicy"] == "Retain"


def test_the_flow_log_may_write_to_its_log_group_and_serves_this_account_only(network: Any) -> None:
    [role] = properties(network, "AWS::IAM::Role")
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    [policy] = properties(network, "AWS::IAM::Policy")
    everywhere = [s["Action"] for s in policy["PolicyDocument"]["Statement"] if s["Resource"] == "*"]
    assert everywhere == ["logs:DescribeLogGroups"]


def endpoints(network: Any, kind: str) -> list[Any]:
    found = network.find_resources("AWS::EC2::VPCEndpoint", {"Properties": {"VpcEndpointType": kind}})
    return list(found.values())


def test_private_subnets_reach_s3_and_dynamodb_without_nat_gateways_and_without_condition(network: Any) -> None:
    gateways = endpoints(network, "Gateway")
    tables = [name for name in network.find_resources("AWS::EC2::RouteTable") if "Public" not in name]
    assert [g["Properties"]["ServiceName"]["Fn::Join"][1][-1] for g in gateways] == [".s3", ".dynamodb"]
    for gateway in gateways:
        assert "Condition" not in gateway
        assert [table["Ref"] for table in gateway["Properties"]["RouteTableIds"]] == tables


def test_nothing_can_be_written_through_a_gateway_to_another_account(network: Any) -> None:
    for gateway in endpoints(network, "Gateway"):
        for statement in gateway["Properties"]["PolicyDocument"]["Statement"]:
            if "Condition" in statement:
                assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
            else:
                assert all(action.split(":")[1].startswith(READING) for action in statement["Action"])


READING = ("Get", "List", "BatchGet", "Describe", "Query")


def test_interfaces_are_there_where_they_are_wanted_in_each_zone_under_the_public_name(network: Any) -> None:
    interfaces = endpoints(network, "Interface")
    [condition] = {interface["Condition"] for interface in interfaces}
    assert network.to_json()["Conditions"][condition] == {"Fn::Equals": [{"Ref": "Interfaces"}, "true"]}
    assert len(interfaces) == len(INTERFACES)
    for interface in interfaces:
        found = interface["Properties"]
        assert found["PrivateDnsEnabled"] is True
        assert len(found["SubnetIds"]) == ZONES
        [statement] = found["PolicyDocument"]["Statement"]
        assert statement["Condition"] == {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}


def test_interfaces_admit_https_from_the_vpc_and_let_nothing_out(network: Any) -> None:
    [group] = network.find_resources("AWS::EC2::SecurityGroup").values()
    [admitted] = group["Properties"]["SecurityGroupIngress"]
    [let_out] = group["Properties"]["SecurityGroupEgress"]
    assert group["Condition"] == endpoints(network, "Interface")[0]["Condition"]
    assert (admitted["FromPort"], admitted["ToPort"], admitted["CidrIp"]) == (443, 443, {"Ref": "Cidr"})
    assert let_out["CidrIp"] == "255.255.255.255/32"
