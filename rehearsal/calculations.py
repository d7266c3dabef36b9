"""Who finishes calculations as long as Worker-Calculation has no recipe, and its instances run Web's image.

An instance of that tier that has to go is held by a lifecycle hook until its program says that its calculation is
finished, for its `job_seconds` at most. Web's image has nothing to finish and knows no hook: here somebody else says
it, by the same call of the API. With the tier's own recipe this file goes.
"""

import logging
import threading
from typing import Any, Self

from botocore.exceptions import BotoCoreError, ClientError

HOOK = "finish"
HELD = "Terminating:Wait"
LOOK_SECONDS = 0.5

log = logging.getLogger(__name__)


class Calculations:
    """`with Calculations(autoscaling): …` completes the hook of every instance that it holds while the block runs."""

    def __init__(self, autoscaling: Any) -> None:
        self._autoscaling = autoscaling
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="calculations", daemon=True)
        self.finished: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                self._look()
            except (BotoCoreError, ClientError) as error:  # a hook that is over, or an endpoint that is gone
                log.info("calculations: %s", error)

    def _look(self) -> None:
        for group in self._autoscaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
            for instance in group["Instances"]:
                if instance["LifecycleState"] == HELD:
                    self._autoscaling.complete_lifecycle_action(
                        AutoScalingGroupName=group["AutoScalingGroupName"],
                        LifecycleHookName=HOOK,
                        InstanceId=instance["InstanceId"],
                        LifecycleActionResult="CONTINUE",
                    )
                    self.finished.append(instance["InstanceId"])
