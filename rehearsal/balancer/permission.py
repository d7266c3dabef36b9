"""Whether a function's resource policy lets load balancers invoke it from a target group. Pure.

Elastic Load Balancing has nothing but that policy: an identity of its own it does not have.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html#prepare-lambda-function
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

PRINCIPAL = "elasticloadbalancing.amazonaws.com"
ACTIONS = ("lambda:InvokeFunction", "lambda:*", "*")


def may_invoke(statements: Iterable[Mapping[str, Any]], function_arn: str, group_arn: str) -> bool:
    """Whether a statement allows it.

    Args:
        function_arn: as it is registered. A permission for a function says nothing of its aliases, nor the reverse.
    """
    return any(_allows(statement, function_arn, group_arn) for statement in statements)


def _allows(statement: Mapping[str, Any], function_arn: str, group_arn: str) -> bool:
    principal = statement.get("Principal")
    service = principal.get("Service") if isinstance(principal, Mapping) else principal
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Action") in ACTIONS
        and statement.get("Resource") == function_arn
        and service in (PRINCIPAL, "*")
        and all(
            _holds(operator, key, str(value), group_arn)
            for operator, keys in (statement.get("Condition") or {}).items()
            for key, value in keys.items()
        )
    )


def _holds(operator: str, key: str, value: str, group_arn: str) -> bool:
    """A condition as AddPermission makes them; one that speaks of something else does not hold for a service."""
    match operator, key.lower():
        case "ArnLike", "aws:sourcearn":
            return fnmatchcase(group_arn, value.replace("[", "[[]"))
        case "StringEquals", "aws:sourceaccount":
            return group_arn.split(":")[4] == value
    return False
