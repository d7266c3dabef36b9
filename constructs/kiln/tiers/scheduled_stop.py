"""A tier that nobody needs at night: its bounds go to zero, and come back in the morning.

The bounds and not the desired capacity: how many instances there are is Auto Scaling's business. A deployment at night
changes nothing, because the group's update policy ignores bounds that its template has not changed.
"""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_autoscaling as autoscaling
from constructs import Construct

from kiln.optional import NONE, is_set, only_if
from kiln.refusal import refuse


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a tier stops and starts; every field may be a token, or `NONE` in all three for always on.

    Args:
        stop: a cron expression with five fields such as `0 19 * * 1-5`.
        start: the same.
        time_zone: in which they are meant, such as `Europe/Berlin`.
    """

    stop: str
    start: str
    time_zone: str


class ScheduledStop(Construct):
    """Two scheduled actions of a group: no instances from `stop`, and its bounds again from `start`.

    Args:
        group_name: of the Auto Scaling group; a token.
        minimum: instances from `start`; may be a token.
        maximum: the same.
        schedule: see `Schedule`.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group_name: str,
        minimum: float,
        maximum: float,
        schedule: Schedule,
    ) -> None:
        super().__init__(scope, construct_id)
        known = [v for v in (schedule.stop, schedule.start, schedule.time_zone) if not cdk.Token.is_unresolved(v)]
        if 0 < known.count(NONE) < len(known):
            raise refuse(self, "schedule", found=known, expected=f"stop, start and time_zone, or {NONE!r} in all three")
        if known and NONE in known:
            return
        scheduled = None if known else is_set(self, "IsScheduled", schedule.stop)
        for name, cron, low, high in (
            ("Stop", schedule.stop, 0, 0),
            ("Start", schedule.start, minimum, maximum),
        ):
            action = autoscaling.CfnScheduledAction(
                self,
                name,
                auto_scaling_group_name=group_name,
                recurrence=cron,
                time_zone=schedule.time_zone,
                min_size=low,
                max_size=high,
            )
            if scheduled:
                only_if(scheduled, action)
