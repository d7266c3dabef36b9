"""The controller: one thread that gives every group its rounds, often while something is going on, seldom otherwise.

A round: look (no lock) → step (pure, under the store's lock) → act (no lock). So what a request changes in between is
never lost, and no request waits for a round.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError, Service
from rehearsal.groups import records
from rehearsal.groups.executor import Executor, failed_launch
from rehearsal.groups.group_service import GroupService
from rehearsal.groups.health import Health, verdict
from rehearsal.groups.launches import LaunchError, Launches
from rehearsal.groups.member_service import MemberService
from rehearsal.groups.model import MACHINE_GONE, STARTING, Group, GroupKey, Member, Phase, Source
from rehearsal.groups.notification_service import NotificationService
from rehearsal.groups.notifications import Notifications
from rehearsal.groups.observation import Observation, merge, observe, target_groups_of
from rehearsal.groups.policy_service import PolicyService
from rehearsal.groups.refresh import ACTIVE, Status
from rehearsal.groups.refresh_service import RefreshService
from rehearsal.groups.scaler import Scaler
from rehearsal.groups.schedule_service import ScheduleService
from rehearsal.groups.step import Situation, Step, step
from rehearsal.groups.store import GroupState, Store
from rehearsal.pace import Pace

log = logging.getLogger("rehearsal.groups")

BUSY_SECONDS, IDLE_SECONDS = 0.2, 1.0
STEADY = frozenset({Phase.IN_SERVICE, Phase.STANDBY})


class Groups:
    """Auto Scaling in the embedded AWS: add `services` to the front, then `start`."""

    def __init__(self, clients: Clients, pace: Pace | None = None, clock: Callable[[], float] = time.time) -> None:
        """`clock` is the one of scheduled actions, in seconds since the epoch."""
        self._clients = clients
        self._store = Store()
        self._notifications = Notifications(clients, self._store)
        self._scaler = Scaler(self._store, self.wake, pace or Pace())
        self._schedule = ScheduleService(self._store, self._scaler, clock)
        self._launches = Launches(clients)
        self._executor = Executor(clients, self._launches, self._store)
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="groups", daemon=True)
        self.services: list[Service] = [
            GroupService(self._store, self._notifications, self.wake),
            MemberService(self._store, self.wake),
            RefreshService(self._store, self._launches, self.wake),
            PolicyService(clients, self._store, self._scaler),
            self._schedule,
            NotificationService(self._store, self._notifications),
        ]
        self.scale = self._scaler.signal

    def start(self) -> None:
        """Begin to look after the groups."""
        self._thread.start()

    def close(self) -> None:
        """Stop; the groups and their machines stay as they are."""
        self._closing.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def wake(self) -> None:
        """Something changed: the next round comes at once."""
        self._changed.set()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._changed.clear()
            self._schedule.look()
            busy = [self._safely(key) for key in self._keys()]
            self._notifications.send_ended()
            self._delete_orphaned_alarms()
            self._changed.wait(BUSY_SECONDS if any(busy) else IDLE_SECONDS)

    def _keys(self) -> list[GroupKey]:
        with self._store.lock:  # a group that is made meanwhile is in neither list, or in both
            keys = records.all_keys()
            for key in set(self._store.keys()) - set(keys):
                self._store.forget(key)
        return keys

    def _delete_orphaned_alarms(self) -> None:
        """The alarms that target tracking made for itself go with their group."""
        with self._store.lock:
            orphans = self._store.take_orphans()
        for policy in orphans:
            if policy.alarms:
                cloudwatch = self._clients.get("cloudwatch", policy.key.account, policy.key.region)
                try:
                    cloudwatch.delete_alarms(AlarmNames=list(policy.alarms))
                except (ClientError, BotoCoreError) as error:
                    log.warning("the alarms of %s: %s", policy.arn, error)

    def _safely(self, key: GroupKey) -> bool:
        """A round of one group; a fault in one must not stop the others."""
        try:
            return self.round(key)
        except AwsError as refusal:
            if key in records.all_keys():  # else it was deleted meanwhile
                log.warning("the round of %s was refused: %s", key, refusal)
            return False
        except Exception:
            log.exception("the round of %s failed", key)
            return False

    def round(self, key: GroupKey) -> bool:
        """One round of one group; whether something is going on."""
        group = records.read(key)
        with self._store.lock:
            state = self._store.state(key)
            source, alarms = _source(group, state), _alarms(state)
            look = self._due(group, state)
            target_groups = target_groups_of(state.members, group.target_groups) if look else []
        seen = observe(self._clients, key, target_groups, alarms)
        wanted = self._fingerprint(key, source) if look else ""
        with self._store.lock:
            before = self._store.state(key).members
            done, group = self._step(key, seen, wanted)
            source = _source(group, self._store.state(key))  # the step may have begun a rollback
        self._notifications.send_waits(key, before, done.members)
        for action in done.actions:
            self._executor.perform(group, source, action)
        return bool(done.actions) or self._busy(group)

    def _step(self, key: GroupKey, seen: Observation, wanted: str) -> tuple[Step, Group]:
        state, now = self._store.state(key), time.time()
        group = records.read(key)
        missing = {arn for arn, states in seen.targets.items() if states is None}
        group = replace(
            group,
            target_groups=tuple(a for a in group.target_groups if a not in missing),
        )
        machines, protected = (
            records.machines(key, state.members),
            records.protection(key),
        )
        members = tuple(merge(m, machines[m.id], protected.get(m.id, m.protected), seen.targets) for m in state.members)
        _note_deaths(state, members, now)
        situation = Situation(group, members, now, wanted, state.refresh, state.failure, seen.alarms, state.deleting)
        done = step(situation)
        after = {m.id: m for m in (*done.members, *done.gone)}
        activities = self._store.activities
        followed = {m.id: activities.follow(key, m, after[m.id]) for m in members}
        state.members = tuple(replace(m, activity=followed[m.id]) for m in done.members)
        if sum(m.counted for m in done.members) == group.desired:
            activities.settled(key)
        if any(m.phase is Phase.IN_SERVICE and m.in_service_since == now for m in done.members):
            state.failure = None
        if done.refresh is not None:
            state.put_refresh(done.refresh)
        if done.adopted:
            records.update(key, done.adopted)
        if state.deleting and not state.members:
            records.delete(key)
            self._store.forget(key)
        else:
            records.write(group, state.members, now)
        return done, group

    def _due(self, group: Group, state: GroupState) -> bool:
        """Whether the target groups are to be asked in this round."""
        now = time.time()
        # A little earlier than the idle period, so that no idle round passes without a look.
        if not self._busy(group) and now < state.looked + IDLE_SECONDS * 0.9:
            return False
        state.looked = now
        return True

    def _busy(self, group: Group) -> bool:
        with self._store.lock:
            state = self._store.state(group.key)
            counted = sum(m.counted for m in state.members)
            joined = all(set(group.target_groups) <= m.registered for m in state.members if m.counted)
            now = time.time()
            healthy = all(verdict(m, group, now).health is Health.HEALTHY for m in state.members if m.counted)
            steady = all(m.phase in STEADY and not m.draining for m in state.members)
            waiting = state.failure is not None and now < state.failure.retry_at
            return not (steady and joined and healthy and (counted == group.desired or waiting)) or bool(state.refresh)

    def _fingerprint(self, key: GroupKey, source: Source) -> str:
        try:
            return self._launches.resolve(key.account, key.region, source).fingerprint
        except LaunchError:
            return ""  # a launch will tell why


def _source(group: Group, state: GroupState) -> Source:
    """What new instances are made from: the refresh's target while one goes on, else the group's own."""
    refresh = state.refresh
    if refresh is not None and refresh.status in ACTIVE - {Status.CANCELLING}:
        return refresh.target.source
    return group.source


def _alarms(state: GroupState) -> tuple[str, ...]:
    return state.refresh.preferences.alarms if state.refresh else ()


def _note_deaths(state: GroupState, members: tuple[Member, ...], now: float) -> None:
    """An instance that ends while it starts is a launch that failed: the next one waits a little."""
    for member in members:
        if member.phase in STARTING and member.machine in MACHINE_GONE:
            message = f"instance {member.id} ended while it started: {member.machine_reason or 'no reason given'}"
            state.failure = failed_launch(state.failure, message, now)
