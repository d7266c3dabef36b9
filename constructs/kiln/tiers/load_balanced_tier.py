"""A tier behind a load balancer that another stack owns: target group, listener rule and the way between the two."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from kiln.edge.listener_rule import Listener, ListenerRule
from kiln.edge.target_group import TargetGroup
from kiln.network.opening import Opening, Peer
from kiln.tiers.auto_scaling_group import Startup
from kiln.tiers.instance_choice import Size
from kiln.tiers.instance_role import Access
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.target_tracking import TargetTracking
from kiln.tiers.tier import Tier


@dataclass(frozen=True, slots=True)
class Route:
    """Which requests of a listener come to a tier, and where its instances take them.

    Args:
        listener: see `Listener`.
        priority: of the rule among all rules of the listener; the lowest is asked first.
        path_patterns: for example `/*`.
        port: where the instances listen, over HTTPS.
        health_path: answers 200 while the instance can take requests.
        deregistration_delay_seconds: how long a leaving instance may finish what it has begun; may be a token.
        requests_per_instance: in a minute, to which the group scales; may be a token.
        plain_http_reason: why the instances speak plain HTTP instead.
    """

    listener: Listener
    priority: int
    path_patterns: Sequence[str]
    port: int
    health_path: str
    deregistration_delay_seconds: float
    requests_per_instance: float
    plain_http_reason: str | None = None


class LoadBalancedTier(Construct):
    """A `Tier` that answers the requests of a `Route`, and grows with them; `.tier` has its role and its names."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        image_id: str,
        size: Size,
        startup: Startup,
        surroundings: Surroundings,
        route: Route,
        access: Access | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        targets = TargetGroup(
            self,
            "TargetGroup",
            tier=name,
            vpc=surroundings.vpc,
            port=route.port,
            health_path=route.health_path,
            deregistration_delay_seconds=route.deregistration_delay_seconds,
            load_balancer=route.listener.load_balancer,
            topics=surroundings.topics,
            plain_http_reason=route.plain_http_reason,
        )
        self.tier = Tier(
            self,
            "Tier",
            name=name,
            image_id=image_id,
            size=size,
            startup=startup,
            surroundings=surroundings,
            access=access,
            target_group_arns=[targets.arn],
            rollback_alarms=targets.alarms,
        )
        balancer = ec2.SecurityGroup.from_security_group_id(
            self, "LoadBalancerGroup", route.listener.security_group_id, allow_all_outbound=False
        )
        instances = Peer(name, self.tier.security_group.security_group_id, route.port)
        Opening(self, "Requests", security_group=balancer, who="Load balancer", peer=instances)
        rule = ListenerRule(
            self,
            "Rule",
            listener_arn=route.listener.arn,
            priority=route.priority,
            path_patterns=route.path_patterns,
            weights={targets.arn: 1},
        )
        # A target group that no rule names has no health to wait for.
        self.tier.group.resource.add_resource_dependency(rule.resource)
        scaling = TargetTracking(
            self,
            "Scaling",
            group_name=self.tier.group_name,
            target=route.requests_per_instance,
            requests_of=f"{route.listener.load_balancer}/{targets.full_name}",
        )
        # AWS refuses to count the requests of a target group that no load balancer has.
        scaling.node.add_dependency(rule)
