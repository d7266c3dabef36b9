"""AWS/AutoScaling: the sizes of groups whose metrics collection is enabled, from moto's records (moto 5.2.5)."""

from typing import Any

from moto.autoscaling.models import autoscaling_backends

from rehearsal.alarms.model import Metric
from rehearsal.alarms.records import dimension, publish

NAMESPACE = "AWS/AutoScaling"


def groups(begin: float, end: float) -> None:
    """The metrics that are enabled, as they are now."""
    for account, regions in list(autoscaling_backends.items()):
        for region, backend in list(regions.items()):
            for name, group in list(backend.autoscaling_groups.items()):
                enabled = {m["Metric"] for m in group.enabled_metrics}
                for metric, number in measured(group).items():
                    if metric in enabled:
                        key = Metric(NAMESPACE, metric, dimension(AutoScalingGroupName=str(name)))
                        publish((str(account), str(region)), key, begin, number, "None")


def measured(group: Any) -> dict[str, int]:
    """The metrics of one group that are about instances; capacity and instances are the same without weights."""
    states = [str(i.lifecycle_state) for i in list(group.instance_states)]
    found = {
        "InService": states.count("InService"),
        "Pending": sum(s.startswith("Pending") for s in states),
        "Standby": states.count("Standby"),
        "Terminating": sum(s.startswith("Terminating") for s in states),
        "Total": len(states),
    }
    return {
        "GroupMinSize": int(group.min_size or 0),
        "GroupMaxSize": int(group.max_size or 0),
        "GroupDesiredCapacity": int(group.desired_capacity or 0),
        **{f"Group{name}Instances": number for name, number in found.items()},
        **{f"Group{name}Capacity": number for name, number in found.items()},
    }
