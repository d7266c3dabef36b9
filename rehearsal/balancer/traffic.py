"""What has gone through a load balancer: HAProxy's counters, added up over reloads and removed servers.

The keeper of the load balancer reads the counters several times a second anyway; only what was added since the last
time counts. A worker that a reload has started begins at zero; what the old one answers afterwards is not counted.
"""

import csv
import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from rehearsal.balancer.config import TWIN

CLASSES = ("2", "3", "4", "5")  # of HTTP statuses


@dataclass(slots=True)
class GroupTraffic:
    """Since the last taking: requests to targets, answers of targets by class, and the time they took on average."""

    requests: int = 0
    answers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    seconds: float = 0.0


@dataclass(slots=True)
class Taken:
    """`groups`: by HAProxy's name of the target group. `answers`: what clients got, by class, whoever answered."""

    groups: dict[str, GroupTraffic] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))


class Traffic:
    """Adds up; read by one thread, taken by another."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], Mapping[str, int]] = {}
        self._sum = Taken()
        self._lock = threading.Lock()

    def read(self, show_stat: str) -> None:
        """Count what `show stat` has more than the last time."""
        with self._lock:
            last: dict[tuple[str, str], Mapping[str, int]] = {}
            for row in csv.DictReader(io.StringIO(show_stat.lstrip("# "))):
                key = row["pxname"], row["svname"]
                names = ("stot", *(f"hrsp_{c}xx" for c in CLASSES))
                last[key] = {name: int(row.get(name) or 0) for name in names}
                self._count(row, last[key], self._last.get(key, {}))
            self._last = last

    def _count(self, row: Mapping[str, str], now: Mapping[str, int], before: Mapping[str, int]) -> None:
        restarted = any(now[name] < before.get(name, 0) for name in now)
        more = {name: value - (0 if restarted else before.get(name, 0)) for name, value in now.items()}
        if row["svname"] == "FRONTEND":
            for c in CLASSES:
                self._sum.answers[c] += more[f"hrsp_{c}xx"]
        elif row["svname"] != "BACKEND":
            group = self._sum.groups.setdefault(row["pxname"].removesuffix(TWIN), GroupTraffic())
            group.requests += more["stot"]
            group.seconds += more["stot"] * int(row.get("rtime") or 0) / 1000
            for c in CLASSES:
                group.answers[c] += more[f"hrsp_{c}xx"]

    def take(self) -> Taken:
        """What was counted since the last taking."""
        with self._lock:
            taken, self._sum = self._sum, Taken()
            return taken
