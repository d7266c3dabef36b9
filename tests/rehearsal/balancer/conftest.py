"""An API over real HTTP, the real HAProxy, and small real servers as targets, all on loopback addresses."""

import itertools
import random
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from moto.elbv2.models import elbv2_backends
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from rehearsal.balancer import Balancers
from rehearsal.certificates import CertificateAuthority
from rehearsal.cloudformation import CloudFormation
from rehearsal.front.app import Front
from rehearsal.front.clients import Clients
from rehearsal.functions import Functions
from rehearsal.moto_hooks import acm, awslambda, elbv2

ACCOUNT, REGION = "444444444444", "eu-west-1"
PORT, TLS_PORT, TARGET_PORT = 8080, 8443, 8080
NUMBERS = itertools.count(1)  # names are unique over all tests of a session


def until(test: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true result of `test`; fails after some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := test():
            return result
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {test}")


class LoopbackAddresses:
    """Addresses of the loopback device, since these tests have no network namespace of their own.

    Args:
        prefix: the first three numbers, for example "127.31.7".
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._numbers = itertools.count(10)

    def take(self, record: Any) -> str:
        return f"{self._prefix}.{next(self._numbers)}"

    def give_back(self, record: Any, address: str) -> None:
        """Never given out again."""


class Server(ThreadingHTTPServer):
    """Says nothing of connections that end early."""

    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Application:
    """A target: says its name, its health can be set, `?ms=` makes a request take time, `/echo` gives headers back."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address, self.status = name, address, 200
        self.asked = 0
        application = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path == "/health":
                    status, body = application.status, "health"
                else:
                    application.asked += 1
                    time.sleep(int(parse_qs(url.query).get("ms", ["0"])[0]) / 1000)
                    status, body = 200, str(self.headers) if url.path == "/echo" else application.name
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self._server = Server((address, TARGET_PORT), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Answer:
    """A response, read from a raw socket."""

    def __init__(self, head: str, body: str) -> None:
        first, *rest = head.split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in rest)}
        self.body = body


class Client:
    """A keep-alive connection without retries: whatever goes wrong is seen."""

    def __init__(self, address: str, port: int = PORT, ca: Path | None = None, name: str = "payroll.test") -> None:
        self._socket = socket.create_connection((address, port), 5)
        if ca:
            context = ssl.create_default_context(cafile=str(ca))
            self._socket = context.wrap_socket(self._socket, server_hostname=name)
        self._name = name
        self._file = self._socket.makefile("rb")

    def get(
        self, path: str = "/", headers: dict[str, str] | None = None, method: str = "GET", body: bytes = b""
    ) -> Answer:
        fields = {"Host": self._name, **(headers or {})}
        text = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{text}\r\n".encode() + body)
        lines = []
        while line := self._file.readline().decode().rstrip("\r\n"):
            lines.append(line)
        if not lines:
            raise ConnectionError("closed without an answer")
        answer = Answer("\r\n".join(lines), "")
        if method != "HEAD":
            answer.body = self._file.read(int(answer.headers.get("content-length", 0))).decode()
        return answer

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class Load(threading.Thread):
    """One client that asks without pause; `results` counts targets' names, statuses and errors."""

    def __init__(self, address: str, fresh: bool) -> None:
        super().__init__(daemon=True)
        self._address, self._fresh, self._done = address, fresh, threading.Event()
        self.results: Counter[str] = Counter()

    def run(self) -> None:
        client: Client | None = None
        while not self._done.wait(0.01):
            try:
                client = client or Client(self._address)
                answer = client.get("/?ms=5", {"Connection": "close"} if self._fresh else None)
                self.results[answer.body if answer.status == 200 else str(answer.status)] += 1
                if self._fresh or answer.headers.get("connection") == "close":
                    client.close()
                    client = None
            except OSError as error:
                self.results[type(error).__name__] += 1
                client = None

    def stop(self) -> Counter[str]:
        self._done.set()
        self.join()
        return self.results


class World:
    """The API, the balancers and what a test makes of them."""

    until = staticmethod(until)

    def __init__(self, clients: Clients, balancers: Balancers, authority: CertificateAuthority, prefix: str) -> None:
        self.elb = clients.get("elbv2", ACCOUNT, REGION)
        self.ec2 = clients.get("ec2", ACCOUNT, REGION)
        self.acm = clients.get("acm", ACCOUNT, REGION)
        self.iam = clients.get("iam", ACCOUNT, REGION)
        self.cloudformation = clients.get("cloudformation", ACCOUNT, REGION)
        self.logs = clients.get("logs", ACCOUNT, REGION)
        self.functions = clients.get("lambda", ACCOUNT, REGION)
        self.balancers, self.authority = balancers, authority
        self._prefix, self._addresses = prefix, itertools.count(100)
        self._applications: list[Application] = []

    def application(self, name: str, address: str = "") -> Application:
        self._applications.append(Application(name, address or f"{self._prefix}.{next(self._addresses)}"))
        return self._applications[-1]

    def balancer(self) -> str:
        """A load balancer's ARN."""
        subnets = [s["SubnetId"] for s in self.ec2.describe_subnets()["Subnets"]][:2]
        name = f"web-{next(NUMBERS)}"
        return str(self.elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"])

    def group(self, *applications: Application, delay: int = 5, **settings: Any) -> str:
        """A target group's ARN, with the applications registered; it checks quicker than AWS allows, every second."""
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        made = self.elb.create_target_group(
            **{
                "Name": f"group-{next(NUMBERS)}",
                "Protocol": "HTTP",
                "Port": TARGET_PORT,
                "VpcId": vpc,
                "TargetType": "ip",
                "HealthCheckPath": "/health",
                "HealthyThresholdCount": 2,
                "UnhealthyThresholdCount": 2,
                **settings,
            }
        )
        arn = str(made["TargetGroups"][0]["TargetGroupArn"])
        record = elbv2_backends[ACCOUNT][REGION].target_groups[arn]
        record.health_check_interval_seconds = record.health_check_timeout_seconds = 1
        value = {"Key": "deregistration_delay.timeout_seconds", "Value": str(delay)}
        self.elb.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[value])
        self.register(arn, *applications)
        return arn

    def register(self, group: str, *applications: Application) -> None:
        if applications:
            self.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": a.address} for a in applications])

    def deregister(self, group: str, *applications: Application) -> None:
        self.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": a.address} for a in applications])

    def listener(self, balancer: str, *actions: dict[str, Any], port: int = PORT, **settings: Any) -> str:
        made = self.elb.create_listener(
            **{
                "LoadBalancerArn": balancer,
                "Protocol": "HTTP",
                "Port": port,
                "DefaultActions": list(actions),
                **settings,
            }
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def address(self, balancer: str) -> str:
        """Where it listens, as soon as it does."""
        name = self.elb.describe_load_balancers(LoadBalancerArns=[balancer])["LoadBalancers"][0]["LoadBalancerName"]

        def listening() -> str | None:
            for endpoint in self.balancers.endpoints():
                if endpoint.name == name and endpoint.ports:
                    try:
                        socket.create_connection((endpoint.address, endpoint.ports[0]), 1).close()
                    except OSError:
                        return None
                    return endpoint.address
            return None

        return str(until(listening))

    def health(self, group: str, application: Application | None = None) -> dict[str, tuple[str, str | None]]:
        """Target id → (state, reason)."""
        asked = {"Targets": [{"Id": application.address}]} if application else {}
        found = self.elb.describe_target_health(TargetGroupArn=group, **asked)["TargetHealthDescriptions"]
        return {t["Target"]["Id"]: (t["TargetHealth"]["State"], t["TargetHealth"].get("Reason")) for t in found}

    def healthy(self, group: str, *applications: Application) -> None:
        """Wait until exactly these are healthy."""
        expected = {a.address for a in applications}
        until(lambda: {i for i, (state, _) in self.health(group).items() if state == "healthy"} == expected)

    def close(self) -> None:
        for application in self._applications:
            application.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clients, Balancers, CertificateAuthority]]:
    """One API and its balancers for all tests of this folder."""
    folder = tmp_path_factory.mktemp("rehearsal")
    authority = CertificateAuthority(folder / "certificates")
    acm.install(authority)
    elbv2.install()
    prefix = f"127.{random.randrange(2, 250)}.{random.randrange(250)}"
    clients = Clients("http://localhost:0")
    balancers = Balancers(folder / "balancers", clients, addresses=LoopbackAddresses(prefix))
    functions = Functions(clients, folder / "functions")
    awslambda.install(functions)
    front = Front(lambda key: None, clients.access_key)
    engine = CloudFormation(clients)
    for service in (*balancers.services, engine):
        front.add(service)
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=MotoRequestHandler)
    clients.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    balancers.start()
    engine.start(ACCOUNT, REGION)
    yield clients, balancers, authority
    engine.close()
    balancers.close()
    functions.close()
    server.shutdown()
    thread.join()


@pytest.fixture
def world(served: tuple[Clients, Balancers, CertificateAuthority]) -> Iterator[World]:
    clients, balancers, authority = served
    world = World(clients, balancers, authority, f"127.{random.randrange(2, 250)}.{random.randrange(250)}")
    yield world
    for balancer in world.elb.describe_load_balancers()["LoadBalancers"]:
        world.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    world.close()


@pytest.fixture
def client() -> type[Client]:
    """Connects."""
    return Client


@pytest.fixture
def load() -> Iterator[Callable[..., Load]]:
    """Starts a client that asks until it is stopped."""
    running: list[Load] = []

    def start(address: str, fresh: bool) -> Load:
        running.append(Load(address, fresh))
        running[-1].start()
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def instances(world: World) -> Callable[..., list[tuple[str, Application]]]:
    """Starts instances in a VPC whose block belongs to the loopback device, each with an application at its address."""

    def start(*names: str) -> list[tuple[str, Application]]:
        vpc = world.ec2.create_vpc(CidrBlock=f"127.{random.randrange(2, 250)}.0.0/16")["Vpc"]
        subnet = world.ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock=vpc["CidrBlock"])["Subnet"]["SubnetId"]
        image = world.ec2.describe_images()["Images"][0]["ImageId"]
        count = len(names)
        made = world.ec2.run_instances(ImageId=image, MinCount=count, MaxCount=count, SubnetId=subnet)["Instances"]
        return [
            (instance["InstanceId"], world.application(name, instance["PrivateIpAddress"]))
            for name, instance in zip(names, made, strict=True)
        ]

    return start


@pytest.fixture
def quick_checks() -> Callable[[str], None]:
    """Lets a group's targets be checked quicker than AWS allows, every two seconds."""

    def set_interval(group: str) -> None:
        record = elbv2_backends[ACCOUNT][REGION].target_groups[group]
        record.health_check_interval_seconds = record.health_check_timeout_seconds = 2

    return set_interval
