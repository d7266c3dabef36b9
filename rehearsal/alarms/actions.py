"""What an alarm does when it enters a state: it publishes to SNS topics and lets scaling policies act.

A scaling policy acts again and again while its alarm stays in the state, as on AWS; a topic hears of each change once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.alarms.definition import ACTIONS
from rehearsal.alarms.model import AlarmKey, MetricCondition, State
from rehearsal.alarms.shapes import notification
from rehearsal.alarms.store import Alarm, Store
from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError

log = logging.getLogger("rehearsal.alarms")


@dataclass(frozen=True, slots=True)
class Signal:
    """An alarm asks a scaling policy to act. `value`: of the last period, None where it has none."""

    policy_arn: str
    alarm: AlarmKey
    state: State
    value: float | None
    threshold: float


Scale = Callable[[Signal], None]


class Actions:
    """Performs the actions of alarms, and writes down what came of it. `scale` raises AwsError where it cannot act."""

    def __init__(self, clients: Clients, store: Store, scale: Scale) -> None:
        self._clients = clients
        self._store = store
        self._scale = scale

    def entered(self, alarm: Alarm, before: State) -> None:
        """Do everything for an alarm that has just changed its state."""
        for arn in _listed(alarm):
            if arn.startswith("arn:aws:sns:"):
                self._publish(alarm, before, arn)
            else:
                self._act(alarm, arn)

    def stays(self, alarm: Alarm) -> None:
        """Do again what is done in every period: scaling."""
        for arn in _listed(alarm):
            if not arn.startswith("arn:aws:sns:"):
                self._act(alarm, arn)

    def _publish(self, alarm: Alarm, before: State, arn: str) -> None:
        subject, message = notification(alarm, before)
        region, account = arn.split(":")[3:5]
        try:
            self._clients.get("sns", account, region).publish(TopicArn=arn, Subject=subject, Message=message)
        except (ClientError, BotoCoreError) as error:
            log.warning("%s: %s", alarm.key.name, error)
            self._store.note(alarm, "Action", f"Failed to execute action {arn}. Received error: {error}")
            return
        self._store.note(alarm, "Action", f"Successfully executed action {arn}")

    def _act(self, alarm: Alarm, arn: str) -> None:
        threshold = alarm.condition.threshold if isinstance(alarm.condition, MetricCondition) else 0.0
        latest = alarm.recent[-1] if alarm.recent else None
        try:
            self._scale(Signal(arn, alarm.key, alarm.state, latest, threshold))
        except AwsError as error:
            log.warning("%s: %s", alarm.key.name, error)
            self._store.note(alarm, "Action", f"Failed to execute AutoScaling action: {error}")


def _listed(alarm: Alarm) -> list[str]:
    return list(alarm.request.get(ACTIONS[alarm.state], ())) if alarm.actions_enabled else []
