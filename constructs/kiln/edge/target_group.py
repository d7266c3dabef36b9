"""Where a load balancer finds the instances of a tier, and what it is worth knowing of them."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from kiln.exemption import exempt
from kiln.number_text import number_text
from kiln.operations.alarm import Alarm
from kiln.operations.metric import Formula, Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import refuse, require_between

Target = elb.CfnTargetGroup

HEALTH_INTERVAL_SECONDS, HEALTH_TIMEOUT_SECONDS = 5, 2
HEALTH_CHANGES_AFTER = 2
"""Checks in a row; an instance that stops answering gets no requests after about ten seconds."""
LONGEST_DELAY_SECONDS = 3600
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html"""
ERROR_PERCENT = 5


class TargetGroup(Construct):
    """Targets behind an Application Load Balancer; `.arn` and `.full_name` are tokens.

    `.alarms` are those that end a deployment: errors and unhealthy targets.

    Args:
        tier: its name, for the alarms.
        vpc: of the targets.
        port: where they listen, over HTTPS. The load balancer does not look at their certificate.
        health_path: answers 200 while a target can take requests.
        deregistration_delay_seconds: how long a leaving target may finish what it has begun; may be a token.
        load_balancer: its full name, `app/name/id`; may be a token.
        topics: who is told.
        plain_http_reason: why they speak plain HTTP instead.
        target_type: `instance`, or `ip` for containers.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        tier: str,
        vpc: ec2.IVpc,
        port: float,
        health_path: str,
        deregistration_delay_seconds: float,
        load_balancer: str,
        topics: Topics,
        plain_http_reason: str | None = None,
        target_type: str = "instance",
    ) -> None:
        super().__init__(scope, construct_id)
        require_between(
            self,
            "deregistration_delay_seconds",
            deregistration_delay_seconds,
            0,
            LONGEST_DELAY_SECONDS,
            "seconds",
        )
        if not health_path.startswith("/"):
            raise refuse(self, "health_path", found=health_path, expected="a path that begins with /")
        group = Target(
            self,
            "Resource",
            vpc_id=vpc.vpc_id,
            port=port,
            protocol="HTTP" if plain_http_reason else "HTTPS",
            target_type=target_type,
            health_check_path=health_path,
            health_check_protocol="HTTP" if plain_http_reason else "HTTPS",
            health_check_interval_seconds=HEALTH_INTERVAL_SECONDS,
            health_check_timeout_seconds=HEALTH_TIMEOUT_SECONDS,
            healthy_threshold_count=HEALTH_CHANGES_AFTER,
            unhealthy_threshold_count=HEALTH_CHANGES_AFTER,
            matcher=Target.MatcherProperty(http_code="200"),
            target_group_attributes=[
                Target.TargetGroupAttributeProperty(
                    key="deregistration_delay.timeout_seconds", value=number_text(deregistration_delay_seconds)
                ),
                Target.TargetGroupAttributeProperty(key="stickiness.enabled", value="false"),
            ],
        )
        if plain_http_reason:
            exempt(group, "targets-speak-https", plain_http_reason)
        self.arn: str = group.ref
        self.full_name: str = group.attr_target_group_full_name
        self._measured = {"LoadBalancer": load_balancer, "TargetGroup": self.full_name}
        self.alarms = (self._errors(tier, topics), self._unhealthy(tier, topics))

    def _errors(self, tier: str, topics: Topics) -> Alarm:
        def counted(name: str) -> Metric:
            return Metric("AWS/ApplicationELB", name, self._measured, statistic="Sum")

        counts = {"errors": counted("HTTPCode_Target_5XX_Count"), "requests": counted("RequestCount")}
        return Alarm(
            self,
            "Errors",
            metric=Formula("100 * FILL(errors, 0) / requests", counts, "Errors, percent"),
            threshold=ERROR_PERCENT,
            periods=2,
            of_periods=3,
            severity=Severity.URGENT,
            topics=topics,
            description=(
                f"{ERROR_PERCENT} % or more of the requests to {tier} end with an error (5xx). After a deployment, "
                "roll back; otherwise read the log of the tier, then look at what it depends on."
            ),
        )

    def _unhealthy(self, tier: str, topics: Topics) -> Alarm:
        return Alarm(
            self,
            "Unhealthy",
            metric=Metric("AWS/ApplicationELB", "UnHealthyHostCount", self._measured, statistic="Maximum"),
            threshold=1,
            periods=3,
            of_periods=5,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                f"A target of {tier} has been unhealthy for minutes. Auto Scaling replaces it; if the next one is not "
                "healthy either, read its log, and roll back if a deployment came before."
            ),
        )
