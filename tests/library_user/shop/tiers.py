"""The database, and the two tiers that use it."""

import aws_cdk as cdk

from kiln.data.aurora_mysql import AuroraMysql
from kiln.data.aurora_settings import Capacity, Engine, Keeping
from kiln.edge.listener_rule import Listener
from kiln.network.imported_network import imported_network
from kiln.operations.rollback_triggers import rollback_alarm_arns
from kiln.shared_values import ValueType
from kiln.tiers.load_balanced_tier import LoadBalancedTier, Route
from kiln.tiers.queue import Queue
from kiln.tiers.queue_worker_tier import QueueWorkerTier
from kiln.tiers.tier import Startup, Tier

from .values import LISTENER, SHOP, access, records, size, surroundings, topics

JOB_SECONDS = 60


def database(stack: cdk.Stack) -> None:
    made = AuroraMysql(
        stack,
        "Database",
        name="shop",
        vpc=imported_network(stack, "Vpc", vpc_id=SHOP.read(stack, "network/vpc-id", ValueType.VPC)),
        subnet_ids=SHOP.read_list(stack, "network/data-subnet-ids", ValueType.SUBNETS),
        capacity=Capacity(
            instance_class=SHOP.read(stack, "database/instance-class"),
            readers=SHOP.read(stack, "database/readers"),
            minimum_acus=SHOP.read(stack, "database/minimum-acus"),
            maximum_acus=SHOP.read(stack, "database/maximum-acus"),
        ),
        keeping=Keeping(
            backup_days=SHOP.read_number(stack, "database/backup-days"),
            deletion_protection=SHOP.read(stack, "environment/protected"),
        ),
        key_arn=SHOP.read(stack, "keys/data-arn"),
        records=records(stack),
        topics=topics(stack, info="warning"),  # a database has nothing to say that nobody needs to look at
        engine=Engine(schema_name="shop"),
    )
    SHOP.write(stack, "database/endpoint", made.endpoint)
    SHOP.write(stack, "database/port", str(made.port))
    SHOP.write(stack, "database/resource-id", made.resource_id)
    SHOP.write(stack, "database/security-group-id", made.security_group.security_group_id)


def orders(stack: cdk.Stack) -> None:
    around = surroundings(stack)
    jobs = Queue(
        stack,
        "Jobs",
        job_seconds=JOB_SECONDS,
        waiting_seconds=600,
        key_arn=SHOP.read(stack, "keys/messages-arn"),
        topics=around.topics,
    )
    SHOP.write(stack, "orders/queue-arn", jobs.arn)
    SHOP.write(stack, "orders/queue-url", jobs.url)
    workers = QueueWorkerTier(
        stack,
        "Orders",
        name="orders",
        image_id=SHOP.read(stack, "orders/image-id", ValueType.IMAGE),
        size=size(stack, "orders"),
        startup=Startup(health_check_grace_seconds=60, warmup_seconds=5),
        surroundings=around,
        queue=jobs,
        backlog_per_instance=20,
        access=access(stack, "orders", send_to=[]),
    )
    _tell(stack, workers.tier)


def web(stack: cdk.Stack) -> None:
    listener = Listener(
        arn=SHOP.read(stack, "entrance/listener-arn"),
        security_group_id=SHOP.read(stack, "entrance/security-group-id", ValueType.SECURITY_GROUP),
        load_balancer=SHOP.read(stack, "entrance/full-name"),
    )
    route = Route(
        listener=listener,
        priority=LISTENER.of(stack, "web"),
        path_patterns=["/*"],
        port=8443,
        health_path="/health",
        deregistration_delay_seconds=30,
        requests_per_instance=1000,
    )
    pages = LoadBalancedTier(
        stack,
        "Web",
        name="web",
        image_id=SHOP.read(stack, "web/image-id", ValueType.IMAGE),
        size=size(stack, "web"),
        startup=Startup(health_check_grace_seconds=60, warmup_seconds=20),
        surroundings=surroundings(stack),
        route=route,
        access=access(stack, "web", send_to=[SHOP.read(stack, "orders/queue-arn")]),
    )
    _tell(stack, pages.tier)


def _tell(stack: cdk.Stack, tier: Tier) -> None:
    """For its instances where they write their log, and for whoever deploys which alarms take a deployment back."""
    SHOP.write(stack, f"{tier.name}/log-group", tier.log_group_name)
    SHOP.write(stack, f"{tier.name}/rollback-alarm-arns", rollback_alarm_arns(tier, tier.rollback_alarms))
