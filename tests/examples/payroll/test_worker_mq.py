"""Payroll's Worker-MQ, really running, with a broker that comes, goes and is replaced."""

import datetime
import ipaddress
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bake import artifact, wheels
from payroll_worker_mq.events import Events, WrongEvent
from tests.examples.payroll.amqp_broker import Broker
from tests.examples.payroll.harness import EXAMPLES, MetadataService, Place, Service, running, until

USERNAME, PASSWORD = "kilnadmin", "a-password-that-no-log-shows"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 and its key, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "certificate.pem"


@pytest.fixture
def broker(certificate: Path) -> Iterator[Callable[..., Broker]]:
    made: list[Broker] = []

    def make(port: int = 0) -> Broker:
        made.append(Broker(certificate, certificate.with_name("key.pem"), USERNAME, PASSWORD, port))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def client() -> tuple[Path, ...]:
    """The wheel of the client for AMQP: the one that the artifact takes."""
    return tuple(
        w for w in wheels.fetch(EXAMPLES / "worker-mq" / "requirements.lock", artifact.cache()) if "pika" in w.name
    )


@pytest.fixture
def worker(metadata: MetadataService, place: Place, certificate: Path, client: tuple[Path, ...]) -> Iterator[Service]:
    for name in ("broker/endpoint", "broker/secret-arn"):
        place.put(name, "nothing-yet")
    with running("worker-mq", metadata.url, place.url, client, SSL_CERT_FILE=str(certificate)) as it:
        yield it


def announce(place: Place, broker: Broker, password: str = PASSWORD) -> None:
    """What the stack of the broker leaves."""
    secret = json.dumps({"username": USERNAME, "password": password})
    made = place.client("secretsmanager").create_secret(Name=f"{place.name}-{password}", SecretString=secret)
    place.put("broker/secret-arn", made["ARN"])
    place.put("broker/endpoint", f"amqps://127.0.0.1:{broker.port}")


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"type": 1}', b'{"type": "A B"}', b"\xff"])
def test_what_has_no_type_is_no_event(body: bytes) -> None:
    events = Events()
    with pytest.raises(WrongEvent):
        events.take("1", body)
    assert events.heard.total() == 0


def test_without_a_broker_it_runs_and_says_why_it_hears_nothing(worker: Service) -> None:
    found = worker.until_state("unreachable")
    assert found["problem"] == "NotKnown: broker/endpoint is nothing-yet; expected amqps://HOST:PORT"
    assert worker.send(path="/health")[0] == 200
    lines = worker.stop()
    assert not [line for line in lines if line["level"] in ("ERROR", "CRITICAL")], "or a deployment would be taken back"


def test_events_are_taken_and_acknowledged_and_the_rest_is_refused_for_good(
    worker: Service, place: Place, broker: Callable[..., Broker]
) -> None:
    one = broker()
    one.messages = [b'{"type": "employee.moved", "name": "Person-4711"}', b"no event", b'{"type": "bank.changed"}']
    announce(place, one)
    worker.until_state("listening")
    assert until(lambda: worker.health()["heard"] == 2)
    assert until(lambda: one.acknowledged == [1, 3])
    assert (one.refused, one.declared) == ([(2, False)], ["payroll.events"])
    lines = worker.stop()
    assert one.goodbyes == 1
    assert [line["message"] for line in lines if line["logger"] == "payroll.events"] == [
        "heard employee.moved",
        "heard bank.changed",
    ]
    assert not any(text in str(lines) for text in (PASSWORD, "Person-4711"))


def test_a_broker_that_is_replaced_is_found_at_its_new_address(
    worker: Service, place: Place, broker: Callable[..., Broker]
) -> None:
    first = broker()
    announce(place, first)
    worker.until_state("listening")
    second = broker()
    second.messages = [b'{"type": "employee.moved"}']
    place.put("broker/endpoint", f"amqps://127.0.0.1:{second.port}")
    first.close()
    assert until(lambda: second.acknowledged == [1], 15)
    assert worker.until_state("listening")["problem"] == ""


def test_a_password_that_was_changed_is_read_anew(worker: Service, place: Place, broker: Callable[..., Broker]) -> None:
    one = broker()
    announce(place, one, password="an-old-one")
    assert until(lambda: "Error" in worker.health()["problem"]), worker.health()
    announce(place, one)
    worker.until_state("listening", 15)


def test_a_broker_with_another_certificate_gets_no_password(
    metadata: MetadataService, place: Place, client: tuple[Path, ...], broker: Callable[..., Broker]
) -> None:
    announce(place, broker())
    with running("worker-mq", metadata.url, place.url, client) as worker:
        assert until(lambda: "CERTIFICATE_VERIFY_FAILED" in worker.health()["problem"]), worker.health()
