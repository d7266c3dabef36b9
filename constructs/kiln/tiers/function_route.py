"""The way from a load balancer to a function: a target group of its own kind, a rule, and the permission to call."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from kiln.edge.listener_rule import ListenerRule


@dataclass(frozen=True, slots=True)
class FunctionRoute:
    """Which requests of a listener a function answers.

    Args:
        listener_arn: may be a token.
        priority: of the rule among all rules of the listener.
        path_patterns: for example `/hooks/*`.
    """

    listener_arn: str
    priority: int
    path_patterns: Sequence[str]


class FunctionTargets(Construct):
    """Sends the requests of a `FunctionRoute` to the alias `alias_arn`, and lets load balancers call it."""

    def __init__(self, scope: Construct, construct_id: str, *, alias_arn: str, route: FunctionRoute) -> None:
        super().__init__(scope, construct_id)
        permission = lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=alias_arn,
            principal="elasticloadbalancing.amazonaws.com",
        )
        targets = elb.CfnTargetGroup(
            self,
            "Resource",
            target_type="lambda",
            targets=[elb.CfnTargetGroup.TargetDescriptionProperty(id=alias_arn)],
        )
        # AWS asks for the permission when the target is registered.
        targets.add_resource_dependency(permission)
        ListenerRule(
            self,
            "Rule",
            listener_arn=route.listener_arn,
            priority=route.priority,
            path_patterns=route.path_patterns,
            weights={targets.ref: 1},
        )
