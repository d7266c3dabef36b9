"""A tier behind a load balancer that another stack owns: target group, listener rule and the way between the two."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from kiln.tier import Size, Startup, Tier


@dataclass(frozen=True, slots=True)
class Route:
    """Which requests of a listener come to a tier, and where its instances take them.

    Args:
        listener_arn: may be a token.
        load_balancer_security_group_id: may be a token.
        priority: of the rule among all rules of the listener; the lowest is asked first.
        path_patterns: for example `/*`.
        port: where the instances listen, plain HTTP.
        health_path: answers 200 while the instance can take requests.
        deregistration_delay_seconds: how long a leaving instance may finish what it has begun; may be a token.
    """

    listener_arn: str
    load_balancer_security_group_id: str
    priority: int
    path_patterns: Sequence[str]
    port: int
    health_path: str
    deregistration_delay_seconds: float


class LoadBalancedTier(Construct):
    """A `Tier` that answers the requests of a `Route`; `.tier` has its role, security group and Auto Scaling group."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vpc: ec2.IVpc,
        image_id: str,
        size: Size,
        readable_parameters: Sequence[str],
        startup: Startup,
        route: Route,
    ) -> None:
        super().__init__(scope, construct_id)
        self.tier = Tier(
            self,
            "Tier",
            name=name,
            vpc=vpc,
            image_id=image_id,
            size=size,
            readable_parameters=readable_parameters,
            startup=startup,
        )
        target_group = elb.ApplicationTargetGroup(
            self,
            "TargetGroup",
            vpc=vpc,
            port=route.port,
            protocol=elb.ApplicationProtocol.HTTP,
            target_type=elb.TargetType.INSTANCE,
            deregistration_delay=cdk.Duration.seconds(route.deregistration_delay_seconds),
            health_check=elb.HealthCheck(
                path=route.health_path,
                healthy_http_codes="200",
                interval=cdk.Duration.seconds(5),
                timeout=cdk.Duration.seconds(2),
                healthy_threshold_count=2,
                unhealthy_threshold_count=2,
            ),
        )
        balancer_group = ec2.SecurityGroup.from_security_group_id(
            self, "LoadBalancerGroup", route.load_balancer_security_group_id, allow_all_outbound=False
        )
        balancer_group.connections.allow_to(self.tier.security_group, ec2.Port.tcp(route.port), f"Requests to {name}")
        rule = elb.CfnListenerRule(
            self,
            "Rule",
            listener_arn=route.listener_arn,
            priority=route.priority,
            conditions=[
                elb.CfnListenerRule.RuleConditionProperty(
                    field="path-pattern",
                    path_pattern_config=elb.CfnListenerRule.PathPatternConfigProperty(values=list(route.path_patterns)),
                )
            ],
            actions=[
                elb.CfnListenerRule.ActionProperty(type="forward", target_group_arn=target_group.target_group_arn)
            ],
        )
        group = self.tier.group.node.default_child
        group.target_group_arns = [target_group.target_group_arn]
        # A target group that no rule names has no health to wait for.
        group.add_resource_dependency(rule)
