"""The Web tier: the pages of Payroll."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks import tiers
from infra.stacks.values import LISTENER, PAYROLL
from kiln.tiers.instance_role import Access
from kiln.tiers.load_balanced_tier import LoadBalancedTier, Route

TIER = "web"


class Web(cdk.Stack):
    """Instances of the Web image behind the load balancer; they take every path that no other tier takes."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        route = Route(
            listener=tiers.read_listener(self),
            priority=LISTENER.of(self, TIER),
            path_patterns=["/*"],
            port=8080,
            health_path="/health",
            deregistration_delay_seconds=PAYROLL.read_number(self, "web/deregistration-delay-seconds"),
            requests_per_instance=PAYROLL.read_number(self, "web/requests-per-instance"),
            plain_http_reason="The Web image speaks plain HTTP on 8080; only the load balancer reaches that port",
        )
        access = Access(
            parameters=tiers.parameters_of(
                TIER, "database/endpoint", "database/port", "worker/queue-url", "table/name"
            ),
            logins=[tiers.read_login(self, TIER)],
            send_to=[PAYROLL.read(self, "worker/queue-arn")],
            tables=[PAYROLL.read(self, "table/arn")],
            peers=[tiers.read_database(self)],
        )
        web = LoadBalancedTier(
            self,
            "Web",
            name=TIER,
            image_id=tiers.read_image(self, TIER),
            size=tiers.read_size(self, TIER),
            startup=tiers.read_startup(self, TIER),
            surroundings=tiers.read_surroundings(self),
            route=route,
            access=access,
        )
        tiers.write_tier(self, web.tier)
