"""The alarms of all accounts and their histories, under one lock. A record is replaced, never changed."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rehearsal.alarms.model import AlarmKey, CompositeCondition, Condition, State, Verdict

KEPT = 2000  # CloudWatch keeps 30 days

CREATED = "Unchecked: Initial alarm creation"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm. `request` is what it was put with. Times are seconds since the epoch.

    `due`: the actions of its last transition still wait for the suppressor, until this time.
    """

    key: AlarmKey
    condition: Condition
    request: Mapping[str, Any]
    configured: float
    state: State = State.INSUFFICIENT_DATA
    reason: str = CREATED
    reason_data: str = ""
    updated: float = 0.0
    transitioned: float = 0.0
    recent: tuple[float, ...] = ()
    actions_enabled: bool = True
    suppressed: str = ""
    due: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_composite(self) -> bool:
        return isinstance(self.condition, CompositeCondition)

    def judged(self, verdict: Verdict, now: float, reason_data: str = "") -> "Alarm":
        """The alarm after a verdict that changes its state or, by hand, its reason."""
        return replace(
            self,
            state=verdict.state,
            reason=verdict.reason,
            reason_data=reason_data,
            recent=verdict.recent,
            updated=now,
            transitioned=now if verdict.state is not self.state else self.transitioned,
            suppressed="",
            due=None,
        )


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One line of DescribeAlarmHistory; `kind`: ConfigurationUpdate, StateUpdate or Action."""

    key: AlarmKey
    composite: bool
    kind: str
    at: float
    summary: str
    data: str


class Store:
    """Alarms by key, and what happened to them."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._alarms: dict[AlarmKey, Alarm] = {}
        self._history: deque[HistoryItem] = deque(maxlen=KEPT)

    def all(self) -> list[Alarm]:
        """All alarms of all accounts."""
        with self.lock:
            return list(self._alarms.values())

    def of(self, account: str, region: str) -> list[Alarm]:
        """The alarms in an account and region, by name."""
        return sorted((a for a in self.all() if a.key[:2] == (account, region)), key=lambda a: a.key.name)

    def find(self, key: AlarmKey) -> Alarm | None:
        with self.lock:
            return self._alarms.get(key)

    def put(self, alarm: Alarm) -> None:
        with self.lock:
            self._alarms[alarm.key] = alarm

    def drop(self, key: AlarmKey) -> None:
        with self.lock:
            self._alarms.pop(key, None)

    def note(self, alarm: Alarm, kind: str, summary: str, data: str = "{}") -> None:
        """Write a line of history."""
        with self.lock:
            self._history.appendleft(HistoryItem(alarm.key, alarm.is_composite, kind, time.time(), summary, data))

    def history(self, account: str, region: str) -> list[HistoryItem]:
        """What happened to the alarms of an account and region, the newest first."""
        with self.lock:
            return [h for h in self._history if h.key[:2] == (account, region)]
