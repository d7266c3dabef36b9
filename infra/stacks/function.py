"""The function tier: an option for parts of Payroll that are asked now and then."""

from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from infra.stacks import tiers
from infra.stacks.records import read_records
from infra.stacks.topics import read_topics
from infra.stacks.values import LISTENER, PAYROLL
from kiln.tiers.function_alias import Traffic
from kiln.tiers.function_route import FunctionRoute
from kiln.tiers.function_tier import Code, FunctionTier

TIER = "function"
SOURCE = Path(__file__).resolve().with_name("function_handler.py")


class Function(cdk.Stack):
    """A function behind the load balancer, under `/function/`."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        traffic = Traffic(
            stable_version=PAYROLL.read(self, "function/stable-version"),
            new_version_weight=PAYROLL.read_number(self, "function/new-version-weight"),
        )
        route = FunctionRoute(
            listener_arn=PAYROLL.read(self, "load-balancer/listener-arn"),
            priority=LISTENER.of(self, TIER),
            path_patterns=["/function/*"],
        )
        FunctionTier(
            self,
            "Function",
            name=TIER,
            code=Code(SOURCE.read_text("utf-8"), memory_mib=PAYROLL.read_number(self, "function/memory-mib")),
            traffic=traffic,
            vpc=tiers.read_network(self),
            records=read_records(self),
            topics=read_topics(self),
            queue_key_arn=PAYROLL.read(self, "keys/messages-arn"),
            route=route,
        )
