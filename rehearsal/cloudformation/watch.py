"""Watching the rollback triggers of an operation: from its begin until its monitoring time is over.

The words are Kiln's: AWS documents none for an alarm that goes off.
"""

import threading
import time
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation.context import Context, log
from rehearsal.cloudformation.rollback import RollbackConfiguration
from rehearsal.cloudformation.stack import Stack
from rehearsal.resources.errors import ResourceFailed

LOOK_SECONDS = 0.25
MINUTE = 60


class Watch:
    """A context in which an operation is cancelled as soon as one of its triggers is in ALARM."""

    def __init__(self, context: Context, stack: Stack, configuration: RollbackConfiguration) -> None:
        self._context = context
        self._stack = stack
        self._configuration = configuration
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"triggers of {stack.name}")

    def __enter__(self) -> Self:
        """Raises ResourceFailed where a trigger is in ALARM already, or is not there."""
        if self._configuration.triggers:
            self._look()
            if self._stack.cancelled.is_set():
                raise ResourceFailed(self._stack.cancel_reason)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def monitor(self, creating: bool) -> None:
        """Everything is there: watch a while longer. Raises ResourceFailed where the operation was cancelled.

        Without triggers the time is for people, and is taken before an update's clean-up only.
        """
        seconds = self._context.pace.real(self._configuration.minutes * MINUTE)
        end = time.monotonic() + (seconds if self._configuration.triggers or not creating else 0)
        closing = self._context.patience.closing
        while time.monotonic() < end and not closing.is_set():
            if self._stack.cancelled.wait(min(LOOK_SECONDS, max(0.0, end - time.monotonic()))):
                break
        if self._configuration.triggers:
            self._look()
        if self._stack.cancelled.is_set():
            raise ResourceFailed(self._stack.cancel_reason)

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS) and not self._stack.cancelled.is_set():
            self._look()

    def _look(self) -> None:
        triggers = self._configuration.triggers
        cloudwatch = self._context.clients.get("cloudwatch", self._stack.account, self._stack.region)
        try:
            types = ["MetricAlarm", "CompositeAlarm"]
            found = cloudwatch.describe_alarms(AlarmNames=[t.alarm for t in triggers], AlarmTypes=types)
        except (ClientError, BotoCoreError) as error:
            log.warning("the triggers of %s: %s", self._stack.name, error)
            return
        states = {a["AlarmArn"]: a["StateValue"] for a in [*found["MetricAlarms"], *found["CompositeAlarms"]]}
        absent = [t.arn for t in triggers if t.arn not in states]
        off = [t.arn for t in triggers if states.get(t.arn) == "ALARM"]
        if absent:
            self._stack.cancel(f"The following rollback trigger(s) do not exist: [{', '.join(absent)}]. ")
        elif off:
            self._stack.cancel(f"The following rollback trigger(s) are in ALARM state: [{', '.join(off)}]. ")
