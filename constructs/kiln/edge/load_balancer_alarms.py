"""What somebody should know of a load balancer by itself, whatever tier is behind it."""

from constructs import Construct

from kiln.operations.alarm import Alarm
from kiln.operations.metric import Metric
from kiln.operations.topics import Severity, Topics

ERRORS_PER_MINUTE = 10
REFUSED_IN_5_MINUTES = 1000


class LoadBalancerAlarms(Construct):
    """Errors of its own are urgent, connections that it rejects a warning, a wave of refused requests worth knowing.

    Args:
        full_name: of the load balancer, the value of the dimension `LoadBalancer`. May be a token.
        firewall_metric: of its web ACL.
        region: of the web ACL; may be a token.
        topics: see `Topics`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        full_name: str,
        firewall_metric: str,
        region: str,
        topics: Topics,
    ) -> None:
        super().__init__(scope, construct_id)

        def measured(name: str) -> Metric:
            return Metric("AWS/ApplicationELB", name, {"LoadBalancer": full_name}, "Sum")

        Alarm(
            self,
            "Errors",
            metric=measured("HTTPCode_ELB_5XX_Count"),
            threshold=ERRORS_PER_MINUTE,
            periods=3,
            of_periods=5,
            severity=Severity.URGENT,
            topics=topics,
            description=(
                "The load balancer itself answers with errors (5xx): mostly it has no healthy target to ask. Look "
                "at the health of the tiers' targets, then at the latest deployment."
            ),
        )
        Alarm(
            self,
            "Rejected",
            metric=measured("RejectedConnectionCount"),
            threshold=1,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                "The load balancer has rejected connections because it had as many as it can have. Look at its "
                "requests for a flood, and ask AWS for more capacity if they are wanted."
            ),
        )
        Alarm(
            self,
            "Refused",
            metric=Metric(
                "AWS/WAFV2",
                "BlockedRequests",
                {"WebACL": firewall_metric, "Rule": "ALL", "Region": region},
                "Sum",
                period_seconds=300,
            ),
            threshold=REFUSED_IN_5_MINUTES,
            severity=Severity.INFO,
            topics=topics,
            description=(
                "The firewall refuses many requests. Look in its log by which rule: an attack needs nothing more, but "
                "customers who are refused after a release need that rule to be looked at."
            ),
        )
