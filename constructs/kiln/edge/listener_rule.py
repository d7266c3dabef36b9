"""Which requests of a load balancer go to whom: a rule on a listener that another stack owns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from kiln.edge.listener_priorities import HIGHEST, LOWEST
from kiln.refusal import refuse, require_between

Rule = elb.CfnListenerRule

MOST_VALUES = 5
"""Conditions and wildcards of a rule: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/
load-balancer-limits.html"""


@dataclass(frozen=True, slots=True)
class Listener:
    """The HTTPS listener of a load balancer; every field may be a token.

    Args:
        arn: of the listener.
        security_group_id: of the load balancer.
        load_balancer: its full name, `app/name/id`: the dimension of its metrics.
    """

    arn: str
    security_group_id: str
    load_balancer: str


class ListenerRule(Construct):
    """Forwards what matches to target groups; `.arn` is a token, `.resource` the rule for whoever must wait for it.

    Args:
        listener_arn: may be a token.
        priority: among all rules of the listener, 1 to 50000; the lowest is asked first.
        path_patterns: for example `/*`.
        weights: ARN of a target group → its share, 0 to 999.
        header: of HTTP, with the value that a request must have: for requests that only a test makes.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        listener_arn: str,
        priority: int,
        path_patterns: Sequence[str],
        weights: Mapping[str, int],
        header: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(self, "priority", priority, LOWEST, HIGHEST, "(the lowest is asked first)")
        if not 1 <= len(path_patterns) + bool(header) <= MOST_VALUES:
            raise refuse(self, "path_patterns", found=path_patterns, expected=f"1 to {MOST_VALUES} with the header")
        if wrong := [path for path in path_patterns if not cdk.Token.is_unresolved(path) and path[:1] not in "/*"]:
            raise refuse(self, "path_patterns", found=wrong, expected="paths that begin with / or *")
        if not sum(weights.values()):
            raise refuse(self, "weights", found=dict(weights), expected="one above 0: else nobody answers")
        conditions = [
            Rule.RuleConditionProperty(
                field="path-pattern", path_pattern_config=Rule.PathPatternConfigProperty(values=list(path_patterns))
            )
        ]
        if header:
            name, value = header
            config = Rule.HttpHeaderConfigProperty(http_header_name=name, values=[value])
            conditions.append(Rule.RuleConditionProperty(field="http-header", http_header_config=config))
        self.resource = Rule(
            self,
            "Resource",
            listener_arn=listener_arn,
            priority=priority,
            conditions=conditions,
            actions=[_forward(weights)],
        )
        self.arn: str = self.resource.ref


def _forward(weights: Mapping[str, int]) -> elb.CfnListenerRule.ActionProperty:
    if len(weights) == 1:
        return Rule.ActionProperty(type="forward", target_group_arn=next(iter(weights)))
    groups = [Rule.TargetGroupTupleProperty(target_group_arn=arn, weight=weight) for arn, weight in weights.items()]
    return Rule.ActionProperty(type="forward", forward_config=Rule.ForwardConfigProperty(target_groups=groups))
