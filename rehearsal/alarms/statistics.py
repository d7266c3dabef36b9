"""Statistics of metric data: Sum, Average, Minimum, Maximum, SampleCount and percentiles, by period. Pure."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?|100)")
PLAIN = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")


@dataclass(frozen=True, slots=True)
class Sample:
    """Data as PutMetricData takes them: one value, or the sums of several; `at` in seconds since the epoch."""

    at: float
    total: float
    count: float = 1.0
    low: float = 0.0
    high: float = 0.0
    unit: str | None = None

    @property
    def is_value(self) -> bool:
        """Whether the single values are known: percentiles can be told from nothing else."""
        return self.low == self.high


def value(at: float, number: float, unit: str | None = None) -> Sample:
    """A sample of one value."""
    return Sample(at, number, 1.0, number, number, unit)


def is_known(statistic: str) -> bool:
    """Whether `statistic` is one that is emulated."""
    return statistic in PLAIN or PERCENTILE.fullmatch(statistic) is not None


def by_period(samples: Iterable[Sample], statistic: str, seconds: float) -> dict[int, float]:
    """The statistic in each period of so many real seconds; period n begins n periods after the epoch."""
    groups: dict[int, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(math.floor(sample.at / seconds), []).append(sample)
    found = {period: of(statistic, group) for period, group in groups.items()}
    return {period: number for period, number in found.items() if number is not None}


def of(statistic: str, samples: Sequence[Sample]) -> float | None:
    """The statistic of some samples; None where they have none."""
    count = math.fsum(s.count for s in samples)
    if not samples or not count:
        return None
    match statistic:
        case "Sum":
            return math.fsum(s.total for s in samples)
        case "Average":
            return math.fsum(s.total for s in samples) / count
        case "Minimum":
            return min(s.low for s in samples)
        case "Maximum":
            return max(s.high for s in samples)
        case "SampleCount":
            return count
    return _percentile(float(statistic[1:]), samples)


def _percentile(percent: float, samples: Sequence[Sample]) -> float | None:
    """The smallest value that so many percent of the values do not exceed (nearest rank).

    CloudWatch interpolates within buckets of its own, which it does not describe.
    """
    values = sorted((s.low, s.count) for s in samples if s.is_value)
    wanted = percent / 100 * math.fsum(count for _, count in values)
    passed = 0.0
    for number, count in values:
        passed += count
        if passed >= wanted - 1e-9:
            return number
    return None
