"""A group that grows and shrinks with what it has to do, so that each instance has about as much as is wanted."""

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from constructs import Construct

from kiln.operations.metric import Formula, Metric
from kiln.refusal import refuse

Policy = autoscaling.CfnScalingPolicy

CPU = "ASGAverageCPUUtilization"
REQUESTS = "ALBRequestCountPerTarget"
"""https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html"""


class TargetTracking(Construct):
    """A target tracking policy over one figure per instance. Exactly one of `cpu`, `requests_of` and `formula`.

    Args:
        group_name: of the Auto Scaling group; a token.
        target: what each instance should have, in the unit of the figure; may be a token.
        cpu: the average use of the processors in percent.
        requests_of: requests per instance and minute of this target group at its load balancer, as
            `<load balancer's full name>/<target group's full name>`; may be a token.
        formula: a figure of your own. It must fall as the group grows, or the group never stops growing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group_name: str,
        target: float,
        cpu: bool = False,
        requests_of: str | None = None,
        formula: Formula | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        given = [name for name, v in (("cpu", cpu), ("requests_of", requests_of), ("formula", formula)) if v]
        if len(given) != 1:
            raise refuse(self, "metric", found=given, expected="exactly one of cpu, requests_of and formula")
        if not cdk.Token.is_unresolved(target) and target <= 0:
            raise refuse(self, "target", found=target, expected="more than 0")
        predefined = {"cpu": (CPU, None), "requests_of": (REQUESTS, requests_of)}.get(given[0])
        Policy(
            self,
            "Resource",
            auto_scaling_group_name=group_name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration=Policy.TargetTrackingConfigurationProperty(
                target_value=target,
                predefined_metric_specification=predefined
                and Policy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type=predefined[0], resource_label=predefined[1]
                ),
                customized_metric_specification=formula and _customized(formula),
            ),
        )


def _customized(formula: Formula) -> autoscaling.CfnScalingPolicy.CustomizedMetricSpecificationProperty:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-target-tracking-metric-math.html"""
    result = Policy.TargetTrackingMetricDataQueryProperty(
        id="result", expression=formula.expression, label=formula.label, return_data=True
    )
    inputs = [_input(name, metric) for name, metric in formula.inputs.items()]
    return Policy.CustomizedMetricSpecificationProperty(metrics=[*inputs, result])


def _input(name: str, metric: Metric) -> autoscaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty:
    dimensions = [Policy.MetricDimensionProperty(name=n, value=v) for n, v in metric.dimensions.items()]
    measured = Policy.MetricProperty(namespace=metric.namespace, metric_name=metric.name, dimensions=dimensions)
    # The period is CloudWatch's minute, which is also the default of target tracking.
    stat = Policy.TargetTrackingMetricStatProperty(metric=measured, stat=metric.statistic)
    return Policy.TargetTrackingMetricDataQueryProperty(id=name, metric_stat=stat, return_data=False)
