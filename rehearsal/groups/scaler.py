"""Lets scaling policies act: an alarm's signal or ExecutePolicy → a new desired capacity, with its cause."""

import logging
import time
from collections.abc import Callable

from rehearsal.alarms.actions import Signal
from rehearsal.front.service import AwsError
from rehearsal.groups import policies, records, tracking
from rehearsal.groups.model import Group, GroupKey
from rehearsal.groups.policies import Policy, Sizes
from rehearsal.groups.schedule import ScheduledAction
from rehearsal.groups.store import GroupState, Store
from rehearsal.pace import Pace

log = logging.getLogger("rehearsal.groups")

# How long a policy's wish to scale in stands, in AWS's seconds: its alarm repeats it every minute.
WISH_SECONDS = 150
CHANGING = "changing the desired capacity"


class Scaler:
    """Changes desired capacities; the controller does the rest."""

    def __init__(self, store: Store, wake: Callable[[], None], pace: Pace) -> None:
        self._store = store
        self._wake = wake
        self._pace = pace

    def signal(self, signal: Signal) -> None:
        """An alarm asks a policy to act. Raises AwsError where there is no such policy."""
        account, region, name = signal.alarm
        policy = self._store.policy(account, region, signal.policy_arn)
        if policy is None:
            raise AwsError("ValidationError", f"The scaling policy {signal.policy_arn} does not exist.")
        group = records.read(policy.key)
        if "AlarmNotification" in group.suspended or not policy.enabled:
            return
        cause = f"a monitor alarm {name} in state {signal.state} triggered policy {policy.name}"
        with self._store.lock:
            state = self._store.state(policy.key)
            wanted = self._wanted(policy, group, state, signal)
            if wanted is not None:
                self._set(group, state, wanted, f"{cause} {CHANGING}")

    def _wanted(self, policy: Policy, group: Group, state: GroupState, signal: Signal) -> int | None:
        now = time.time()
        sizes = self._sizes(policy, group, state, now)
        value = signal.threshold if signal.value is None else signal.value
        if policy.kind == "StepScaling":
            return policies.stepped(policy, sizes, value, signal.threshold)
        if policy.kind == "TargetTrackingScaling":
            if signal.value is None:  # set by hand: it says nothing of how much
                return None
            return self._tracked(policy, sizes, state, signal.alarm.name, value, now)
        return None if self._cools(policy, group, state, now) else policies.simple(policy, sizes)

    def _tracked(
        self, policy: Policy, sizes: Sizes, state: GroupState, alarm: str, value: float, now: float
    ) -> int | None:
        wanted = policies.tracked(policy, sizes, value)
        if tracking.is_high(alarm):
            state.wishes.pop(policy.name, None)
            return max(sizes.desired, wanted)
        state.wishes[policy.name] = (now, wanted)
        fresh = now - self._pace.real(WISH_SECONDS)
        wishes = {n: size for n, (at, size) in state.wishes.items() if at >= fresh}
        others = [p for p in state.policies.values() if p.kind == policy.kind and p.scales_in and p.enabled]
        return policies.agreed({p.name: wishes.get(p.name) for p in others}, sizes)

    def execute(self, policy: Policy, value: float | None, threshold: float, honour_cooldown: bool) -> None:
        """Somebody asks a policy to act. Raises AwsError while it cools down and that is to be honoured."""
        group, now = records.read(policy.key), time.time()
        with self._store.lock:
            state = self._store.state(policy.key)
            if honour_cooldown and self._cools(policy, group, state, now):
                raise AwsError("ScalingActivityInProgress", f"The group {group.key.name} is in its cooldown period.")
            sizes = self._sizes(policy, group, state, now)
            if policy.kind == "StepScaling":
                wanted = policies.stepped(policy, sizes, threshold if value is None else value, threshold)
            else:
                wanted = policies.simple(policy, sizes)
            if wanted is not None:
                self._set(group, state, wanted, f"a user request executed policy {policy.name} {CHANGING}")

    def scheduled(self, key: GroupKey, action: ScheduledAction) -> None:
        """A scheduled action changes limits and capacity. Raises AwsError where they contradict each other."""
        with self._store.lock:
            group = records.read(key)
            state = self._store.state(key)
            low = group.minimum if action.minimum is None else action.minimum
            high = group.maximum if action.maximum is None else action.maximum
            wanted = min(max(group.desired, low), high) if action.desired is None else action.desired
            if not low <= wanted <= high:
                message = f"The scheduled action {action.name} wants {wanted}, which is not between {low} and {high}."
                raise AwsError("ValidationError", message)
            records.set_capacity(key, desired=group.desired, minimum=low, maximum=high)
            settings = (("min size", group.minimum, low), ("max size", group.maximum, high))
            changes = [f"Setting {what} from {old} to {new}." for what, old, new in settings if old != new]
            said = " ".join([f"the scheduled action {action.name} executed.", *changes, "Setting desired capacity"])
            self._set(group, state, wanted, said)

    def _set(self, group: Group, state: GroupState, wanted: int, cause: str) -> None:
        if wanted == group.desired or state.deleting:
            return
        state.scaled = time.time()
        explained = f"{cause} from {group.desired} to {wanted}"
        self._store.activities.explain(group.key, explained)
        log.info("%s: %s", group.key.name, explained)
        records.set_capacity(group.key, desired=wanted)
        self._wake()

    def _sizes(self, policy: Policy, group: Group, state: GroupState, now: float) -> Sizes:
        warmup = self._pace.real(policies.warmup_of(policy, group))
        return policies.sizes(group, state.members, warmup, now)

    def _cools(self, policy: Policy, group: Group, state: GroupState, now: float) -> bool:
        cooldown = group.cooldown_seconds if policy.cooldown is None else float(policy.cooldown)
        return policies.cooling(state.members, group.desired, state.scaled, self._pace.real(cooldown), now)
