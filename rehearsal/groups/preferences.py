"""The preferences of an instance refresh: defaults, limits, and what they mean in instances.

Defaults: https://docs.aws.amazon.com/autoscaling/ec2/userguide/understand-instance-refresh-default-values.html
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.front.service import AwsError
from rehearsal.groups.model import Group

CHECKPOINT_DELAY_SECONDS = 3600
MIN_HEALTHY_PERCENTAGE = 90
MAX_HEALTHY_PERCENTAGE = 100


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a refresh goes on. `asked` is what the caller gave, which DescribeInstanceRefreshes repeats."""

    min_healthy_percentage: int = MIN_HEALTHY_PERCENTAGE
    max_healthy_percentage: int = MAX_HEALTHY_PERCENTAGE
    warmup_seconds: float = 0
    checkpoints: tuple[int, ...] = ()
    checkpoint_delay_seconds: float = CHECKPOINT_DELAY_SECONDS
    skip_matching: bool = False
    auto_rollback: bool = False
    protected: str = "Wait"
    standby: str = "Wait"
    alarms: tuple[str, ...] = ()
    bake_seconds: float = 0
    asked: Mapping[str, Any] = field(default_factory=dict)

    def limits(self, desired: int) -> tuple[int, int]:
        """The lowest number of healthy instances and the highest number of all, for a desired capacity.

        Both are rounded up. Where no surplus instance is allowed, one at a time is replaced even if that goes below
        the lowest percentage, as AWS does: otherwise the refresh could not go on.
        """
        lower = math.ceil(desired * self.min_healthy_percentage / 100)
        upper = math.ceil(desired * self.max_healthy_percentage / 100)
        return (lower if upper > desired else max(0, min(lower, desired - 1))), upper


def parse(asked: Mapping[str, Any], group: Group) -> Preferences:
    """The preferences of a StartInstanceRefresh request. Raises AwsError where they contradict each other."""
    lowest, highest = group.maintenance or (
        MIN_HEALTHY_PERCENTAGE,
        MAX_HEALTHY_PERCENTAGE,
    )
    if "MaxHealthyPercentage" in asked and "MinHealthyPercentage" not in asked:
        raise _invalid("If you specify MaxHealthyPercentage, you must also specify MinHealthyPercentage.")
    lowest = asked.get("MinHealthyPercentage", lowest)
    highest = asked.get("MaxHealthyPercentage", highest)
    if not (0 <= lowest <= 100 <= highest <= 200) or highest - lowest > 100:
        raise _invalid("MinHealthyPercentage must be 0 to 100, MaxHealthyPercentage 100 to 200, at most 100 apart.")
    checkpoints = tuple(asked.get("CheckpointPercentages", ()))
    if list(checkpoints) != sorted(set(checkpoints)) or any(not 1 <= c <= 100 for c in checkpoints):
        raise _invalid("CheckpointPercentages must be between 1 and 100 and in ascending order.")
    if "CheckpointDelay" in asked and not checkpoints:
        raise _invalid("If you specify CheckpointDelay, you must also specify CheckpointPercentages.")
    warmup = group.grace_seconds if group.warmup_seconds is None else group.warmup_seconds
    return Preferences(
        min_healthy_percentage=lowest,
        max_healthy_percentage=highest,
        warmup_seconds=asked.get("InstanceWarmup", warmup),
        checkpoints=checkpoints,
        checkpoint_delay_seconds=asked.get("CheckpointDelay", CHECKPOINT_DELAY_SECONDS),
        skip_matching=asked.get("SkipMatching", False),
        auto_rollback=asked.get("AutoRollback", False),
        protected=asked.get("ScaleInProtectedInstances", "Wait"),
        standby=asked.get("StandbyInstances", "Wait"),
        alarms=tuple(asked.get("AlarmSpecification", {}).get("Alarms", ())),
        bake_seconds=asked.get("BakeTime", 0),
        asked=dict(asked),
    )


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)
