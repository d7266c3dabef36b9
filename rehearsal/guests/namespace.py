"""The network namespace of a rehearsal: in it everything of a rehearsal has its addresses, so that two never meet.

A veth pair leads to the host, the host translates what goes out, and each VPC gets a route on the host, as long as no
other rehearsal has that block. On the host there are only: the namespace, one interface, these routes, and four
iptables rules whose comment is the namespace's name; `remove` takes all of it away. IPv4 forwarding is switched on and
left on, as podman and Docker do. Everything goes through iproute2, because podman's own networks are made that way.
"""

import ctypes
import fcntl
import ipaddress
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.errors import KilnError

CLONE_NEWNET = 0x40000000  # linux/sched.h
LINKS = ipaddress.IPv4Network("100.64.0.0/10")  # RFC 6598, shared address space: no VPC and hardly a host uses it
SLOTS = 1024
NAMESPACES = Path("/run/netns")
LOCK = Path("/run")  # the folder itself is locked, so that no file is left
LINK_PREFIX = "kln-"  # with a rehearsal's name at most the 15 characters that an interface name may have
INSIDE = "uplink"  # the interface inside the namespace

libc = ctypes.CDLL(None, use_errno=True)


def free_slot(taken: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """The first /30 of the shared address space that overlaps nothing of what is taken. Raises KilnError if none is."""
    blocks = [block for block in taken if block.overlaps(LINKS)]
    for number, slot in enumerate(LINKS.subnets(new_prefix=30)):
        if number == SLOTS:
            break
        if not any(slot.overlaps(block) for block in blocks):
            return slot
    raise KilnError(
        "no address block is free for another rehearsal",
        where=f"the first {SLOTS} /30 blocks of {LINKS}",
        next_step="end a rehearsal: python -m rehearsal down --name NAME",
    )


def rules_of(comment: str, listing: str) -> list[list[str]]:
    """The rules with this comment in what `iptables -S` prints, each as the arguments that delete it."""
    found = []
    for line in listing.splitlines():
        words = shlex.split(line)
        if words[:1] == ["-A"] and "--comment" in words and words[words.index("--comment") + 1] == comment:
            found.append(["-D", *words[1:]])
    return found


def set_namespace(descriptor: int) -> None:
    """Move the calling thread into a network namespace; threads and processes that it starts are in it too."""
    if libc.setns(descriptor, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise KilnError("cannot enter a network namespace", found=os.strerror(number), expected="root")


class Namespace:
    """The network namespace `kiln-<name>`. Make the object before `enter`: where it is made is the host's side."""

    def __init__(self, name: str) -> None:
        self.name = f"kiln-{name}"
        self.path = NAMESPACES / self.name
        self._link = f"{LINK_PREFIX}{name}"
        self._host = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def create(self) -> None:
        """Make the namespace and its way out; what exists already stays. Raises KilnError where that is impossible."""
        if self._link in self._host_links():
            return
        try:
            with _lock():
                self._create()
        except KilnError:
            self.remove()
            raise

    def _create(self) -> None:
        slot = free_slot(block for block, _ in self._host_blocks())
        outside, inside = (str(address) for address in slot.hosts())
        if not self.path.exists():
            self._on_host("ip", "netns", "add", self.name)
        mtu = self.mtu()
        self._on_host(
            *("ip", "link", "add", self._link, "mtu", mtu, "type", "veth"),
            *("peer", "name", INSIDE, "mtu", mtu, "netns", self.name),
        )
        self._on_host("ip", "addr", "add", f"{outside}/30", "dev", self._link)
        self._on_host("ip", "link", "set", self._link, "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "addr", "add", f"{inside}/30", "dev", INSIDE)
        self.inside("ip", "link", "set", INSIDE, "up")
        self.inside("ip", "route", "add", "default", "via", outside)
        for where in (self._on_host, self.inside):
            where("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        comment = ("-m", "comment", "--comment", self.name)
        forward = ("iptables", "-w", "10", "-I", "FORWARD")
        others = f"{LINK_PREFIX}+"
        self._on_host(*forward, "-i", self._link, "!", "-o", others, *comment, "-j", "ACCEPT")
        self._on_host(*forward, "!", "-i", others, "-o", self._link, *comment, "-j", "ACCEPT")
        # With the same blocks in two rehearsals, one would otherwise reach the other's guests where its own are gone.
        self._on_host(*forward, "-i", self._link, "-o", others, *comment, "-j", "DROP")
        nat = ("iptables", "-w", "10", "-t", "nat", "-A", "POSTROUTING", "-s", str(slot), "!", "-o", self._link)
        self._on_host(*nat, *comment, "-j", "MASQUERADE")

    def enter(self) -> None:
        """Move the calling thread into the namespace; call it before the first other thread is started."""
        with self.path.open("rb") as namespace:
            set_namespace(namespace.fileno())

    def route(self, block: str) -> bool:
        """Let the host reach a VPC's block; False where another rehearsal or the host itself has it already."""
        wanted = ipaddress.IPv4Network(block)
        with _lock():
            for taken, device in self._host_blocks():
                if taken == wanted and device == self._link:
                    return True
                if taken.overlaps(wanted):
                    return False
            self._on_host("ip", "route", "add", block, "via", self._gateway(), "dev", self._link)
        return True

    def unroute(self, block: str) -> None:
        """Take the host's route to a VPC's block away, if it leads here."""
        self._on_host("ip", "route", "del", block, "dev", self._link, fine=("No such process", "Cannot find device"))

    def conflict(self, block: str) -> str | None:
        """The route of the host itself that a VPC's block overlaps, e.g. "10.0.0.0/8 dev eth0"; None: there is none."""
        wanted = ipaddress.IPv4Network(block)
        for taken, device in self._host_blocks():
            if taken.overlaps(wanted) and not device.startswith(LINK_PREFIX):
                return f"{taken} dev {device}"
        return None

    def remove(self) -> None:
        """Take everything away, also what a killed rehearsal has left; nothing happens where there is nothing."""
        for table in ("filter", "nat"):
            listing = self._on_host("iptables", "-w", "10", "-t", table, "-S", fine=("",))
            for rule in rules_of(self.name, listing):
                self._on_host("iptables", "-w", "10", "-t", table, *rule, fine=("",))
        self._on_host("ip", "link", "del", self._link, fine=("Cannot find device",))
        if self.path.exists():
            self.inside("ip", "link", "del", INSIDE, fine=("Cannot find device", "Invalid argument"))
            self._on_host("ip", "netns", "del", self.name, fine=("No such file",))

    # --- the machine underneath ---------------------------------------------------------------------------------------
    def _on_host(self, *command: str, fine: tuple[str, ...] = ()) -> str:
        return _run(("nsenter", f"--net=/proc/self/fd/{self._host}", "--", *command), fine, (self._host,))

    def inside(self, *command: str, fine: tuple[str, ...] = ()) -> str:
        """Run a command in the namespace; gives its output. Raises KilnError unless the complaint is a `fine` one."""
        return _run(("nsenter", f"--net={self.path}", "--", *command), fine)

    def _json(self, *command: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self._on_host("ip", "-j", "-4", *command) or "[]")
        return found

    def _host_links(self) -> set[str]:
        return {str(link.get("ifname")) for link in self._json("link", "show")}

    def _host_blocks(self) -> list[tuple[ipaddress.IPv4Network, str]]:
        """The blocks that the host has routes to, its own addresses among them; the default route is none."""
        blocks = []
        for route in self._json("route", "show", "table", "all"):
            if re.fullmatch(r"[\d.]+(/\d+)?", route["dst"]) and route.get("type") not in ("broadcast", "multicast"):
                blocks.append((ipaddress.IPv4Network(route["dst"], strict=False), str(route.get("dev"))))
        return blocks

    def mtu(self) -> str:
        """The packet size of the way out: larger packets of a guest would get lost where nobody says so."""
        ways = [route["dev"] for route in self._json("route", "show", "default") if "dev" in route]
        sizes = [link["mtu"] for link in self._json("link", "show") if link["ifname"] in ways]
        return str(min(sizes, default=1500))

    def _gateway(self) -> str:
        """The address inside the namespace to which the host's routes lead."""
        found = self.inside("ip", "-j", "-4", "addr", "show", "dev", INSIDE)
        return str(json.loads(found)[0]["addr_info"][0]["local"])


def _run(command: tuple[str, ...], fine: tuple[str, ...], descriptors: tuple[int, ...] = ()) -> str:
    done = subprocess.run(command, capture_output=True, text=True, pass_fds=descriptors, timeout=30)
    if done.returncode and not any(words in done.stderr for words in fine):
        shown = shlex.join(command[command.index("--") + 1 :])
        raise KilnError(
            "the network of the rehearsal cannot be set up",
            where=shown,
            found=done.stderr.strip(),
            next_step="run it as root, on a machine that lets root make network namespaces",
        )
    return done.stdout


@contextmanager
def _lock() -> Iterator[None]:
    """Two rehearsals that start at once do not choose the same block."""
    folder = os.open(LOCK, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
