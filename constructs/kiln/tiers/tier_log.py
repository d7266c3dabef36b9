"""The log of a tier, and the errors in it: the one figure that every tier has, whatever it does."""

from aws_cdk import aws_logs as logs
from constructs import Construct

from kiln.operations.alarm import Alarm
from kiln.operations.log_group import LogGroup, Records
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics

PATTERN = "?ERROR ?CRITICAL ?FATAL"
"""Any of the three words, as the loggers of all languages write them:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html"""
METRIC = "LoggedErrors"
ERRORS_PER_MINUTE = 10
PERIODS = 2


def namespace(tier: str) -> str:
    """The namespace of a tier's own metrics: `Kiln/web`."""
    return f"Kiln/{tier}"


class TierLog(Construct):
    """A log group, a metric of the errors in it, and an alarm over that; `.name`, `.arn`, `.alarm`.

    The alarm knows nothing of the group of instances, so that the group's deployments can watch it.

    Args:
        tier: its name, such as "web".
        records: how the log is kept.
        topics: who is told.
    """

    def __init__(self, scope: Construct, construct_id: str, *, tier: str, records: Records, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        group = LogGroup(self, "Group", key_arn=records.key_arn, days=records.days)
        self.name: str = group.name
        self.arn: str = group.arn
        logs.CfnMetricFilter(
            self,
            "Errors",
            log_group_name=group.name,
            filter_pattern=PATTERN,
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=namespace(tier),
                    metric_name=METRIC,
                    metric_value="1",
                    default_value=0,
                    unit="Count",
                )
            ],
        )
        self.alarm = Alarm(
            self,
            "ErrorsAlarm",
            metric=Metric(namespace(tier), METRIC, statistic="Sum"),
            threshold=ERRORS_PER_MINUTE,
            periods=PERIODS,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                f"Instances of {tier} log {ERRORS_PER_MINUTE} errors a minute or more. Read the log of the tier; if it "
                "began with a deployment, roll back first."
            ),
        )
