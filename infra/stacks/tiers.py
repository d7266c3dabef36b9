"""What every tier reads, and what it leaves for others: said once, so that a tier's stack says only what is its own."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.stacks.parameters import image_name
from infra.stacks.records import read_records
from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.edge.listener_rule import Listener
from kiln.network.imported_network import imported_network
from kiln.network.opening import Peer
from kiln.operations.rollback_triggers import rollback_alarm_arns
from kiln.shared_values import ValueType
from kiln.tiers.instance_choice import Size
from kiln.tiers.instance_role import DatabaseLogin
from kiln.tiers.queue import Queue
from kiln.tiers.scheduled_stop import Schedule
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.tier import Startup, Tier


def read_network(scope: Construct) -> ec2.IVpc:
    """The VPC with its app subnets."""
    return imported_network(
        scope,
        "Vpc",
        vpc_id=PAYROLL.read(scope, "network/vpc-id", ValueType.VPC),
        app_subnet_ids=PAYROLL.read_list(scope, "network/app-subnet-ids", ValueType.SUBNETS),
    )


def read_surroundings(scope: Construct, *, has_queues: bool = True) -> Surroundings:
    """Network, keys, topics and the like of the environment; the key of queues only for tiers that have some."""
    return Surroundings(
        vpc=read_network(scope),
        data_key_arn=PAYROLL.read(scope, "keys/data-arn"),
        records=read_records(scope),
        topics=read_topics(scope),
        protected=PAYROLL.read(scope, "protected"),
        schedule=Schedule(
            stop=PAYROLL.read(scope, "schedule/stop"),
            start=PAYROLL.read(scope, "schedule/start"),
            time_zone=PAYROLL.read(scope, "schedule/time-zone"),
        ),
        messages_key_arn=PAYROLL.read(scope, "keys/messages-arn") if has_queues else None,
    )


def read_image(scope: Construct, tier: str) -> str:
    """The AMI id of a tier."""
    return PAYROLL.read(scope, image_name(tier), ValueType.IMAGE)


def read_size(scope: Construct, tier: str, *, unlimited_credits: str = "false") -> Size:
    """The size of a tier, as its table in the parameter file says."""
    return Size(
        instance_types=PAYROLL.read_list(scope, f"{tier}/instance-types"),
        minimum=PAYROLL.read_number(scope, f"{tier}/minimum"),
        maximum=PAYROLL.read_number(scope, f"{tier}/maximum"),
        root_volume_gib=PAYROLL.read_number(scope, f"{tier}/root-volume-gib"),
        on_demand_percent=PAYROLL.read_number(scope, f"{tier}/on-demand-percent"),
        unlimited_credits=unlimited_credits,
    )


def read_startup(scope: Construct, tier: str) -> Startup:
    """How long the instances of a tier may take to start."""
    return Startup(
        health_check_grace_seconds=PAYROLL.read_number(scope, f"{tier}/health-check-grace-seconds"),
        warmup_seconds=PAYROLL.read_number(scope, f"{tier}/warmup-seconds"),
    )


def read_listener(scope: Construct) -> Listener:
    """The HTTPS listener of the environment."""
    return Listener(
        arn=PAYROLL.read(scope, "load-balancer/listener-arn"),
        security_group_id=PAYROLL.read(scope, "load-balancer/security-group-id", ValueType.SECURITY_GROUP),
        load_balancer=PAYROLL.read(scope, "load-balancer/full-name"),
    )


def read_database(scope: Construct) -> Peer:
    """The way to the database."""
    return Peer(
        "database",
        PAYROLL.read(scope, "database/security-group-id", ValueType.SECURITY_GROUP),
        PAYROLL.read_number(scope, "database/port"),
    )


def read_login(scope: Construct, tier: str) -> DatabaseLogin:
    """The database's user of a tier: `payroll_worker_mq`."""
    return DatabaseLogin(PAYROLL.read(scope, "database/resource-id"), f"payroll_{tier.replace('-', '_')}")


def queue_of(scope: Construct, tier: str, surroundings: Surroundings) -> Queue:
    """The queue of a tier, whose name and address it leaves for those who send jobs."""
    queue = Queue(
        scope,
        "Jobs",
        job_seconds=PAYROLL.read_number(scope, f"{tier}/job-seconds"),
        waiting_seconds=PAYROLL.read_number(scope, f"{tier}/waiting-seconds"),
        key_arn=PAYROLL.read(scope, "keys/messages-arn"),
        topics=surroundings.topics,
    )
    PAYROLL.write(scope, f"{tier}/queue-arn", queue.arn)
    PAYROLL.write(scope, f"{tier}/queue-url", queue.url)
    return queue


def parameters_of(tier: str, *others: str) -> list[str]:
    """The names that the instances of every tier may read, and others."""
    return [PAYROLL.path(name) for name in ("environment", f"{tier}/log-group", *others)]


def write_tier(scope: Construct, tier: Tier) -> None:
    """What others want to know of a tier: its group, its log, and the alarms that end a deployment."""
    PAYROLL.write(scope, f"{tier.name}/group-name", tier.group_name)
    PAYROLL.write(scope, f"{tier.name}/log-group", tier.log_group_name)
    PAYROLL.write(scope, f"{tier.name}/rollback-alarm-arns", rollback_alarm_arns(tier, tier.rollback_alarms))
