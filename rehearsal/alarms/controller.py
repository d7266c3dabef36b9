"""The controller: one thread that publishes what the rehearsal measures, judges every alarm, and lets it act.

Periods are aligned to the clock and only complete ones count, as on CloudWatch. A metric alarm is judged once in each
of its periods, and at least once a minute; a composite alarm when one of its alarms has changed its state.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rehearsal.alarms import rules, shapes
from rehearsal.alarms.actions import Actions, Scale
from rehearsal.alarms.dashboard_tags import DashboardTags
from rehearsal.alarms.evaluation import Datapoint, evaluate, range_of
from rehearsal.alarms.expressions import evaluate as value_of
from rehearsal.alarms.model import AlarmKey, CompositeCondition, MetricCondition, State, Verdict
from rehearsal.alarms.records import Metrics
from rehearsal.alarms.service import AlarmService
from rehearsal.alarms.statistics import by_period
from rehearsal.alarms.store import Alarm, Store
from rehearsal.front.clients import Clients
from rehearsal.front.service import Service
from rehearsal.pace import Pace

log = logging.getLogger("rehearsal.alarms")

MINUTE = 60
FINEST = 10  # AWS's seconds: the shortest period
SOONEST_SECONDS = 0.1
# Publishes what was measured in one of AWS's minutes: publish(begin, end), real seconds since the epoch.
Publish = Callable[[float, float], None]


class Alarms:
    """CloudWatch's alarms in the embedded AWS: add `services` to the front, then `start`.

    Args:
        scale: lets a scaling policy act; raises AwsError.
        publishers: what is measured here; each is asked once a minute of AWS's.
    """

    def __init__(
        self,
        clients: Clients,
        scale: Scale,
        publishers: Sequence[Publish] = (),
        pace: Pace | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = Store()
        self._metrics = Metrics()
        self._actions = Actions(clients, self._store, scale)
        self._publishers = publishers
        self._pace = pace or Pace()
        self._clock = clock
        self._judged: dict[AlarmKey, int] = {}
        self._stood_on: dict[AlarmKey, tuple[CompositeCondition, tuple[str, ...]]] = {}
        self._published = math.floor(clock() / self._pace.real(MINUTE))
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
        self.services: list[Service] = [
            AlarmService(self._store, self._entered, self._changed.set),
            DashboardTags(),
        ]

    def start(self) -> None:
        """Begin to judge."""
        self._thread.start()

    def close(self) -> None:
        """Stop; alarms stay in their states."""
        self._closing.set()
        self._changed.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._changed.clear()
            try:
                self.round()
            except Exception:
                log.exception("a round of the alarms failed")
            tick = max(self._pace.real(FINEST), SOONEST_SECONDS)
            self._changed.wait(tick - self._clock() % tick + 0.005)  # a little later: the period is complete then

    def round(self) -> None:
        """Publish and judge what is due now."""
        self._publish()
        self._metrics.refresh()
        for alarm in self._store.all():
            if isinstance(alarm.condition, MetricCondition):
                self._judge_metric(alarm, alarm.condition)
        for alarm in self._in_order():
            assert isinstance(alarm.condition, CompositeCondition)
            self._judge_composite(alarm, alarm.condition)
        for alarm in self._store.all():
            if alarm.due is not None:
                self._release(alarm)

    def _publish(self) -> None:
        minute = self._pace.real(MINUTE)
        current = math.floor(self._clock() / minute)
        if current > self._published:
            self._published = current
            for publish in self._publishers:
                try:
                    publish((current - 1) * minute, current * minute)
                except Exception:  # what one part cannot measure must not stop the others, and is seen in the log
                    log.exception("metrics could not be published")

    # metric alarms ----------------------------------------------------------------------------------------------------

    def _judge_metric(self, alarm: Alarm, condition: MetricCondition) -> None:
        due = math.floor(self._clock() / self._pace.real(min(condition.period, MINUTE)))
        if self._judged.get(alarm.key) == due:
            return
        self._judged[alarm.key] = due
        verdict = evaluate(condition, self._datapoints(alarm.key, condition), alarm.state)
        self._enter(alarm, verdict, shapes.reason_data(alarm, verdict.recent, self._clock()), again=True)

    def _datapoints(self, key: AlarmKey, condition: MetricCondition) -> list[Datapoint]:
        seconds = self._pace.real(condition.period)
        current = math.floor(self._clock() / seconds)
        periods = range(current - range_of(condition), current)
        known = {
            id_: by_period(
                self._metrics.of(key[:2], stat.metric, periods.start * seconds, stat.unit), stat.statistic, seconds
            )
            for id_, stat in condition.stats.items()
        }
        complete = {id_: {p: v for p, v in series.items() if p < current} for id_, series in known.items()}
        found = value_of(condition.formula, complete, periods)
        return [Datapoint(p * seconds, found.get(p)) for p in periods]

    # composite alarms -------------------------------------------------------------------------------------------------

    def _in_order(self) -> list[Alarm]:
        """The composite alarms, each after those that it stands on; there are no circles."""
        left = {a.key: a for a in self._store.all() if isinstance(a.condition, CompositeCondition)}
        ordered: list[Alarm] = []
        while left:
            for key, alarm in list(left.items()):
                assert isinstance(alarm.condition, CompositeCondition)
                below = {AlarmKey(key.account, key.region, name) for name in rules.alarms(alarm.condition.rule)}
                if not below & left.keys():
                    ordered.append(left.pop(key))
        return ordered

    def _judge_composite(self, alarm: Alarm, condition: CompositeCondition) -> None:
        def state_of(name: str) -> str:
            found = self._store.find(AlarmKey(alarm.key.account, alarm.key.region, name))
            return str(found.state) if found else ""

        children = tuple(map(state_of, rules.alarms(condition.rule)))
        if self._stood_on.get(alarm.key) == (condition, children):
            return  # a state that was set by hand stays
        self._stood_on[alarm.key] = condition, children
        state = State.ALARM if rules.holds(condition.rule, state_of) else State.OK
        self._enter(alarm, Verdict(state, self._why(alarm, condition)))

    def _why(self, alarm: Alarm, condition: CompositeCondition) -> str:
        keys = [AlarmKey(alarm.key.account, alarm.key.region, name) for name in rules.alarms(condition.rule)]
        found = [a for a in map(self._store.find, keys) if a is not None]
        if not found:
            return f"The rule {alarm.request['AlarmRule']} names no alarm."
        latest = max(found, key=lambda a: a.transitioned)
        at = datetime.fromtimestamp(latest.transitioned, UTC)
        return f"{latest.key.arn} transitioned to {latest.state} at {at:%A %d %B, %Y %H:%M:%S} UTC"

    # states -----------------------------------------------------------------------------------------------------------

    def _enter(self, seen: Alarm, verdict: Verdict, reason_data: str = "", again: bool = False) -> None:
        """Keep a verdict, unless somebody else has changed or deleted the alarm meanwhile."""
        with self._store.lock:
            if self._store.find(seen.key) is not seen:
                return
            if verdict.state is seen.state:
                same = replace(seen, recent=verdict.recent)
                self._store.put(same)
            else:
                same = None
                after = seen.judged(verdict, self._clock(), reason_data)
                self._store.put(after)
        if same is None:
            self._entered(seen, after)
        elif again:
            self._actions.stays(same)

    def _entered(self, before: Alarm, after: Alarm) -> None:
        """An alarm has changed its state: write it down, and act, or wait for the suppressor."""
        log.info("%s: %s -> %s: %s", after.key.name, before.state, after.state, after.reason)
        summary = f"Alarm updated from {before.state} to {after.state}"
        self._store.note(after, "StateUpdate", summary, shapes.state_change(before, after))
        self._changed.set()  # composite alarms look at it
        condition = after.condition
        if isinstance(condition, CompositeCondition) and condition.suppressor:
            wait = self._pace.real(condition.wait_seconds)
            with self._store.lock:
                if self._store.find(after.key) is after:
                    self._store.put(replace(after, due=self._clock() + wait))
            return
        self._actions.entered(after, before.state)

    def _release(self, alarm: Alarm) -> None:
        """The waiting actions of a composite alarm: held back while its suppressor is in ALARM, and a little longer."""
        condition = alarm.condition
        assert isinstance(condition, CompositeCondition)
        assert alarm.due is not None
        suppressor = self._store.find(AlarmKey(alarm.key.account, alarm.key.region, condition.suppressor))
        now, held = self._clock(), suppressor is not None and suppressor.state is State.ALARM
        with self._store.lock:
            if self._store.find(alarm.key) is not alarm:
                return
            if held:
                until = now + self._pace.real(condition.extension_seconds)
                reason = f"Actions suppressed by {condition.suppressor}"
                self._store.put(replace(alarm, due=until, suppressed=reason))
                return
            if now < alarm.due:
                return
            done = replace(alarm, due=None, suppressed="")
            self._store.put(done)
        self._actions.entered(done, State.OK if done.state is State.ALARM else State.ALARM)
