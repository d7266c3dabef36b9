"""The container tier: an option for parts of Payroll that come as container images."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks import tiers
from infra.stacks.records import read_records
from infra.stacks.topics import read_topics
from infra.stacks.values import LISTENER, PAYROLL
from kiln.tiers.blue_green import ContainerRoute
from kiln.tiers.container_task import Container as App
from kiln.tiers.container_tier import ContainerTier, Tasks

TIER = "container"


class Container(cdk.Stack):
    """Containers on Fargate behind the load balancer, under `/container/`."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        app = App(
            image=PAYROLL.read(self, "container/image"),
            port=PAYROLL.read_number(self, "container/port"),
            cpu_units=PAYROLL.read_number(self, "container/cpu-units"),
            memory_mib=PAYROLL.read_number(self, "container/memory-mib"),
        )
        tasks = Tasks(PAYROLL.read_number(self, "container/minimum"), PAYROLL.read_number(self, "container/maximum"))
        route = ContainerRoute(
            listener=tiers.read_listener(self),
            priority=LISTENER.of(self, TIER),
            test_priority=LISTENER.of(self, "container-test"),
            path_patterns=["/container/*"],
            health_path="/",
            plain_http_reason="The container speaks plain HTTP; only the load balancer reaches its port",
        )
        ContainerTier(
            self,
            "Container",
            name=TIER,
            container=app,
            tasks=tasks,
            route=route,
            vpc=tiers.read_network(self),
            records=read_records(self),
            topics=read_topics(self),
        )
