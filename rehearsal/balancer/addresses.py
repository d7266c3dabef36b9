"""Where a load balancer listens: an address of its own in its VPC, like the network interfaces of a real one."""

import logging
import subprocess
import threading
from collections.abc import Callable
from typing import Any, Protocol

from rehearsal.balancer.model import Unsupported

FIRST_USABLE = 4  # AWS keeps the first four addresses of a subnet, and the last one

log = logging.getLogger("rehearsal.balancer")


class Addresses(Protocol):
    """Gives each load balancer an address that HAProxy can bind."""

    def take(self, record: Any) -> str:
        """An address for the load balancer of this record of moto's. Raises Unsupported."""

    def give_back(self, record: Any, address: str) -> None:
        """The load balancer has ended."""


class SubnetAddresses:
    """The highest free address of the load balancer's first subnet, local to this network namespace.

    It is made local by a route and not by an address of the loopback device: podman refuses a network whose block
    contains an address that any device has (podman 4.3.1: "subnet … is already used on the host").

    Args:
        route: leads the host to a VPC's block; False where the host cannot reach it.
    """

    def __init__(self, route: Callable[[str], bool]) -> None:
        self._route = route
        self._taken: set[str] = set()
        self._lock = threading.Lock()

    def take(self, record: Any) -> str:
        with self._lock:
            address, block = _reserve(record, self._taken)
            if address is None:
                raise Unsupported(f"no address is free in the subnets of {record.name}")
            self._taken.add(address)
        subprocess.run(["ip", "route", "replace", "local", f"{address}/32", "dev", "lo"], check=True, timeout=10)
        if not self._route(block):
            log.warning("%s: this machine cannot reach %s, somebody else has %s", record.name, address, block)
        return address

    def give_back(self, record: Any, address: str) -> None:
        command = ["ip", "route", "del", "local", f"{address}/32", "dev", "lo"]
        gone = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
        if gone.returncode:
            log.warning("%s: %s", " ".join(command), gone.stderr.strip())
        with self._lock:
            _release(record, address)
            self._taken.discard(address)


def _reserve(record: Any, taken: set[str]) -> tuple[str | None, str]:
    """The highest free address of the first subnet with room, taken there so that no instance gets it; the VPC's block.

    Args:
        taken: addresses that load balancers of other accounts have already in a VPC with the same block.
    """
    block = ""
    for subnet in record.subnets:
        block = str(subnet.ec2_backend.get_vpc(subnet.vpc_id).cidr_block)
        for number in range(subnet.cidr.num_addresses - 2, FIRST_USABLE - 1, -1):
            address = str(subnet.cidr[number])
            if address not in taken and address not in subnet._subnet_ips:
                subnet.request_ip(address, record)
                return address, block
    return None, block


def _release(record: Any, address: str) -> None:
    """Give an address back to its subnet."""
    for subnet in record.subnets:
        if subnet._subnet_ips.get(address) is record:
            subnet.del_subnet_ip(address)
