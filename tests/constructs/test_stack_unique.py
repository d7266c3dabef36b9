from collections.abc import Callable
from typing import Any

import aws_cdk as cdk

from kiln.stack_unique import short_unique_name, unique_name

UUID = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}


def test_a_name_ends_with_the_uuid_of_the_stack_or_its_first_block(template: Callable[..., Any]) -> None:
    def build(stack: cdk.Stack) -> None:
        cdk.CfnOutput(stack, "Long", value=unique_name("database"))
        cdk.CfnOutput(stack, "Short", value=short_unique_name("broker"))

    found = template(build)
    found.has_output("Long", {"Value": {"Fn::Join": ["", ["database-", UUID]]}})
    block = {"Fn::Select": [0, {"Fn::Split": ["-", UUID]}]}
    found.has_output("Short", {"Value": {"Fn::Join": ["", ["broker-", block]]}})
