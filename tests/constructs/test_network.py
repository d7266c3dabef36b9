from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match

from kiln.network import LAYERS, ZONES, Network


@pytest.fixture
def network(template: Callable[..., Any]) -> Any:
    def build(stack: cdk.Stack) -> None:
        nat_gateways = cdk.CfnParameter(stack, "Nats").value_as_string
        cidr = cdk.CfnParameter(stack, "Cidr").value_as_string
        Network(stack, "Network", cidr=cidr, nat_gateways=nat_gateways)

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
