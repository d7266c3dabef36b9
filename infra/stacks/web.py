"""The Web tier: the pages of Payroll."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.parameters import image_name
from infra.stacks.values import PAYROLL
from kiln.imported_network import imported_network
from kiln.load_balanced_tier import LoadBalancedTier, Route
from kiln.shared_values import ValueType
from kiln.tier import Size, Startup


class Web(cdk.Stack):
    """Instances of the Web image behind the load balancer; they take every path that no other tier takes."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = imported_network(
            self,
            "Vpc",
            vpc_id=PAYROLL.read(self, "network/vpc-id", ValueType.VPC),
            app_subnet_ids=PAYROLL.read_list(self, "network/app-subnet-ids", ValueType.SUBNETS),
        )
        size = Size(
            instance_types=PAYROLL.read_list(self, "web/instance-types"),
            minimum=PAYROLL.read_number(self, "web/minimum"),
            maximum=PAYROLL.read_number(self, "web/maximum"),
            root_volume_gib=PAYROLL.read_number(self, "web/root-volume-gib"),
        )
        startup = Startup(
            health_check_grace_seconds=PAYROLL.read_number(self, "web/health-check-grace-seconds"),
            warmup_seconds=PAYROLL.read_number(self, "web/warmup-seconds"),
        )
        route = Route(
            listener_arn=PAYROLL.read(self, "load-balancer/listener-arn"),
            load_balancer_security_group_id=PAYROLL.read(
                self, "load-balancer/security-group-id", ValueType.SECURITY_GROUP
            ),
            priority=1000,
            path_patterns=["/*"],
            port=8080,
            health_path="/health",
            deregistration_delay_seconds=PAYROLL.read_number(self, "web/deregistration-delay-seconds"),
        )
        LoadBalancedTier(
            self,
            "Web",
            name="web",
            vpc=vpc,
            image_id=PAYROLL.read(self, image_name("web"), ValueType.IMAGE),
            size=size,
            readable_parameters=[PAYROLL.path("environment")],
            startup=startup,
            route=route,
        )
