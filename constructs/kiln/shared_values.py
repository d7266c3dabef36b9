"""The one way a value crosses a stack boundary: an SSM parameter, read by an SSM-typed CloudFormation parameter.

CloudFormation reads such a parameter again at every update, and the CDK's CLI never skips a stack that has one, so a
consumer is never stale. Exports deadlock and plain parameters keep their first default. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-supplied-parameter-types.html

The names are also the only record of the order of stacks: a stack is deployed after those that write what it reads.
"""

from collections.abc import Sequence
from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct


class ValueType(StrEnum):
    """What CloudFormation checks a value to be before a stack starts to change."""

    TEXT = "String"
    TEXTS = "List<String>"
    IMAGE = "AWS::EC2::Image::Id"
    SECURITY_GROUP = "AWS::EC2::SecurityGroup::Id"
    SUBNETS = "List<AWS::EC2::Subnet::Id>"
    VPC = "AWS::EC2::VPC::Id"


class SharedValues:
    """The values under one SSM path: under `/kiln/shop`, `network/vpc-id` is `/kiln/shop/network/vpc-id`."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, name: str) -> str:
        """The full SSM name of a value."""
        return f"{self.root}/{name}"

    def write(self, scope: Construct, name: str, value: str | Sequence[str], *, is_image: bool = False) -> None:
        """Write a value; a sequence becomes a StringList.

        `is_image` gives the parameter the data type `aws:ec2:image`: Systems Manager then refuses an AMI id that the
        account cannot launch.
        """
        is_text = isinstance(value, str)
        ssm.CfnParameter(
            scope,
            f"Write{_identifier(name)}",
            name=self.path(name),
            type="String" if is_text else "StringList",
            value=value if is_text else cdk.Fn.join(",", list(value)),
            data_type="aws:ec2:image" if is_image else None,
        )

    def read(self, scope: Construct, name: str, value_type: ValueType = ValueType.TEXT) -> str:
        """A single value as a token."""
        return str(self._parameter(scope, name, value_type).value_as_string)

    def read_list(self, scope: Construct, name: str, value_type: ValueType = ValueType.TEXTS) -> list[str]:
        """A list of values as one list token; its length is not known at synthesis."""
        return list(self._parameter(scope, name, value_type).value_as_list)

    def read_number(self, scope: Construct, name: str) -> float:
        """A number as a number token; Systems Manager knows only text, CloudFormation converts it."""
        return float(cdk.Token.as_number(self._parameter(scope, name, ValueType.TEXT).value))

    def _parameter(self, scope: Construct, name: str, value_type: ValueType) -> cdk.CfnParameter:
        stack = cdk.Stack.of(scope)
        known = stack.node.try_find_child(_identifier(name))
        if isinstance(known, cdk.CfnParameter):
            return known
        parameter_type = f"AWS::SSM::Parameter::Value<{value_type}>"
        return cdk.CfnParameter(stack, _identifier(name), type=parameter_type, default=self.path(name))


def _identifier(name: str) -> str:
    """`network/vpc-id` → `NetworkVpcId`."""
    return "".join(part.capitalize() for part in name.replace("/", "-").split("-"))
