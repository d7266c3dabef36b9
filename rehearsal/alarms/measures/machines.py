"""AWS/EC2: CPUUtilization and StatusCheckFailed of each guest, by instance and by group, as EC2 publishes them.

The first is the processor time of the guest's control group, as a share of this machine's processors; where the control
group cannot be read there is no data. The status check is whether the guest's first process is there.
"""

import os
from collections.abc import Callable
from pathlib import Path

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends

from rehearsal.alarms.model import Metric
from rehearsal.alarms.records import Place, dimension, publish

NAMESPACE = "AWS/EC2"
ROOT = Path("/sys/fs/cgroup")
SCOPE = "libpod-"  # podman's own control group of a container; systemd inside makes more below it


def publisher(processes: Path) -> Callable[[float, float], None]:
    """Publishes what the guests have computed; `processes`: a file per instance with its first process's id."""
    last: dict[str, float] = {}

    def measure(begin: float, end: float) -> None:
        for place, instance_id in _running():
            whose = [dimension(InstanceId=instance_id), *_of_group(place, instance_id)]
            for dimensions in whose:
                failed = float(not is_there(processes / instance_id))
                publish(place, Metric(NAMESPACE, "StatusCheckFailed", dimensions), begin, failed, "Count")
            now = used_seconds(processes / instance_id)
            before = last.get(instance_id)
            if now is None:
                continue
            last[instance_id] = now
            if before is None or now < before:  # the first look, or a new container
                continue
            percent = 100 * (now - before) / (end - begin) / (os.cpu_count() or 1)
            for dimensions in whose:
                metric = Metric(NAMESPACE, "CPUUtilization", dimensions)
                publish(place, metric, begin, min(percent, 100.0), "Percent")

    return measure


def _running() -> list[tuple[Place, str]]:
    return [
        ((str(account), str(region)), str(instance.id))
        for account, regions in list(ec2_backends.items())
        for region, backend in list(regions.items())
        for reservation in list(backend.reservations.values())
        for instance in list(reservation.instances)
        if instance.state == "running"
    ]


def _of_group(place: Place, instance_id: str) -> list[frozenset[tuple[str, str]]]:
    groups = list(autoscaling_backends[place[0]][place[1]].autoscaling_groups.items())
    return [
        dimension(AutoScalingGroupName=str(name))
        for name, group in groups
        if any(i.instance_id == instance_id for i in list(group.instance_states))
    ]


def is_there(pid_file: Path) -> bool:
    """Whether the process of a guest is there."""
    try:
        return Path(f"/proc/{int(pid_file.read_text())}").exists()
    except (OSError, ValueError):
        return False


def used_seconds(pid_file: Path, root: Path = ROOT) -> float | None:
    """The processor time that a container has used until now, in seconds; None where it cannot be read."""
    try:
        lines = Path(f"/proc/{int(pid_file.read_text())}/cgroup").read_text().splitlines()
        for line in lines:
            _, controllers, path = line.split(":", 2)
            if "cpuacct" in controllers.split(","):
                mount = next(m for m in (root / controllers, root / "cpuacct") if m.exists())
                return int((mount / scope_of(path) / "cpuacct.usage").read_text()) / 1e9
            if controllers == "" and (root / "cgroup.controllers").exists():
                words = (root / scope_of(path) / "cpu.stat").read_text().split()
                return int(words[words.index("usage_usec") + 1]) / 1e6
    except (OSError, ValueError, StopIteration):
        return None
    return None


def scope_of(path: str) -> str:
    """The container's part of a control group's path: what systemd inside has made below it is left out.

    Raises ValueError where the container has none: what is above it is not the guest's alone.
    """
    parts = path.strip("/").split("/")
    ends = [n for n, part in enumerate(parts) if part.startswith(SCOPE)]
    if not ends:
        raise ValueError(f"no control group of a container: {path}")
    return "/".join(parts[: ends[-1] + 1])
