"""A VPC with guests is a podman network in the rehearsal's namespace, made with the VPC's first guest.

Not earlier, because every account has a default VPC and all of these have the same block.
"""

import ipaddress
import logging
import threading
from collections.abc import Callable, Mapping

from console.errors import KilnError
from rehearsal.guests.namespace import Namespace
from rehearsal.guests.podman import LABEL, Podman

PRIVATE = tuple(ipaddress.IPv4Network(b) for b in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))  # RFC 1918

log = logging.getLogger("rehearsal.guests")


def refusal(
    vpc_id: str, block: str, others: Mapping[str, str], conflict: Callable[[str], str | None]
) -> KilnError | None:
    """Why guests cannot have this block; None where they can.

    Args:
        others: the blocks of the VPCs that have a network, by VPC id.
        conflict: the host's own route that a block overlaps, or None.
    """
    wanted = ipaddress.IPv4Network(block)
    if not any(wanted.subnet_of(private) for private in PRIVATE):
        return KilnError(
            "guests get private addresses only", where=vpc_id, found=block, expected=", ".join(map(str, PRIVATE))
        )
    for other, taken in others.items():
        if ipaddress.IPv4Network(taken).overlaps(wanted):
            return KilnError(
                "two VPCs of one rehearsal with guests need different blocks",
                where=vpc_id,
                found=f"{block}, and {other} has {taken}",
                next_step="give one of them another CIDR block",
            )
    if route := conflict(block):
        return KilnError(
            "this machine itself uses addresses of the VPC's block",
            where=vpc_id,
            found=f"{block} overlaps the host's route {route}",
            next_step="give the environment another CIDR block",
        )
    return None


class Networks:
    """The podman networks of one rehearsal, by VPC."""

    def __init__(self, podman: Podman, namespace: Namespace) -> None:
        self._podman = podman
        self._namespace = namespace
        self._blocks: dict[str, str] = {}
        self._lock = threading.Lock()

    def name(self, vpc_id: str) -> str:
        """The name of a VPC's podman network."""
        return f"kiln-{self._podman.label}-{vpc_id}"

    def ensure(self, vpc_id: str, block: str) -> str:
        """The name of the VPC's network, made if it is not there. Raises KilnError for a block that cannot be."""
        with self._lock:
            if vpc_id not in self._blocks:
                if error := refusal(vpc_id, block, self._blocks, self._namespace.conflict):
                    raise error
                self._create(vpc_id, block)
                self._blocks[vpc_id] = block
        return self.name(vpc_id)

    def _create(self, vpc_id: str, block: str) -> None:
        self._podman.run(
            *("network", "create", "--subnet", block, "--disable-dns", "--label", f"{LABEL}={self._podman.label}"),
            # Networks of one namespace could otherwise send to each other, which VPCs cannot.
            *("--opt", "isolate=true", "--opt", f"mtu={self._namespace.mtu()}", self.name(vpc_id)),
        )
        if not self._namespace.route(block):
            log.warning("%s %s is reached only from inside %s", vpc_id, block, self._namespace.name)

    def drop(self, vpc_id: str) -> None:
        """Remove the VPC's network and the host's route to it, if there are any."""
        with self._lock:
            if block := self._blocks.pop(vpc_id, None):
                self._podman.run("network", "rm", "--force", self.name(vpc_id))
                self._namespace.unroute(block)
