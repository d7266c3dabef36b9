"""What went through a real HAProxy, as CloudWatch's metrics have it."""

import time
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from rehearsal.alarms.measures.balancers import publisher
from tests.rehearsal.balancer.test_balancer import ACCOUNT, REGION, served

REQUESTS = 6
SEEN_SECONDS = 0.5  # the keeper of a load balancer reads the counters at least every 0.2 s
OF_BALANCER, OF_GROUP, OF_BOTH = ("LoadBalancer",), ("TargetGroup",), ("LoadBalancer", "TargetGroup")


def measured(values: set[str]) -> dict[tuple[str, ...], float]:
    """The sums of what was published under these dimensions: (metric, names of the dimensions) → sum."""
    found: dict[tuple[str, ...], float] = {}
    for datum in cloudwatch_backends[ACCOUNT][REGION].metric_data:
        if {str(d.value) for d in datum.dimensions} <= values:
            key = (str(datum.name), *sorted(str(d.name) for d in datum.dimensions))
            found[key] = found.get(key, 0) + datum.value
    return found


def test_requests_answers_and_health_are_measured(world: Any, client: Any) -> None:
    address, _, group, (first, second) = served(world, "a", "b")
    (balancer,) = [b for b in world.balancers.each() if b.address == address]
    mine = {balancer.found.arn.partition(":loadbalancer/")[2], group.split(":")[-1]}
    publish = publisher(world.balancers.each)
    publish(0.0, 60.0)
    connection = client(address)
    for _ in range(REQUESTS):
        assert connection.get().status == 200
    second.status = 500  # its health check fails from now on
    world.healthy(group, first)
    time.sleep(SEEN_SECONDS)
    before = measured(mine)
    publish(60.0, 120.0)
    found = {key: value - before.get(key, 0) for key, value in measured(mine).items()}
    for dimensions in (OF_BALANCER, OF_BOTH):
        assert found["RequestCount", *dimensions] == REQUESTS
        assert found["HTTPCode_Target_2XX_Count", *dimensions] == REQUESTS
        assert ("TargetResponseTime", *dimensions) in found
    assert ("HTTPCode_Target_5XX_Count", *OF_BALANCER) not in found
    assert ("HTTPCode_ELB_5XX_Count", *OF_BALANCER) not in found
    assert found["HealthyHostCount", *OF_BOTH] == 1
    assert found["UnHealthyHostCount", *OF_BOTH] == 1
    assert found["RequestCountPerTarget", *OF_GROUP] == REQUESTS


def test_a_connection_that_fails_is_an_error_of_the_load_balancer(world: Any, client: Any) -> None:
    address, _, group, (only,) = served(world, "a")
    (balancer,) = [b for b in world.balancers.each() if b.address == address]
    mine = {balancer.found.arn.partition(":loadbalancer/")[2], group.split(":")[-1]}
    only.close()
    assert client(address).get().status == 502
    time.sleep(SEEN_SECONDS)
    publisher(world.balancers.each)(0.0, 60.0)
    assert measured(mine)["HTTPCode_ELB_5XX_Count", "LoadBalancer"] == 1
