"""RollbackConfiguration: the alarms that undo an operation, and how long they are watched after it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudformation.errors import invalid

TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
MOST_TRIGGERS = 5
MOST_MINUTES = 180


@dataclass(frozen=True, slots=True)
class Trigger:
    """An alarm, by its ARN."""

    arn: str
    type: str

    @property
    def alarm(self) -> str:
        return self.arn.partition(":alarm:")[2]


@dataclass(frozen=True, slots=True)
class RollbackConfiguration:
    """The triggers of a stack; the time is in minutes."""

    triggers: tuple[Trigger, ...] = ()
    minutes: int = 0

    def shown(self) -> dict[str, Any]:
        """As DescribeStacks and DescribeChangeSet show it; empty where nothing was asked for."""
        if not self.triggers and not self.minutes:
            return {}
        triggers = [{"Arn": t.arn, "Type": t.type} for t in self.triggers]
        return {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": self.minutes}


NO_TRIGGERS = RollbackConfiguration()


def read(asked: Mapping[str, Any] | None, before: RollbackConfiguration) -> RollbackConfiguration:
    """What a request says; what it does not say stays as it was `before`. Raises AwsError."""
    if asked is None:
        return before
    minutes = int(asked.get("MonitoringTimeInMinutes", before.minutes))
    if not 0 <= minutes <= MOST_MINUTES:
        raise invalid(f"MonitoringTimeInMinutes must be between 0 and {MOST_MINUTES}, not {minutes}")
    if "RollbackTriggers" not in asked:
        return RollbackConfiguration(before.triggers, minutes)
    triggers = tuple(Trigger(t["Arn"], t["Type"]) for t in asked["RollbackTriggers"])
    if len(triggers) > MOST_TRIGGERS:
        raise invalid(f"RollbackTriggers: at most {MOST_TRIGGERS}, not {len(triggers)}")
    for trigger in triggers:
        if trigger.type not in TYPES or not trigger.alarm:
            raise invalid(f"Rollback trigger {trigger.arn} of type {trigger.type}: expected an alarm's ARN and {TYPES}")
    return RollbackConfiguration(triggers, minutes)
