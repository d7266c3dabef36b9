"""What Kiln knows of each group beyond moto's records: members, refreshes, activities; under one lock."""

import threading
from dataclasses import dataclass, replace

from rehearsal.groups.activities import ActivityLog
from rehearsal.groups.model import GroupKey, LaunchFailure, Member
from rehearsal.groups.refresh import Refresh


@dataclass(slots=True)
class GroupState:
    """The state of one group; change it only while holding the store's lock."""

    members: tuple[Member, ...] = ()
    refreshes: tuple[Refresh, ...] = ()  # the newest last
    failure: LaunchFailure | None = None
    deleting: bool = False
    looked: float = 0.0  # when its target groups were asked last

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

    def state(self, key: GroupKey) -> GroupState:
        """The state of a group, made when it is first asked for."""
        return self._states.setdefault(key, GroupState())

    def keys(self) -> list[GroupKey]:
        """The groups of which there is a state."""
        return list(self._states)

    def forget(self, key: GroupKey) -> None:
        """Drop the state of a group that is gone; its activities stay."""
        self._states.pop(key, None)

    def change_member(self, key: GroupKey, member: Member) -> None:
        """Keep a new state of a member and note what the change means."""
        state = self.state(key)
        before = state.member(member.id)
        if before is not None:
            state.put_member(replace(member, activity=self.activities.follow(key, before, member)))
