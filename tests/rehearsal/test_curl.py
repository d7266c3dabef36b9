"""The .curlrc with which a plain curl finds the load balancers by name."""

import time
from dataclasses import dataclass
from pathlib import Path

from rehearsal.curl import kept_in_step, text


@dataclass(frozen=True)
class Balancer:
    address: str
    ports: tuple[int, ...]
    dns_name: str
    host_names: tuple[str, ...]


WEB = Balancer("10.94.0.250", (80, 443), "web-1.elb.amazonaws.com", ("stage.payroll.example.com",))


def test_every_name_of_a_load_balancer_leads_to_its_address_on_every_port() -> None:
    lines = text(Path("/ca.pem"), [WEB]).splitlines()
    assert 'cacert = "/ca.pem"' in lines
    assert [line for line in lines if line.startswith("resolve")] == [
        'resolve = "stage.payroll.example.com:80:10.94.0.250"',
        'resolve = "stage.payroll.example.com:443:10.94.0.250"',
        'resolve = "web-1.elb.amazonaws.com:80:10.94.0.250"',
        'resolve = "web-1.elb.amazonaws.com:443:10.94.0.250"',
    ]


def test_the_file_follows_the_load_balancers(tmp_path: Path) -> None:
    present: list[Balancer] = []
    file = tmp_path / "curl" / ".curlrc"
    with kept_in_step(tmp_path / "curl", Path("/ca.pem"), lambda: list(present)):
        _until(lambda: file.is_file() and "resolve" not in file.read_text())
        present.append(WEB)
        _until(lambda: "resolve" in file.read_text())


def _until(condition: object) -> None:
    limit = time.monotonic() + 5
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < limit, "it did not happen within 5 s"
        time.sleep(0.02)
