"""What somebody should know of as soon as it is done: alarms over the records of a trail.

The list is that of the CIS AWS Foundations Benchmark; the patterns are in `kiln.audit.cis_patterns`.

A deployment changes roles, networks and policies all the time, so these are for the record; what no deployment does
wakes somebody up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_logs as logs
from constructs import Construct

from kiln.audit.cis_patterns import PATTERNS
from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics

NAMESPACE = "Kiln/Trail"
PERIOD_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Watch:
    """One thing that a trail is watched for.

    Args:
        cis: its number in the benchmark.
        name: of its pattern and of the metric.
        severity: who is told.
        meaning: what has happened, and what to do first.
        count: times in five minutes from which on it is told.
    """

    cis: str
    name: str
    severity: Severity
    meaning: str
    count: int = 1


class TrailAlarms(Construct):
    """An alarm for each `Watch`.

    Args:
        log_group_name: where the trail writes; may be a token.
        topics: see `Topics`.
        watches: all of the benchmark by default.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        log_group_name: str,
        topics: Topics,
        watches: Sequence[Watch] | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        for watch in WATCHES if watches is None else watches:
            logs.CfnMetricFilter(
                self,
                f"{watch.name}Filter",
                log_group_name=log_group_name,
                filter_pattern=PATTERNS[watch.name],
                metric_transformations=[
                    logs.CfnMetricFilter.MetricTransformationProperty(
                        metric_namespace=NAMESPACE, metric_name=watch.name, metric_value="1", unit="Count"
                    )
                ],
            )
            Alarm(
                self,
                watch.name,
                metric=Metric(NAMESPACE, watch.name, statistic="Sum", period_seconds=PERIOD_SECONDS),
                threshold=watch.count,
                severity=watch.severity,
                topics=topics,
                description=f"{watch.meaning} Look into the trail's log group for who did it. (CIS {watch.cis})",
            )


WATCHES = (
    Watch(
        "4.1",
        "UnauthorizedCalls",
        Severity.WARNING,
        "Somebody or something tries what it may not do, ten times or more in five minutes.",
        count=10,
    ),
    Watch("4.2", "SignInWithoutMfa", Severity.URGENT, "A user signed in to the console with a password alone."),
    Watch(
        "4.3", "RootUse", Severity.URGENT, "The root user of the account is in use; ask its owners whether it is they."
    ),
    Watch(
        "4.4",
        "IamPolicyChanges",
        Severity.INFO,
        "Permissions were changed; outside of a deployment somebody should know why.",
    ),
    Watch(
        "4.5",
        "TrailChanges",
        Severity.URGENT,
        "A trail was changed or stopped: what is done from now on may leave no trace.",
    ),
    Watch(
        "4.6",
        "SignInFailures",
        Severity.WARNING,
        "Sign-ins to the console fail, three times or more in five minutes.",
        count=3,
    ),
    Watch(
        "4.7",
        "KeyRemovals",
        Severity.URGENT,
        "A key was disabled or is to be deleted: what is encrypted with it is lost after that. It can be cancelled.",
    ),
    Watch(
        "4.8",
        "BucketPolicyChanges",
        Severity.INFO,
        "Who may reach a bucket, or how long it keeps its objects, was changed.",
    ),
    Watch("4.9", "ConfigChanges", Severity.WARNING, "The recording of the configuration was changed or stopped."),
    Watch(
        "4.10",
        "SecurityGroupChanges",
        Severity.INFO,
        "A security group was changed; outside of a deployment somebody should know why.",
    ),
    Watch(
        "4.11",
        "NetworkAclChanges",
        Severity.WARNING,
        "A network access control list was changed; no deployment of ours does that.",
    ),
    Watch("4.12", "GatewayChanges", Severity.INFO, "A way out of the network was made or removed."),
    Watch(
        "4.13", "RouteChanges", Severity.INFO, "A route was changed; outside of a deployment somebody should know why."
    ),
    Watch("4.14", "VpcChanges", Severity.INFO, "A network was made, changed, removed or connected with another one."),
    Watch(
        "4.15", "OrganizationChanges", Severity.WARNING, "The organization or what it forbids its accounts was changed."
    ),
)
"""All of section 4 but 4.16, Security Hub, which `kiln.audit.threat_detection` is for."""
