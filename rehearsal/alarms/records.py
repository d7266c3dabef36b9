"""moto's CloudWatch metrics: the only module of this room that reads and writes them (moto 5.2.5).

PutMetricData stays moto's, and what the rehearsal itself publishes goes to the same place, so that GetMetricData and
ListMetrics know it too. moto only ever adds to its list; what is new in it is read once and kept here by metric.
"""

import threading
from collections import deque
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import MetricDatum, cloudwatch_backends

from rehearsal.alarms.model import Metric
from rehearsal.alarms.statistics import Sample, value

Place = tuple[str, str]  # account, region
KEPT_PER_METRIC = 20_000


class Metrics:
    """The metric data of all accounts, as samples."""

    def __init__(self) -> None:
        self._samples: dict[tuple[Place, Metric], deque[Sample]] = {}
        self._read: dict[Place, int] = {}
        self._lock = threading.Lock()

    def refresh(self) -> None:
        """Read what moto got since the last time."""
        with self._lock:
            for account, regions in list(cloudwatch_backends.items()):
                for region, backend in list(regions.items()):
                    self._read_new((str(account), str(region)), backend.metric_data)

    def _read_new(self, place: Place, data: list[Any]) -> None:
        done = self._read.get(place, 0)
        if len(data) < done:  # moto was reset
            self._samples = {k: v for k, v in self._samples.items() if k[0] != place}
            done = 0
        new = data[done:]
        for datum in new:
            dimensions = frozenset((str(d.name), str(d.value)) for d in datum.dimensions)
            metric = Metric(str(datum.namespace), str(datum.name), dimensions)
            self._samples.setdefault((place, metric), deque(maxlen=KEPT_PER_METRIC)).append(_sample(datum))
        self._read[place] = done + len(new)

    def of(self, place: Place, metric: Metric, since: float, unit: str | None) -> list[Sample]:
        """The samples of a metric that are not older than `since` (seconds since the epoch)."""
        with self._lock:
            found = self._samples.get((place, metric), ())
            return [s for s in found if s.at >= since and (unit is None or s.unit == unit)]


def publish(place: Place, metric: Metric, at: float, number: float, unit: str) -> None:
    """Add a value to a metric, for everybody to read."""
    dimensions = [{"Name": name, "Value": text} for name, text in sorted(metric.dimensions)]
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)  # moto's own times have no zone, and mean UTC
    made = MetricDatum(metric.namespace, metric.name, float(number), dimensions, moment, unit)
    cloudwatch_backends[place[0]][place[1]].metric_data.append(made)


def _sample(datum: Any) -> Sample:
    at, unit = _seconds(datum.timestamp), str(datum.unit) if datum.unit else None
    if isinstance(datum, MetricDatum):
        return value(at, datum.value, unit)
    return Sample(at, datum.sum, datum.sample_count, datum.min, datum.max, unit)


def _seconds(moment: datetime) -> float:
    """moto's own times have no zone, and mean UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def dimension(**pairs: str) -> frozenset[tuple[str, str]]:
    """The dimensions of a metric."""
    return frozenset(pairs.items())
