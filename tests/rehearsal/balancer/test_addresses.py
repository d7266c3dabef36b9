"""Addresses of load balancers in their VPCs, in a network namespace of the test's own."""

import os
import subprocess
import sys

import pytest

# In a namespace of its own, so in a process of its own.
SCRIPT = """
import socket
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from rehearsal.balancer.addresses import SubnetAddresses

routed = []
addresses = SubnetAddresses(lambda block: not routed.append(block))

def balancer(account):
    ec2 = ec2_backends[account]["eu-west-1"]
    vpc = ec2.create_vpc("10.94.0.0/16")
    subnet = ec2.create_subnet(vpc.id, "10.94.0.0/24", "eu-west-1a", None)
    elb = elbv2_backends[account]["eu-west-1"]
    return subnet, elb.create_load_balancer("web", [], [subnet.id])

first_subnet, first = balancer("444444444444")
_, second = balancer("555555555555")
one, two = addresses.take(first), addresses.take(second)
assert (one, two) == ("10.94.0.254", "10.94.0.253"), (one, two)
assert routed == ["10.94.0.0/16"] * 2, routed
for address in (one, two):
    listener = socket.create_server((address, 80))
    peer = socket.create_connection((address, 80), 1, source_address=(address, 0))
    assert peer.getsockname()[0] == address
try:
    first_subnet.request_ip(one, None)
except Exception as refusal:
    assert "already in use" in str(refusal)
else:
    raise AssertionError("an instance could get the address")
third = elbv2_backends["444444444444"]["eu-west-1"].create_load_balancer("third", [], [first_subnet.id])
addresses.give_back(first, one)
assert addresses.take(third) == one
print("done")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_a_load_balancer_listens_at_the_top_of_its_subnet_on_the_real_ports() -> None:
    command = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$0" -c "$1"', sys.executable, SCRIPT]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
