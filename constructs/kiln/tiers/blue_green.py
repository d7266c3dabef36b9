"""Two target groups and the two rules by which ECS sends a service's requests from the old tasks to the new ones.

ECS starts the new tasks beside the old ones, sends them the test requests, then all others at once, and keeps the old
ones for a while, so that going back is a change of a rule. It changes the weights of the rules itself; CloudFormation
sets them anew only when the rule changes in the template. See
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from kiln.edge.listener_rule import Listener, ListenerRule
from kiln.edge.target_group import TargetGroup
from kiln.operations.alarm import Alarm
from kiln.operations.topics import Topics
from kiln.refusal import refuse
from kiln.tiers.container_task import CONTAINER

TEST_HEADER = ("x-kiln-test", "true")
LOOK = ("DescribeListeners", "DescribeRules", "DescribeTargetGroups", "DescribeTargetHealth")


@dataclass(frozen=True, slots=True)
class ContainerRoute:
    """Which requests of a listener come to a service, and where its containers take them.

    Args:
        listener: see `Listener`.
        priority: of the rule among all rules of the listener.
        test_priority: of the rule for requests with the header `TEST_HEADER`; asked before the other.
        path_patterns: for example `/reports/*`.
        health_path: answers 200 while a container can take requests.
        deregistration_delay_seconds: how long a leaving container may finish what it has begun; may be a token.
        plain_http_reason: why the containers speak plain HTTP instead of HTTPS.
    """

    listener: Listener
    priority: int
    test_priority: int
    path_patterns: Sequence[str]
    health_path: str
    deregistration_delay_seconds: float = 15
    plain_http_reason: str | None = None


class BlueGreen(Construct):
    """`.load_balancer` is what a service says of it, `.alarms` end a deployment, and it has to wait for `.policy`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vpc: ec2.IVpc,
        port: float,
        route: ContainerRoute,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)
        if route.test_priority >= route.priority:
            expected = f"below {route.priority}, or the other rule takes the test requests"
            raise refuse(self, "route.test_priority", found=route.test_priority, expected=expected)
        blue, green = (
            TargetGroup(
                self,
                colour,
                tier=f"{name} ({colour.lower()})",
                vpc=vpc,
                port=port,
                health_path=route.health_path,
                deregistration_delay_seconds=route.deregistration_delay_seconds,
                load_balancer=route.listener.load_balancer,
                topics=topics,
                plain_http_reason=route.plain_http_reason,
                target_type="ip",
            )
            for colour in ("Blue", "Green")
        )
        self.alarms: list[Alarm] = [*blue.alarms, *green.alarms]
        weights = {blue.arn: 100, green.arn: 0}
        production, test = (
            ListenerRule(
                self,
                construct_id_of_rule,
                listener_arn=route.listener.arn,
                priority=priority,
                path_patterns=route.path_patterns,
                weights=weights,
                header=header,
            )
            for construct_id_of_rule, priority, header in (
                ("Production", route.priority, None),
                ("Test", route.test_priority, TEST_HEADER),
            )
        )
        self.load_balancer = ecs.CfnService.LoadBalancerProperty(
            container_name=CONTAINER,
            container_port=port,
            target_group_arn=blue.arn,
            advanced_configuration=ecs.CfnService.AdvancedConfigurationProperty(
                alternate_target_group_arn=green.arn,
                production_listener_rule=production.arn,
                test_listener_rule=test.arn,
                role_arn=self._role([production.arn, test.arn], [blue.arn, green.arn]),
            ),
        )

    def _role(self, rule_arns: list[str], target_group_arns: list[str]) -> str:
        """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AmazonECSInfrastructureRolePolicyForLoadBalancers.html"""
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("ecs.amazonaws.com"),
            description="ECS shifts requests between two target groups",
        )
        api = "elasticloadbalancing"
        register = [f"{api}:RegisterTargets", f"{api}:DeregisterTargets"]
        for sid, actions, resources in (
            ("Look", [f"{api}:{action}" for action in LOOK], ["*"]),
            ("Shift", [f"{api}:ModifyRule"], rule_arns),
            ("Register", register, target_group_arns),
        ):
            role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=resources))
        self.policy = role.node.find_child("DefaultPolicy")
        return str(role.role_arn)
