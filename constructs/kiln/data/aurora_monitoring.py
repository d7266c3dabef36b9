"""What a database tells: its logs, the state of the operating system under it, and its events."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from constructs import Construct

from kiln.operations.log_group import LogGroup, Records

LOGS = ("audit", "error", "general", "slowquery")
EVENTS = {
    "db-cluster": [
        "configuration change",
        "creation",
        "deletion",
        "failover",
        "failure",
        "maintenance",
        "notification",
    ],
    "db-instance": [
        "availability",
        "configuration change",
        "deletion",
        "failover",
        "failure",
        "low storage",
        "maintenance",
        "notification",
        "recovery",
    ],
}
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_Events.Messages.html"""


def log_groups(scope: Construct, cluster_id: str, records: Records) -> list[LogGroup]:
    """The groups that RDS exports a cluster's logs to; it would make them itself, without a key and for ever."""
    return [
        LogGroup(
            scope,
            f"{log.capitalize()}Log",
            key_arn=records.key_arn,
            days=records.days,
            name=f"/aws/rds/cluster/{cluster_id}/{log}",
        )
        for log in LOGS
    ]


def monitoring_role(scope: Construct) -> iam.Role:
    """What AWS's own policy AmazonRDSEnhancedMonitoringRole allows, for this account and its one log group."""
    group = f"arn:{cdk.Aws.PARTITION}:logs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:log-group:RDSOSMetrics"
    here = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    role = iam.Role(
        scope, "MonitoringRole", assumed_by=iam.ServicePrincipal("monitoring.rds.amazonaws.com", conditions=here)
    )
    role.add_to_policy(
        iam.PolicyStatement(actions=["logs:CreateLogGroup", "logs:PutRetentionPolicy"], resources=[group, f"{group}:*"])
    )
    streams = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams", "logs:GetLogEvents"]
    role.add_to_policy(iam.PolicyStatement(actions=streams, resources=[f"{group}:log-stream:*"]))
    return role


def tell_events(
    scope: Construct, construct_id: str, source_type: str, source_ids: Sequence[object], topic_arn: str
) -> None:
    """Tell a topic what happens to clusters ("db-cluster") or instances ("db-instance"); ids may be tokens."""
    events = rds.CfnEventSubscription(
        scope,
        construct_id,
        sns_topic_arn=topic_arn,
        source_type=source_type,
        event_categories=EVENTS[source_type],
        enabled=True,
    )
    # The property takes texts only, and an id may depend on a condition.
    events.add_property_override("SourceIds", list(source_ids))
