"""The order of stacks: each after those that write the shared values it reads, so nobody writes an order down.

For an app of one's own, once all its stacks are there:

    stage = cdk.Stage(app, "Shop-Test", env=…)
    …
    order_stacks(stage)
"""

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from kiln.refusal import refuse

READ = "AWS::SSM::Parameter::Value<"
BOOTSTRAP = "/cdk-bootstrap/"
"""The CDK's own values; its bootstrap writes them."""


def order_stacks(scope: Construct) -> None:
    """Make each stack below `scope`, which is one environment, depend on the writers of what it reads.

    Errors: `WrongProperty` for a value that no stack below `scope` writes, or that two of them do.
    """
    stacks = [node for node in scope.node.find_all() if isinstance(node, cdk.Stack)]
    writers: dict[str, cdk.Stack] = {}
    for stack in stacks:
        for name in _written(stack):
            if name in writers:
                expected = f"one writer: {writers[name].node.path} writes it too"
                raise refuse(stack, "shared value", found=name, expected=expected)
            writers[name] = stack
    for stack in stacks:
        for name in _read(stack):
            if name not in writers:
                raise refuse(stack, "shared value", found=name, expected=f"a value that a stack of {_of(scope)} writes")
            if writers[name] is not stack:
                stack.add_stack_dependency(writers[name])


def _of(scope: Construct) -> str:
    return scope.node.path or "the app"


def _written(stack: cdk.Stack) -> list[str]:
    return [node.name for node in stack.node.find_all() if isinstance(node, ssm.CfnParameter) and node.name]


def _read(stack: cdk.Stack) -> list[str]:
    parameters = (node for node in stack.node.find_all() if isinstance(node, cdk.CfnParameter))
    names = (str(one.default) for one in parameters if one.type.startswith(READ))
    return [name for name in names if not name.startswith(BOOTSTRAP)]
