"""The end of the machine: Auto Scaling holds it by a lifecycle hook until the calculation in hand is finished.

The metadata service says where the machine is to go. As long as that is not `InService`, no job is taken; on the way to
`Terminated` the hook is kept waiting while a calculation runs, and completed when none does.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
"""

import logging
import threading
import time

from payroll_common.aws import Aws, NotKnown
from payroll_common.identity import UNKNOWN, IdentityKeeper
from payroll_common.metadata import Metadata
from payroll_common.queue_worker import QueueWorker

TARGET_STATE = "autoscaling/target-lifecycle-state"
IN_SERVICE, TERMINATED = "InService", "Terminated"
HOOK = "finish"  # what the tier's template calls it
GROUP = "worker-calculation/group-name"
LOOK_SECONDS = 2.0
HEARTBEAT_SECONDS = 60.0  # a hook holds for 30 s at least, and for as long as the longest calculation here

log = logging.getLogger("payroll.lifecycle")


class Lifecycle:
    """A thread that looks where the machine is to go.

    Args:
        aws: Auto Scaling, and the name of the group.
        identity: which instance this is.
        worker: takes the jobs.
        look_seconds: between two looks.
        heartbeat_seconds: between two of Auto Scaling's heartbeats.
    """

    def __init__(
        self,
        aws: Aws,
        identity: IdentityKeeper,
        worker: QueueWorker,
        look_seconds: float = LOOK_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._aws, self._identity, self._worker = aws, identity, worker
        self._look_seconds, self._heartbeat_seconds = look_seconds, heartbeat_seconds
        self._metadata = Metadata()
        self._stop = threading.Event()
        self._beat_at = float("-inf")
        self._completed = False
        self.target = UNKNOWN
        self._thread = threading.Thread(target=self._run, name="lifecycle", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        told = ""
        while not self._stop.wait(self._look_seconds):
            try:
                self.look()
                told = ""
            except Exception as problem:  # the next look may do; said once, not at each look
                if str(problem) != told:
                    log.warning("the machine's lifecycle: %s", problem)
                    told = str(problem)

    def look(self) -> None:
        """One look, and what follows from it."""
        target = self._metadata.ask(TARGET_STATE) or IN_SERVICE  # a machine of no group has none
        if target != self.target:
            log.info("the machine is to be %s", target)
            self.target = target
        if target == IN_SERVICE:
            self._worker.resume()
            self._completed = False
            return
        is_free = self._worker.rest()
        if target == TERMINATED and not self._completed:
            self._complete() if is_free else self._beat()

    def _complete(self) -> None:
        self._aws.client("autoscaling").complete_lifecycle_action(**self._hook(), LifecycleActionResult="CONTINUE")
        self._completed = True
        log.info("nothing is in hand: the machine may end")

    def _beat(self) -> None:
        if time.monotonic() - self._beat_at >= self._heartbeat_seconds:
            self._aws.client("autoscaling").record_lifecycle_action_heartbeat(**self._hook())
            self._beat_at = time.monotonic()
            log.info("a calculation is in hand: the machine has to wait")

    def _hook(self) -> dict[str, str]:
        instance = self._identity.current.instance_id
        if instance == UNKNOWN:
            raise NotKnown("the instance's id is not known yet")
        group = self._aws.value(GROUP)
        return {"AutoScalingGroupName": group, "LifecycleHookName": HOOK, "InstanceId": instance}
