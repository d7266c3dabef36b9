from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.shared_values import SharedValues, ValueType

VALUES = SharedValues("/kiln/test")


def test_a_written_text_is_a_string_and_a_sequence_a_string_list(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        VALUES.write(stack, "some/text", "a")
        VALUES.write(stack, "some/list", ["a", "b"])

    written = template(build)
    written.has_resource_properties(
        "AWS::SSM::Parameter", {"Name": "/kiln/test/some/text", "Type": "String", "Value": "a"}
    )
    written.has_resource_properties(
        "AWS::SSM::Parameter", {"Name": "/kiln/test/some/list", "Type": "StringList", "Value": "a,b"}
    )


def test_an_image_is_written_with_the_data_type_that_systems_manager_checks(template: Callable[..., Any]) -> None:
    written = template(lambda stack: VALUES.write(stack, "web/image-id", "ami-1", is_image=True))
    written.has_resource_properties("AWS::SSM::Parameter", {"DataType": "aws:ec2:image"})


def test_a_value_is_read_by_an_ssm_typed_parameter_whose_default_is_its_name(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        cdk.CfnOutput(stack, "Out", value=VALUES.read(stack, "network/vpc-id", ValueType.VPC))

    read = template(build)
    read.has_parameter(
        "NetworkVpcId",
        {"Type": "AWS::SSM::Parameter::Value<AWS::EC2::VPC::Id>", "Default": "/kiln/test/network/vpc-id"},
    )
    read.has_output("Out", {"Value": {"Ref": "NetworkVpcId"}})


def test_reading_a_value_twice_makes_one_parameter(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        assert VALUES.read(stack, "a") == VALUES.read(stack, "a")

    assert list(template(build).find_parameters("A")) == ["A"]


def test_a_number_keeps_its_token_where_a_number_is_wanted(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        number = VALUES.read_number(stack, "web/minimum")
        cdk.CfnResource(stack, "Group", type="A::B::C", properties={"Size": number})

    template(build).has_resource_properties("A::B::C", {"Size": {"Ref": "WebMinimum"}})


@pytest.mark.parametrize("value_type", [ValueType.TEXTS, ValueType.SUBNETS])
def test_a_list_stays_one_token(template: Callable[..., Any], value_type: ValueType) -> None:
    def build(stack: cdk.Stack) -> None:
        cdk.CfnResource(stack, "X", type="A::B::C", properties={"All": VALUES.read_list(stack, "ids", value_type)})

    template(build).has_resource_properties("A::B::C", {"All": {"Ref": "Ids"}})
