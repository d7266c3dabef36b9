"""An alarm that tells somebody: its severity says whom, its description what it means and what to do first.

Whoever is woken by it has only the mail, so a description that explains nothing is refused. The end of an alarm is told
as well: nobody should drive to the office for what is over.
"""

from enum import StrEnum

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from kiln.operations.metric import Formula, Metric
from kiln.operations.topics import Severity, Topics
from kiln.refusal import refuse, require_between

SHORTEST_DESCRIPTION = 40
LONGEST_DESCRIPTION = 1024
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""


class Comparison(StrEnum):
    """When a value is bad, compared with the threshold."""

    ABOVE = "GreaterThanThreshold"
    AT_LEAST = "GreaterThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"
    AT_MOST = "LessThanOrEqualToThreshold"


class Missing(StrEnum):
    """What it means that a period has no value."""

    IS_GOOD = "notBreaching"
    IS_BAD = "breaching"
    IS_UNKNOWN = "missing"
    CHANGES_NOTHING = "ignore"


class Alarm(Construct):
    """A CloudWatch alarm over one metric or formula; `.arn` and `.name` are tokens.

    Args:
        metric: see `Metric` and `Formula`.
        threshold: in the unit of the metric; may be a token.
        severity: which topic is told of the beginning and the end.
        topics: see `Topics`.
        description: what it means and what to do first, 40 to 1024 characters.
        comparison: when a value is bad.
        periods: how many of the latest periods must be bad.
        of_periods: among how many, if not all of them must be.
        missing: what no value means. By default nothing happened where the metric counts events, and otherwise it is
            unknown. Choose `Missing.IS_BAD` for what must always be there.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        metric: Metric | Formula,
        threshold: float,
        severity: Severity,
        topics: Topics,
        description: str,
        comparison: Comparison = Comparison.AT_LEAST,
        periods: int = 1,
        of_periods: int | None = None,
        missing: Missing | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        require_description(self, description)
        window = periods if of_periods is None else of_periods
        require_between(self, "periods", periods, 1, window, "of the periods that are looked at")
        by_default = Missing.IS_GOOD if metric.counts_events else Missing.IS_UNKNOWN
        actions = [topics.arn(severity)]
        alarm = cloudwatch.CfnAlarm(
            self,
            "Alarm",
            alarm_description=description,
            comparison_operator=comparison,
            threshold=threshold,
            evaluation_periods=window,
            datapoints_to_alarm=periods,
            treat_missing_data=missing or by_default,
            actions_enabled=True,
            alarm_actions=actions,
            ok_actions=actions,
            **_measured(metric),
        )
        self.arn: str = alarm.attr_arn
        self.name: str = alarm.ref


def require_description(construct: Construct, text: str) -> None:
    """Refuse what tells nothing to somebody who was asleep a minute ago. Raises `WrongProperty`."""
    if cdk.Token.is_unresolved(text) or SHORTEST_DESCRIPTION <= len(text) <= LONGEST_DESCRIPTION:
        return
    expected = f"what the alarm means and what to do first, {SHORTEST_DESCRIPTION} to {LONGEST_DESCRIPTION} characters"
    raise refuse(construct, "description", found=text, expected=expected)


def _measured(metric: Metric | Formula) -> dict[str, object]:
    if isinstance(metric, Formula):
        return {"metrics": [*map(_input, metric.inputs, metric.inputs.values()), _result(metric)]}
    # A percentile has a property of its own.
    kind = "extended_statistic" if metric.statistic.startswith("p") else "statistic"
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": [
            cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value) for name, value in metric.dimensions.items()
        ],
        "period": metric.period_seconds,
        kind: metric.statistic,
    }


def _input(name: str, metric: Metric) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    of = cloudwatch.CfnAlarm.MetricProperty(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name=n, value=v) for n, v in metric.dimensions.items()],
    )
    stat = cloudwatch.CfnAlarm.MetricStatProperty(metric=of, period=metric.period_seconds, stat=metric.statistic)
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(id=name, metric_stat=stat, return_data=False)


def _result(formula: Formula) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id="result", expression=formula.expression, label=formula.label, return_data=True
    )
