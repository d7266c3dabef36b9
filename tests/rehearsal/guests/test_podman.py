"""What podman is called with."""

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import KilnError
from rehearsal.guests import preflight
from rehearsal.guests.podman import ULIMITS, Container, Podman, Runtime, create_arguments, mac_of

CONTAINER = Container(
    name="kiln-a-i-1",
    image="kiln/a/ami-1",
    network="kiln-a-vpc-1",
    address="10.97.1.4",
    console=Path("/state/console"),
    pid_file=Path("/state/pid"),
    settings=Path("/state/settings"),
)


def value_of(arguments: list[str], option: str) -> str:
    return arguments[arguments.index(option) + 1]


def test_a_guest_has_the_address_and_the_hardware_address_that_belongs_to_it() -> None:
    arguments = create_arguments(CONTAINER, "a", Runtime("", ()))
    assert value_of(arguments, "--ip") == "10.97.1.4"
    assert value_of(arguments, "--mac-address") == "02:4b:0a:61:01:04"
    assert value_of(arguments, "--hostname") == "ip-10-97-1-4"


def test_a_guest_is_labelled_and_its_image_is_never_fetched() -> None:
    arguments = create_arguments(CONTAINER, "a", Runtime("", ()))
    assert value_of(arguments, "--label") == "kiln.rehearsal=a"
    assert value_of(arguments, "--pull") == "never"
    assert arguments[-2:] == ["kiln/a/ami-1", "/sbin/init"]


def test_a_guest_is_not_privileged_and_the_endpoint_lies_where_no_image_holds_it() -> None:
    arguments = create_arguments(CONTAINER, "a", Runtime("", ()))
    assert "--privileged" not in arguments
    assert value_of(arguments, "--volume") == "/state/settings:/run/systemd/system.conf.d:ro"


def test_limits_are_given_only_where_the_runtime_needs_them() -> None:
    assert "--ulimit" not in create_arguments(CONTAINER, "a", Runtime("", ()))
    needed = create_arguments(CONTAINER, "a", Runtime("runc", ULIMITS))
    assert [needed[n + 1] for n, word in enumerate(needed) if word == "--ulimit"] == [
        "nofile=4096:4096",
        "nproc=4096:4096",
    ]


@given(st.ip_addresses(v=4, network="10.0.0.0/8"), st.ip_addresses(v=4, network="10.0.0.0/8"))
def test_different_addresses_have_different_local_unicast_hardware_addresses(
    one: ipaddress.IPv4Address, other: ipaddress.IPv4Address
) -> None:
    first = int(mac_of(str(one)).split(":")[0], 16)
    assert first & 0b11 == 0b10  # locally administered, not multicast
    assert (mac_of(str(one)) == mac_of(str(other))) == (one == other)


@pytest.mark.slow
def test_what_podman_complains_about_is_in_the_error(tmp_path: Path) -> None:
    assert preflight() == []
    with pytest.raises(KilnError) as caught:
        Podman("none", tmp_path).run("image", "inspect", "kiln/none/there-is-no-such-image")
    assert "image not known" in (caught.value.found or "")
    assert (caught.value.where or "").startswith("podman image inspect")
