"""A DynamoDB table that can be put back to any second of the last weeks and cannot be lost by mistake.

On demand, so that there is no capacity to plan; encrypted with a key of ours; no resource policy, so that only this
account's roles come in. It outlives its stack.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import refuse, require_between, require_one_of

TYPES = ("S", "N", "B")
LONGEST_RECOVERY_DAYS = 35
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html"""


@dataclass(frozen=True, slots=True)
class Attribute:
    """A part of the key.

    Args:
        name: of the attribute.
        kind: "S" for text, "N" for numbers, "B" for bytes.
    """

    name: str
    kind: str = "S"


class Table(Construct):
    """A table; `.name` and `.arn` are tokens.

    Args:
        partition_key: see `Attribute`.
        sort_key: the second part of the key, if there is one.
        key_arn: of the KMS key; may be a token.
        recovery_days: back to which every second can be restored, 1 to 35; may be a token.
        deletion_protection: "true" or "false" as text; may be a token.
        topics: that are told of alarms.
        expiry_attribute: a number, seconds since 1970, after which an item is deleted (time to live).
        contributor_insights: whether CloudWatch shows which keys are asked for most; it costs per event.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        partition_key: Attribute,
        key_arn: str,
        recovery_days: float,
        deletion_protection: str,
        topics: Topics,
        sort_key: Attribute | None = None,
        expiry_attribute: str | None = None,
        contributor_insights: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        keys = {"HASH": partition_key} | ({"RANGE": sort_key} if sort_key else {})
        for attribute in keys.values():
            require_one_of(self, f"the kind of {attribute.name}", attribute.kind, TYPES)
        require_between(self, "recovery_days", recovery_days, 1, LONGEST_RECOVERY_DAYS, "days")
        if expiry_attribute in {attribute.name for attribute in keys.values()}:
            raise refuse(self, "expiry_attribute", found=expiry_attribute, expected="an attribute beside the key")
        insights = dynamodb.CfnTable.ContributorInsightsSpecificationProperty(enabled=True)
        table = dynamodb.CfnTable(
            self,
            "Resource",
            billing_mode="PAY_PER_REQUEST",
            key_schema=[
                dynamodb.CfnTable.KeySchemaProperty(attribute_name=a.name, key_type=role) for role, a in keys.items()
            ],
            attribute_definitions=[
                dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=a.name, attribute_type=a.kind)
                for a in keys.values()
            ],
            sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
                sse_enabled=True, sse_type="KMS", kms_master_key_id=key_arn
            ),
            point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
                point_in_time_recovery_enabled=True, recovery_period_in_days=recovery_days
            ),
            time_to_live_specification=expiry_attribute
            and dynamodb.CfnTable.TimeToLiveSpecificationProperty(enabled=True, attribute_name=expiry_attribute),
            contributor_insights_specification=insights if contributor_insights else None,
        )
        # The property takes no text, and a value of another stack is one.
        table.add_property_override("DeletionProtectionEnabled", deletion_protection)
        table.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        self.name: str = table.ref
        self.arn: str = table.attr_arn
        for name, metric, severity, description in _alarms(self.name):
            Alarm(
                self,
                name,
                metric=metric,
                threshold=1,
                severity=severity,
                topics=topics,
                description=description,
                periods=3,
            )


def _alarms(table_name: str) -> Iterator[tuple[str, Metric, Severity, str]]:
    def metric(name: str) -> Metric:
        return Metric("AWS/DynamoDB", name, {"TableName": table_name}, "Sum", 60)

    yield (
        "ReadsThrottled",
        metric("ReadThrottleEvents"),
        Severity.WARNING,
        "Reads of a table have been refused for three minutes: a key that everybody asks for, or a sudden rush.",
    )
    yield (
        "WritesThrottled",
        metric("WriteThrottleEvents"),
        Severity.WARNING,
        "Writes to a table have been refused for three minutes: a key that everybody writes, or a sudden rush.",
    )
