"""AWS/ApplicationELB: requests, answers, times and the health of targets, from HAProxy's counters.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
The time of a target is HAProxy's average over its last 1024 requests.
"""

from collections.abc import Callable, Sequence

from rehearsal.alarms.model import Metric
from rehearsal.alarms.records import Place, dimension, publish
from rehearsal.balancer.balancer import Balancer
from rehearsal.balancer.model import backend_name
from rehearsal.balancer.targets import Phase
from rehearsal.balancer.traffic import CLASSES, GroupTraffic

NAMESPACE = "AWS/ApplicationELB"
Dimensions = frozenset[tuple[str, str]]


def publisher(balancers: Callable[[], Sequence[Balancer]]) -> Callable[[float, float], None]:
    """Publishes what has gone through the load balancers."""

    def measure(begin: float, end: float) -> None:
        for balancer in balancers():
            _measure(balancer, begin)

    return measure


def _measure(balancer: Balancer, at: float) -> None:
    place = balancer.found.account, balancer.found.region
    of_balancer = dimension(LoadBalancer=balancer.found.arn.partition(":loadbalancer/")[2])
    taken = balancer.take_traffic()
    by_targets = {c: sum(g.answers[c] for g in taken.groups.values()) for c in CLASSES}
    _count(place, of_balancer, at, "RequestCount", sum(g.requests for g in taken.groups.values()))
    for c in ("4", "5"):
        _count(place, of_balancer, at, f"HTTPCode_ELB_{c}XX_Count", max(0, taken.answers[c] - by_targets[c]))
    for arn in sorted(balancer.group_arns):
        of_group = dimension(TargetGroup=arn.split(":")[-1])
        traffic = taken.groups.get(backend_name(arn), GroupTraffic())
        _group(balancer, place, arn, of_group, of_group | of_balancer, traffic, at)
    for c, number in by_targets.items():
        _count(place, of_balancer, at, f"HTTPCode_Target_{c}XX_Count", number)


def _group(
    balancer: Balancer,
    place: Place,
    arn: str,
    of_group: Dimensions,
    of_both: Dimensions,
    traffic: GroupTraffic,
    at: float,
) -> None:
    serving = [v for v in balancer.views if v.registration.group.arn == arn and v.registration.phase is Phase.SERVING]
    healthy = sum(v.seen is None or v.seen.up for v in serving)
    for dimensions in (of_group, of_both):
        if healthy:
            metric = Metric(NAMESPACE, "RequestCountPerTarget", dimensions)
            publish(place, metric, at, traffic.requests / healthy, "Count")
    _count(place, of_both, at, "RequestCount", traffic.requests)
    for c, number in traffic.answers.items():
        _count(place, of_both, at, f"HTTPCode_Target_{c}XX_Count", number)
    publish(place, Metric(NAMESPACE, "HealthyHostCount", of_both), at, healthy, "Count")
    publish(place, Metric(NAMESPACE, "UnHealthyHostCount", of_both), at, len(serving) - healthy, "Count")
    if traffic.requests:
        for dimensions in (of_both, of_both - of_group):
            metric = Metric(NAMESPACE, "TargetResponseTime", dimensions)
            publish(place, metric, at, traffic.seconds / traffic.requests, "Seconds")


def _count(place: Place, dimensions: Dimensions, at: float, name: str, number: int) -> None:
    """A count is published where there was something to count: no request, no datapoint, as on AWS."""
    if number:
        publish(place, Metric(NAMESPACE, name, dimensions), at, number, "Count")
