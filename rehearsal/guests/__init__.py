"""Guests: an instance is a container with systemd, an image its committed file system, a VPC a network.

The life of a machine is one state machine (`states`, `machine`) that writes into the API's records; podman, the
network namespace and the sockets inside a guest are parts below it. What of moto is touched for it is listed in
rehearsal/moto_hooks/ec2.py, ec2_images.py and ssm.py.
"""

from rehearsal.guests.machines import Machines
from rehearsal.guests.preflight import preflight
from rehearsal.guests.sweep import sweep

__all__ = ["Machines", "preflight", "sweep"]
