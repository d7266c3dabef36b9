"""Load balancers made through the API, served by the real HAProxy, asked by raw sockets that never try again."""

import os
import re
import signal
import ssl
import threading
import time
from collections import Counter
from typing import Any

import pytest
from moto.elbv2.models import elbv2_backends

ACCOUNT, REGION, PORT, TLS_PORT = "444444444444", "eu-west-1", 8080, 8443


def forward(*groups: tuple[str, int]) -> dict[str, Any]:
    weighted = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}


def fixed(status: int, body: str = "") -> dict[str, Any]:
    config = {"StatusCode": str(status), "ContentType": "text/plain", "MessageBody": body}
    return {"Type": "fixed-response", "FixedResponseConfig": config}


def served(world: Any, *names: str, **settings: Any) -> tuple[str, str, str, list[Any]]:
    """A load balancer with one listener and healthy targets: its address, listener, group and targets."""
    applications = [world.application(name) for name in names]
    balancer, group = world.balancer(), world.group(*applications, **settings)
    listener = world.listener(balancer, forward((group, 1)))
    world.healthy(group, *applications)
    return world.address(balancer), listener, group, applications


def keeper_of(world: Any, address: str) -> Any:
    return next(k for k in world.balancers._keepers.values() if k.balancer.address == address)


def worker_of(world: Any, address: str) -> str:
    return str(keeper_of(world, address).balancer._haproxy.runtime.pid())


# Requests


def test_requests_are_spread_over_the_healthy_targets(world: Any, client: Any) -> None:
    address, *_ = served(world, "a", "b")
    connection = client(address)
    assert Counter(connection.get().body for _ in range(10)) == {"a": 5, "b": 5}


def test_a_target_learns_who_asked_and_how(world: Any, client: Any) -> None:
    address, *_ = served(world, "a")
    echoed = client(address).get("/echo", {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "forged"}).body
    forwarded = ", ".join(re.findall(r"^x-forwarded-for: (.*)$", echoed, re.MULTILINE | re.IGNORECASE))
    assert forwarded == "192.0.2.1, 127.0.0.1"
    assert re.search(r"^x-forwarded-proto: http$", echoed, re.MULTILINE | re.IGNORECASE)
    assert re.search(rf"^x-forwarded-port: {PORT}$", echoed, re.MULTILINE | re.IGNORECASE)
    assert re.search(r"^x-amzn-trace-id: Root=1-[0-9A-F]{8}-[0-9a-f]{24}$", echoed, re.MULTILINE | re.IGNORECASE)
    assert re.search(r"^host: payroll.test$", echoed, re.MULTILINE | re.IGNORECASE)


def test_https_is_verified_against_the_rehearsals_own_authority(world: Any, client: Any) -> None:
    application = world.application("a")
    balancer, group = world.balancer(), world.group(application)
    made = world.acm.request_certificate(DomainName="payroll.test", SubjectAlternativeNames=["www.payroll.test"])
    world.listener(
        balancer,
        forward((group, 1)),
        port=TLS_PORT,
        Protocol="HTTPS",
        Certificates=[{"CertificateArn": made["CertificateArn"]}],
        SslPolicy="ELBSecurityPolicy-TLS13-1-2-2021-06",
    )
    world.healthy(group, application)
    address = world.address(balancer)
    for name in ("payroll.test", "www.payroll.test"):
        assert client(address, TLS_PORT, world.authority.path, name).get().body == "a"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        client(address, TLS_PORT, world.authority.path, "other.test")
    endpoint = next(e for e in world.balancers.endpoints() if e.address == address)
    assert (endpoint.host_names, endpoint.ports) == (("payroll.test", "www.payroll.test"), (TLS_PORT,))


def test_each_name_gets_its_own_certificate(world: Any, client: Any) -> None:
    balancer = world.balancer()
    arns = [world.acm.request_certificate(DomainName=f"{n}.test")["CertificateArn"] for n in ("one", "two")]
    listener = world.listener(
        balancer, fixed(200, "hello"), port=TLS_PORT, Protocol="HTTPS", Certificates=[{"CertificateArn": arns[0]}]
    )
    address = world.address(balancer)
    assert client(address, TLS_PORT, world.authority.path, "one.test").get().body == "hello"
    world.elb.add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": arns[1]}])

    def answered() -> bool:
        try:
            return bool(client(address, TLS_PORT, world.authority.path, "two.test").get().body == "hello")
        except (ssl.SSLError, OSError):
            return False

    world.until(answered)


def test_http_is_sent_to_https(world: Any, client: Any) -> None:
    balancer = world.balancer()
    config = {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}
    world.listener(balancer, {"Type": "redirect", "RedirectConfig": config})
    connection = client(world.address(balancer))
    plain, full = connection.get("/"), connection.get("/a/b%20c?d=e&f")
    assert (plain.status, plain.headers["location"]) == (301, "https://payroll.test:443/")
    assert full.headers["location"] == "https://payroll.test:443/a/b%20c?d=e&f"


def test_the_first_rule_that_holds_decides(world: Any, client: Any) -> None:
    balancer = world.balancer()
    listener = world.listener(balancer, fixed(404, 'it\'s "nothing" at 100 %\nhere'))
    rules: list[tuple[int, list[dict[str, Any]]]] = [
        (50, [{"Field": "path-pattern", "Values": ["/a/*"]}]),
        (10, [{"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Test", "Values": ["gr?en*"]}}]),
        (20, [{"Field": "host-header", "HostHeaderConfig": {"Values": ["*.blue.test", "blue.test"]}}]),
        (
            30,
            [{"Field": "query-string", "QueryStringConfig": {"Values": [{"Key": "v", "Value": "2"}, {"Value": "x*"}]}}],
        ),
        (
            40,
            [
                {"Field": "http-request-method", "HttpRequestMethodConfig": {"Values": ["PUT", "DELETE"]}},
                {"Field": "source-ip", "SourceIpConfig": {"Values": ["127.0.0.0/8"]}},
            ],
        ),
        (45, [{"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}}]),
    ]
    for priority, conditions in rules:
        action = fixed(200, str(priority))
        world.elb.create_rule(ListenerArn=listener, Priority=priority, Conditions=conditions, Actions=[action])
    connection = client(world.address(balancer))
    world.until(
        lambda: (
            connection.get("/a/").body == "50" and client(world.address(balancer)).get("/", method="PUT").body == "40"
        )
    )
    connection = client(world.address(balancer))
    assert connection.get("/A/x").status == 404
    assert connection.get("/a").body == 'it\'s "nothing" at 100 %\nhere'
    assert connection.get("/a/x", {"X-Test": "GREEN-ish"}).body == "10"
    assert connection.get("/a/x", {"X-Test": "not green"}).body == "50"
    assert connection.get("/?v=2", {"Host": "a.BLUE.test:8080"}).body == "20"
    assert connection.get("/?v=2", {"Host": "a-blue.test"}).body == "30"
    assert [connection.get(f"/{q}").body for q in ("?a=1&v=2", "?w=xyz")] == ["30", "30"]
    assert [connection.get(f"/{q}").status for q in ("?v=23", "?av=2", "?w=ax", "?w=1&2=x")] == [404, 404, 404, 200]


def test_weights_are_followed_without_a_reload(world: Any, client: Any) -> None:
    one, two = world.application("one"), world.application("two")
    balancer, first, second = world.balancer(), world.group(one), world.group(two)
    listener = world.listener(balancer, forward((first, 4), (second, 1)))
    world.healthy(first, one)
    world.healthy(second, two)
    address = world.address(balancer)
    worker, connection = worker_of(world, address), client(address)
    counts = Counter(connection.get().body for _ in range(1000))
    assert 140 <= counts["two"] <= 260, "20 % of 1000; the odds of a miss are below 1 : 100 000"
    world.elb.modify_listener(ListenerArn=listener, DefaultActions=[forward((first, 0), (second, 1))])
    world.until(lambda: {connection.get().body for _ in range(20)} == {"two"})
    world.elb.modify_listener(ListenerArn=listener, DefaultActions=[forward((first, 0), (second, 0))])
    world.until(lambda: connection.get().status == 503)
    assert worker_of(world, address) == worker


# Targets


def test_a_rolling_replacement_loses_no_request(world: Any, load: Any) -> None:
    address, _, group, old = served(world, "old-1", "old-2", delay=2)
    clients = [load(address, fresh=bool(n % 2)) for n in range(6)]
    new = [world.application("new-1"), world.application("new-2")]
    for leaving, coming in zip(old, new, strict=True):
        world.register(group, coming)
        world.until(lambda coming=coming: world.health(group).get(coming.address) == ("healthy", None))
        world.deregister(group, leaving)
        world.until(lambda leaving=leaving: leaving.address not in world.health(group))
        leaving.close()
    time.sleep(0.3)
    results: Counter[str] = sum((client.stop() for client in clients), Counter())
    assert set(results) == {"old-1", "old-2", "new-1", "new-2"}, results
    assert results.total() > 100


def test_a_target_that_ends_without_being_deregistered_loses_requests(world: Any, load: Any) -> None:
    address, _, _, (first, second) = served(world, "first", "second")
    clients = [load(address, fresh=True) for _ in range(4)]
    first.close()
    time.sleep(1)
    results: Counter[str] = sum((client.stop() for client in clients), Counter())
    assert results["502"] > 0, results
    assert second.asked > 0


def test_a_request_in_flight_survives_the_deregistration(world: Any, client: Any) -> None:
    address, _, group, (first,) = served(world, "first", delay=10)
    answers: list[str] = []
    connection = client(address)
    asking = threading.Thread(target=lambda: answers.append(connection.get("/?ms=1500").body))
    asking.start()
    world.until(lambda: first.asked)
    world.deregister(group, first)
    assert world.health(group) == {first.address: ("draining", "Target.DeregistrationInProgress")}
    assert world.balancers.drains(first.address)
    world.until(lambda: client(address).get().status == 503)
    assert world.health(group)[first.address][0] == "draining"
    began = time.monotonic()
    world.until(lambda: not world.health(group))
    assert time.monotonic() - began < 5, "the deregistration is complete when nothing is in flight any more"
    asking.join()
    assert answers == ["first"]
    assert not world.balancers.drains(first.address)


def test_a_request_in_flight_is_cut_after_the_deregistration_delay(world: Any, client: Any) -> None:
    address, _, group, (first,) = served(world, "first", delay=1)
    outcomes: list[Any] = []
    connection = client(address)

    def ask() -> None:
        try:
            outcomes.append(connection.get("/?ms=6000").status)
        except OSError as error:
            outcomes.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    world.until(lambda: first.asked)
    world.deregister(group, first)
    asking.join(4)
    assert outcomes and outcomes[0] != 200
    world.until(lambda: not world.health(group))


def test_idle_connections_do_not_hold_up_a_deregistration(world: Any, client: Any) -> None:
    address, _, group, (first,) = served(world, "first", delay=300)
    idle = [client(address) for _ in range(5)]
    assert {connection.get().body for connection in idle} == {"first"}
    world.deregister(group, first)
    world.until(lambda: not world.health(group), 3)
    world.register(group, first)
    world.healthy(group, first)
    world.until(lambda: {connection.get().body for connection in idle} == {"first"})


def test_an_unhealthy_target_gets_no_requests_until_it_is_healthy_again(world: Any, client: Any) -> None:
    address, _, group, (first, second) = served(world, "first", "second")
    first.status = 500
    world.until(lambda: world.health(group)[first.address] == ("unhealthy", "Target.ResponseCodeMismatch"))
    connection = client(address)
    assert {connection.get().body for _ in range(10)} == {"second"}
    first.status = 200
    world.healthy(group, first, second)
    assert {connection.get().body for _ in range(10)} == {"first", "second"}


def test_without_any_healthy_target_all_are_used(world: Any, client: Any) -> None:
    address, _, group, (first,) = served(world, "first")
    first.status = 500
    world.until(lambda: world.health(group)[first.address][0] == "unhealthy")
    assert client(address).get().body == "first"


def test_nobody_is_asked_before_his_first_check_has_passed(world: Any, client: Any) -> None:
    address, _, group, _ = served(world, "first")
    late = world.application("late")
    late.status = 503
    world.register(group, late)
    world.until(lambda: world.health(group)[late.address] == ("initial", "Elb.InitialHealthChecking"))
    connection = client(address)
    assert {connection.get().body for _ in range(10)} == {"first"}
    world.until(lambda: world.health(group)[late.address] == ("unhealthy", "Target.ResponseCodeMismatch"))
    assert late.asked == 0


def test_the_health_of_targets_that_no_balancer_knows(world: Any) -> None:
    application, absent = world.application("a"), world.application("absent")
    group = world.group(application)
    assert world.health(group) == {application.address: ("unused", "Target.NotInUse")}
    assert world.health(group, absent) == {absent.address: ("unused", "Target.NotRegistered")}
    world.listener(world.balancer(), forward((group, 1)))
    world.healthy(group, application)
    absent.close()
    world.register(group, absent)
    world.until(lambda: world.health(group, absent) == {absent.address: ("initial", "Elb.RegistrationInProgress")})
    world.until(lambda: world.health(group, absent) == {absent.address: ("unhealthy", "Target.FailedHealthChecks")})


def test_an_unknown_group_is_an_error_of_the_api(world: Any) -> None:
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/none/0123456789abcdef"
    with pytest.raises(world.elb.exceptions.TargetGroupNotFoundException):
        world.elb.describe_target_health(TargetGroupArn=arn)


@pytest.mark.parametrize("ending", ["terminate", "stop"])
def test_an_instance_that_ends_leaves_the_traffic(world: Any, instances: Any, client: Any, ending: str) -> None:
    balancer = world.balancer()
    group = world.group(TargetType="instance")
    world.listener(balancer, forward((group, 1)))
    (first, one), (second, _two) = instances("one", "two")
    world.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": first}, {"Id": second}])
    world.until(lambda: set(world.health(group).values()) == {("healthy", None)} and len(world.health(group)) == 2)
    one.close()
    if ending == "terminate":
        world.ec2.terminate_instances(InstanceIds=[first])
        assert not world.balancers.drains(first), "nobody waits for what was not deregistered"
        world.until(lambda: world.health(group) == {second: ("healthy", None)})
    else:
        world.ec2.stop_instances(InstanceIds=[first])
        world.until(
            lambda: world.health(group) == {first: ("unused", "Target.InvalidState"), second: ("healthy", None)}
        )
    connection = client(world.address(balancer))
    assert {connection.get().body for _ in range(5)} == {"two"}


# Reloads and faults


def test_a_reload_keeps_health_and_requests_in_flight(world: Any, client: Any, load: Any) -> None:
    address, listener, group, (first, second) = served(world, "first", "second")
    second.status = 500
    world.until(lambda: world.health(group)[second.address][0] == "unhealthy")
    worker, clients = worker_of(world, address), [load(address, fresh=bool(n % 2)) for n in range(4)]
    answers: list[str] = []
    slow = client(address)
    asking = threading.Thread(target=lambda: answers.append(slow.get("/?ms=1000").body))
    asking.start()
    for priority in range(1, 6):
        condition = {"Field": "path-pattern", "Values": [f"/rule-{priority}"]}
        world.elb.create_rule(
            ListenerArn=listener, Priority=priority, Conditions=[condition], Actions=[fixed(200, f"{priority}")]
        )
        world.until(lambda priority=priority: client(address).get(f"/rule-{priority}").body == f"{priority}")
        assert world.health(group)[second.address][0] == "unhealthy"
        assert world.health(group)[first.address][0] == "healthy"
    asking.join()
    results: Counter[str] = sum((client.stop() for client in clients), Counter())
    assert set(results) == {"first"}, results
    assert answers == ["first"]
    assert worker_of(world, address) != worker


def test_a_client_idle_on_an_old_worker_is_not_sent_to_a_target_that_is_gone(world: Any, client: Any) -> None:
    address, listener, group, (first, _) = served(world, "first", "second")
    idle = [client(address) for _ in range(10)]
    assert {connection.get().body for connection in idle} == {"first", "second"}
    condition = {"Field": "path-pattern", "Values": ["/x"]}
    world.elb.create_rule(ListenerArn=listener, Priority=1, Conditions=[condition], Actions=[fixed(200, "x")])
    world.until(lambda: client(address).get("/x").body == "x")
    world.deregister(group, first)
    world.until(lambda: first.address not in world.health(group))
    first.close()
    assert {connection.get().body for connection in idle} == {"second"}


def test_a_target_may_come_while_the_structure_changes(world: Any, client: Any) -> None:
    address, listener, group, (first,) = served(world, "first")
    late = world.application("late")
    late.status = 503
    world.register(group, late)
    world.until(lambda: world.health(group)[late.address] == ("initial", "Elb.InitialHealthChecking"))
    condition = {"Field": "path-pattern", "Values": ["/x"]}
    world.elb.create_rule(ListenerArn=listener, Priority=1, Conditions=[condition], Actions=[fixed(200, "x")])
    world.until(lambda: client(address).get("/x").body == "x")
    assert {client(address).get().body for _ in range(6)} == {"first"}
    late.status = 200
    world.healthy(group, first, late)
    assert {client(address).get().body for _ in range(6)} == {"first", "late"}


@pytest.mark.parametrize("who", ["worker", "master"])
def test_a_killed_haproxy_comes_back(world: Any, client: Any, who: str) -> None:
    address, _, group, (first,) = served(world, "first")
    haproxy = keeper_of(world, address).balancer._haproxy
    before = worker_of(world, address)
    os.kill(int(before) if who == "worker" else haproxy._process.pid, signal.SIGKILL)

    def answered() -> bool:
        try:
            return bool(client(address).get().body == "first" and worker_of(world, address) != before)
        except OSError:
            return False

    world.until(answered)
    world.healthy(group, first)


def test_haproxy_ends_with_its_load_balancer(world: Any) -> None:
    address, *_ = served(world, "first")
    process = keeper_of(world, address).balancer._haproxy._process
    for balancer in world.elb.describe_load_balancers()["LoadBalancers"]:
        world.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    world.until(lambda: process.poll() is not None)
    world.until(lambda: address not in {e.address for e in world.balancers.endpoints()})


def test_what_cannot_be_expressed_is_said_and_the_rest_goes_on(world: Any, client: Any) -> None:
    address, _, group, (first,) = served(world, "first")
    record = elbv2_backends[ACCOUNT][REGION].target_groups[group]
    record.attributes["stickiness.enabled"] = "true"

    def problem() -> str | None:
        found: str | None = next(e for e in world.balancers.endpoints() if e.address == address).problem
        return found

    assert world.until(problem) == "not emulated: the target group attribute stickiness.enabled = true"
    assert world.elb.describe_load_balancers()["LoadBalancers"][0]["State"]["Code"] == "active_impaired"
    late = world.application("late")
    world.register(group, late)
    world.healthy(group, first, late)
    assert client(address).get().status == 200
    record.attributes["stickiness.enabled"] = "false"
    world.until(lambda: problem() is None)


def test_a_configuration_that_haproxy_refuses_is_said_and_the_old_one_goes_on(world: Any, client: Any) -> None:
    address, _, group, _ = served(world, "first")
    elbv2_backends[ACCOUNT][REGION].target_groups[group].matcher["HttpCode"] = "nonsense"
    problem = world.until(lambda: next(e for e in world.balancers.endpoints() if e.address == address).problem)
    assert "status codes" in problem
    assert client(address).get().body == "first"


def test_a_load_balancer_may_lose_its_listeners_and_get_others(world: Any, client: Any) -> None:
    address, listener, *_ = served(world, "first")
    balancer = world.elb.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    world.elb.delete_listener(ListenerArn=listener)
    world.until(lambda: keeper_of(world, address).balancer._configuration is None)
    with pytest.raises(OSError):
        client(address)
    world.listener(balancer, fixed(200, "again"))
    assert client(world.address(balancer)).get().body == "again"
