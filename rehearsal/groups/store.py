"""What Kiln knows of each group beyond moto's records: members, refreshes, activities; under one lock."""

import threading
from dataclasses import dataclass, field, replace

from rehearsal.groups.activities import ActivityLog
from rehearsal.groups.model import GroupKey, LaunchFailure, Member
from rehearsal.groups.policies import Policy
from rehearsal.groups.refresh import Refresh
from rehearsal.groups.schedule import ScheduledAction


@dataclass(slots=True)
class GroupState:
    """The state of one group; change it only while holding the store's lock.

    `scaled`: when a policy or a scheduled action changed the capacity last. `wishes`: what each target tracking policy
    would scale in to, and since when. `notified`: topic → the kinds of notification that it gets.
    """

    members: tuple[Member, ...] = ()
    refreshes: tuple[Refresh, ...] = ()  # the newest last
    failure: LaunchFailure | None = None
    deleting: bool = False
    looked: float = 0.0  # when its target groups were asked last
    policies: dict[str, Policy] = field(default_factory=dict)
    schedule: dict[str, ScheduledAction] = field(default_factory=dict)
    notified: dict[str, tuple[str, ...]] = field(default_factory=dict)
    scaled: float | None = None
    wishes: dict[str, tuple[float, int]] = field(default_factory=dict)

    @property
    def refresh(self) -> Refresh | None:
        """The newest refresh where it is still going on."""
        return self.refreshes[-1] if self.refreshes and self.refreshes[-1].active else None

    def put_refresh(self, refresh: Refresh) -> None:
        """Keep a new state of a refresh."""
        others = tuple(r for r in self.refreshes if r.id != refresh.id)
        self.refreshes = (*others, refresh)

    def member(self, member_id: str) -> Member | None:
        """A member by its instance id."""
        return next((m for m in self.members if m.id == member_id), None)

    def put_member(self, member: Member) -> None:
        """Keep a new state of a member."""
        self.members = tuple(member if m.id == member.id else m for m in self.members)


class Store:
    """The states of all groups. The lock is never held during a call to another service."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.activities = ActivityLog()
        self._states: dict[GroupKey, GroupState] = {}
        self._orphans: list[Policy] = []

    def state(self, key: GroupKey) -> GroupState:
        """The state of a group, made when it is first asked for."""
        return self._states.setdefault(key, GroupState())

    def keys(self) -> list[GroupKey]:
        """The groups of which there is a state."""
        return list(self._states)

    def of(self, account: str, region: str) -> list[tuple[GroupKey, GroupState]]:
        """The states of the groups in an account and region, by name."""
        return sorted(((k, s) for k, s in self._states.items() if k[:2] == (account, region)), key=lambda pair: pair[0])

    def forget(self, key: GroupKey) -> None:
        """Drop the state of a group that is gone; its activities stay, and its policies until their alarms are gone."""
        gone = self._states.pop(key, None)
        self._orphans += gone.policies.values() if gone else ()

    def take_orphans(self) -> list[Policy]:
        """The policies of groups that are gone, whose alarms are still to be deleted."""
        taken, self._orphans = self._orphans, []
        return taken

    def policy(self, account: str, region: str, wanted: str, group: str | None = None) -> Policy | None:
        """A scaling policy by its ARN, or by its name within a group."""
        with self.lock:
            for key, state in self._states.items():
                if key[:2] != (account, region):
                    continue
                for policy in state.policies.values():
                    if wanted == policy.arn or (wanted == policy.name and key.name == group):
                        return policy
        return None

    def change_member(self, key: GroupKey, member: Member) -> None:
        """Keep a new state of a member and note what the change means."""
        state = self.state(key)
        before = state.member(member.id)
        if before is not None:
            state.put_member(replace(member, activity=self.activities.follow(key, before, member)))
