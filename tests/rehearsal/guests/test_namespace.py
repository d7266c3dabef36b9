"""The network namespace of a rehearsal."""

import ipaddress
import os
import subprocess
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import KilnError
from rehearsal.guests.namespace import LINKS, SLOTS, Namespace, free_slot, rules_of

SLOT_NUMBERS = st.sets(st.integers(0, 40), max_size=30)


@given(SLOT_NUMBERS)
def test_the_first_slot_that_nobody_has_is_taken(taken: set[int]) -> None:
    slots = list(islice(LINKS.subnets(new_prefix=30), 41))
    free = free_slot(slots[number] for number in taken)
    assert free == slots[min(set(range(41)) - taken)]


@given(st.integers(10, 29), SLOT_NUMBERS)
def test_a_slot_overlaps_nothing_that_is_taken_however_large(prefix: int, numbers: set[int]) -> None:
    wide = ipaddress.IPv4Network((int(LINKS.network_address), prefix))
    if wide.num_addresses >= 4 * SLOTS:
        with pytest.raises(KilnError, match="no address block is free"):
            free_slot([wide])
        return
    assert not free_slot([wide]).overlaps(wide)


def test_blocks_elsewhere_do_not_matter() -> None:
    assert str(free_slot([ipaddress.IPv4Network("10.0.0.0/8")])) == "100.64.0.0/30"


def test_only_the_rules_with_exactly_this_comment_are_removed() -> None:
    listing = (
        "-P FORWARD ACCEPT\n"
        "-A FORWARD -i kln-a -m comment --comment kiln-a -j ACCEPT\n"
        '-A FORWARD -i kln-ab -m comment --comment "kiln-a b" -j ACCEPT\n'
        "-A FORWARD -i kln-ab -m comment --comment kiln-ab -j ACCEPT\n"
    )
    assert rules_of("kiln-a", listing) == [
        ["-D", "FORWARD", "-i", "kln-a", "-m", "comment", "--comment", "kiln-a", "-j", "ACCEPT"]
    ]


def output(command: str) -> str:
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True).stdout


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces")
def test_two_namespaces_get_different_links_and_the_first_gets_the_route() -> None:
    first, second = Namespace(f"n-{os.getpid()}"), Namespace(f"m-{os.getpid()}")
    try:
        first.create()
        second.create()
        first.create()  # what is there already stays
        assert first.route("10.199.0.0/16")
        assert first.route("10.199.0.0/16")
        assert not second.route("10.199.0.0/16")
        assert not second.route("10.199.128.0/17")
        first.unroute("10.199.0.0/16")
        assert second.route("10.199.0.0/16")
        assert second.conflict("10.199.0.0/16") is None
        assert "default via 100.64." in first.inside("ip", "route")
    finally:
        first.remove()
        second.remove()
    left = output("ip netns; ip link; ip route; iptables -S; iptables -t nat -S")
    assert first.name not in left
    assert second.name not in left
    first.remove()  # nothing is there any more


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces")
def test_a_route_of_the_host_itself_is_a_conflict() -> None:
    namespace = Namespace(f"n-{os.getpid()}")
    own = output("ip -4 route show default").split()
    device = own[own.index("dev") + 1]
    linked = output(f"ip -4 route show dev {device} scope link").split()[0]
    assert namespace.conflict(linked) == f"{ipaddress.IPv4Network(linked)} dev {device}"
