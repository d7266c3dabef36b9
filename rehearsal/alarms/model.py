"""What alarms are made of: metrics, queries over them, the conditions of metric and composite alarms, states."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rehearsal.alarms.expressions import Node
from rehearsal.alarms.rules import Rule


class State(StrEnum):
    """The states of an alarm; the values are AWS's."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class AlarmKey(NamedTuple):
    """Which alarm, of all accounts and regions."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{self.name}"


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric is its namespace, its name and exactly these dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class MetricStat:
    """A statistic of a metric; `unit`: only data of this unit."""

    metric: Metric
    statistic: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class MetricCondition:
    """What a metric alarm watches.

    Args:
        stats: the metrics by their ids in expressions; the only one of a simple alarm is called "m1".
        formula: what is compared with the threshold.
        period: in AWS's seconds.
        missing: breaching, notBreaching, ignore or missing.
    """

    stats: Mapping[str, MetricStat]
    formula: Node
    period: int
    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing: str = "missing"


@dataclass(frozen=True, slots=True)
class CompositeCondition:
    """What a composite alarm watches; `suppressor`: the alarm that holds its actions back, wait and extension in s."""

    rule: Rule
    suppressor: str = ""
    wait_seconds: float = 0
    extension_seconds: float = 0


Condition = MetricCondition | CompositeCondition


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluation says. `recent`: the values that it stands on, the oldest first."""

    state: State
    reason: str
    recent: tuple[float, ...] = ()
