"""Where the stacks leave values for each other, and what several of them read."""

import aws_cdk as cdk

from kiln.edge.listener_priorities import ListenerPriorities
from kiln.network.imported_network import imported_network
from kiln.network.opening import Peer
from kiln.operations.log_group import Records
from kiln.operations.topics import Topics
from kiln.shared_values import SharedValues, ValueType
from kiln.tiers.instance_role import Access, DatabaseLogin
from kiln.tiers.surroundings import Surroundings
from kiln.tiers.tier import Size

SHOP = SharedValues("/shop")
LISTENER = ListenerPriorities({"web": 1000})


def records(stack: cdk.Stack) -> Records:
    return Records(key_arn=SHOP.read(stack, "keys/logs-arn"), days=SHOP.read_number(stack, "environment/log-days"))


def topics(stack: cdk.Stack, *, info: str = "info") -> Topics:
    urgent, warning, noted = (SHOP.read(stack, f"topics/{name}-arn") for name in ("urgent", "warning", info))
    return Topics(urgent_arn=urgent, warning_arn=warning, info_arn=noted)


def surroundings(stack: cdk.Stack) -> Surroundings:
    vpc = imported_network(
        stack,
        "Vpc",
        vpc_id=SHOP.read(stack, "network/vpc-id", ValueType.VPC),
        app_subnet_ids=SHOP.read_list(stack, "network/app-subnet-ids", ValueType.SUBNETS),
    )
    return Surroundings(
        vpc=vpc,
        data_key_arn=SHOP.read(stack, "keys/data-arn"),
        records=records(stack),
        topics=topics(stack),
        protected=SHOP.read(stack, "environment/protected"),
        messages_key_arn=SHOP.read(stack, "keys/messages-arn"),
    )


def size(stack: cdk.Stack, tier: str) -> Size:
    return Size(
        instance_types=SHOP.read_list(stack, f"{tier}/instance-types"),
        minimum=SHOP.read_number(stack, f"{tier}/minimum"),
        maximum=SHOP.read_number(stack, f"{tier}/maximum"),
        root_volume_gib=8,
    )


def access(stack: cdk.Stack, tier: str, *, send_to: list[str]) -> Access:
    """What both tiers may: read these values, sign in to the database as a user of their own, and reach it."""
    group = SHOP.read(stack, "database/security-group-id", ValueType.SECURITY_GROUP)
    names = ("environment/name", f"{tier}/log-group", "database/endpoint", "database/port", "orders/queue-url")
    return Access(
        parameters=[SHOP.path(name) for name in names],
        logins=[DatabaseLogin(SHOP.read(stack, "database/resource-id"), f"shop_{tier}")],
        send_to=send_to,
        peers=[Peer("database", group, SHOP.read_number(stack, "database/port"))],
    )
