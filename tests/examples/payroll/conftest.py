"""A place for Payroll's services: metadata service and AWS on loopback."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

EXAMPLES = Path(__file__).parents[3] / "examples" / "payroll"
for name in ("common", "worker", "worker-calculation", "worker-mq"):
    sys.path.append(str(EXAMPLES / name))

from payroll_common.payslips import Payslips  # noqa: E402
from tests.examples.payroll.harness import MetadataService, Place  # noqa: E402


@pytest.fixture
def metadata() -> Iterator[MetadataService]:
    service = MetadataService()
    yield service
    service.shutdown()
    service.server_close()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def place(moto: str) -> Place:
    """Queues and a table of its own for each test; a reset of moto takes five seconds."""
    place = Place(moto)
    place.make()
    return place


@pytest.fixture
def payslips(place: Place) -> Payslips:
    return place.payslips()
