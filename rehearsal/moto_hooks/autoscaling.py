"""Auto Scaling: moto (5.2.5) keeps the records and does nothing by itself any more; rehearsal.groups does it all.

Without these hooks moto would launch, end and register instances in the thread of whoever changes a record.
"""

from typing import Any, Protocol

from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
)


class Groups(Protocol):
    """What the hooks need of rehearsal.groups.Groups."""

    def wake(self) -> None:
        """Something changed."""


def install(groups: Groups) -> None:
    """Install every hook; `groups` is told of what changes."""

    def set_desired_capacity(self: Any, new_capacity: int | None) -> None:
        """Recorded only: moto would launch (into the first subnet, from the default version) or end at once.

        It comes here from groups that are created.
        """
        wanted = self.min_size if new_capacity is None else new_capacity
        self.desired_capacity = min(max(wanted, self.min_size), self.max_size)
        groups.wake()

    def notify_terminate_instances(self: Any, instance_ids: list[str]) -> None:
        """A terminated instance stays in the group until it is gone: moto would replace it without registering it."""
        groups.wake()

    def update_attached_target_groups(self: Any, group_name: str) -> None:
        """Registration follows the life of a member: moto registers all at once and refuses what does not run yet."""
        groups.wake()

    def detach_load_balancer_target_groups(self: Any, group_name: str, target_group_arns: list[str]) -> None:
        """Recorded only: moto fails on a member that is not registered."""
        group = self.autoscaling_groups[group_name]
        group.target_group_arns = [arn for arn in group.target_group_arns if arn not in target_group_arns]
        groups.wake()

    def launch_template(self: Any) -> dict[str, str] | None:
        """The version an instance was launched from: moto shows the template's default version for all."""
        launched_from: dict[str, str] | None = getattr(self, "launched_from", None)
        return launched_from

    for moto_class, hook in (
        (FakeAutoScalingGroup, set_desired_capacity),
        (AutoScalingBackend, notify_terminate_instances),
        (AutoScalingBackend, update_attached_target_groups),
        (AutoScalingBackend, detach_load_balancer_target_groups),
    ):
        setattr(moto_class, hook.__name__, hook)
    setattr(InstanceState, launch_template.__name__, property(launch_template))
