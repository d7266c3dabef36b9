"""What CloudWatch measures: a metric by its name, or a formula over several. Plain data; tokens may be anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field

COUNTS = ("Sum", "SampleCount")
"""Statistics of events: where nothing happened, CloudWatch has no value."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    Args:
        namespace: such as `AWS/EC2`.
        name: such as `CPUUtilization`.
        dimensions: name → value.
        statistic: `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p99`.
        period_seconds: 10, 20, 30 or a multiple of 60.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Average"
    period_seconds: float = 60

    @property
    def counts_events(self) -> bool:
        """Whether no value means that nothing happened."""
        return self.statistic in COUNTS


@dataclass(frozen=True, slots=True)
class Formula:
    """CloudWatch metric math, such as `100 * errors / requests`.

    Args:
        expression: over the names of `inputs`.
        inputs: name → metric; a name begins with a small letter.
        label: what the result is called in a graph.
    """

    expression: str
    inputs: Mapping[str, Metric]
    label: str = "Result"

    @property
    def counts_events(self) -> bool:
        """Whether no value means that nothing happened."""
        return all(metric.counts_events for metric in self.inputs.values())
