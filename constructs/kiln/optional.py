"""What may be there or not: one template for all environments says it with conditions.

SSM has no empty values, so `NONE` stands where a value is not set. A list has a fixed number of places in a template;
those that are not used hold `NONE`.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct, IConstruct

NONE = "none"


def is_set(scope: Construct, construct_id: str, value: str) -> cdk.CfnCondition:
    """A condition that is true where `value` is not `NONE`; `value` may be a token."""
    unset = cdk.Fn.condition_equals(value, NONE)
    return cdk.CfnCondition(scope, construct_id, expression=cdk.Fn.condition_not(unset))


def is_true(scope: Construct, construct_id: str, value: str) -> cdk.CfnCondition:
    """A condition that is true where `value` is the text `true`; `value` may be a token."""
    return cdk.CfnCondition(scope, construct_id, expression=cdk.Fn.condition_equals(value, "true"))


def value_if(condition: cdk.CfnCondition, value: object, otherwise: object = cdk.Aws.NO_VALUE) -> cdk.IResolvable:
    """`value` where the condition holds; without `otherwise`, the property is not there."""
    return cdk.Fn.condition_if(condition.logical_id, value, otherwise)


def only_if(condition: cdk.CfnCondition, construct: IConstruct) -> None:
    """Make every resource of `construct` depend on the condition. What refers to one of them needs `value_if`."""
    for node in construct.node.find_all():
        if isinstance(node, cdk.CfnResource):
            node.cfn_options.condition = condition


def places(
    scope: Construct, construct_id: str, values: Sequence[str], count: int
) -> list[tuple[str, cdk.CfnCondition]]:
    """The items of a list token with `count` places, each with the condition that its place is used."""
    items = [cdk.Fn.select(number, list(values)) for number in range(count)]
    return [(item, is_set(scope, f"{construct_id}{number}", item)) for number, item in enumerate(items, start=1)]
