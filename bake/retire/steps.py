"""Does the steps of a plan, and takes them back. Thin: what is to be done and why was decided in `plan`.

Policy: an image is looked at again in the moment before it is touched; one that is not as the plan saw it stays.
One that cannot be done is said and does not hold up the others. Deletion takes the image first and its snapshots then;
its record goes at last (`history`), so whatever kills a retire, the next one ends what was begun.
It takes ec2:EnableImageDeprecation, ec2:DisableImageDeprecation, ec2:DisableImage, ec2:EnableImage, ec2:CreateTags,
ec2:DeleteTags, ec2:EnableImageDeregistrationProtection, ec2:DisableImageDeregistrationProtection, ec2:DeregisterImage,
ec2:DescribeSnapshots, ec2:DeleteSnapshot, ec2:ModifyImageAttribute, and s3:PutObject and s3:DeleteObject on images/*.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bake.agreement import describe, snapshots_of, tags_of
from bake.image import ImageRecord, ImageStore
from bake.protection import protect
from bake.retire.history import History
from bake.retire.plan import COOL_DOWN, DISABLED_AT, UNNEEDED_SINCE, UNPROTECTED_AT, Action, Step
from bake.share import permission
from console.aws import Aws, code_of, errors
from console.errors import KilnError

# EC2 wants a time in the future, and rounds it to the minute:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_EnableImageDeprecation.html
AHEAD = timedelta(minutes=2)
SEEN = ("State", "Tags", "DeprecationTime")  # what must be as the plan saw it


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step: `problem` says why not, `again_after` when it can be gone on with."""

    step: Step
    problem: str = ""
    again_after: datetime | None = None


class Later(Exception):
    """EC2 wants more time; not before `after`."""

    def __init__(self, after: datetime) -> None:
        super().__init__(after)
        self.after = after


@dataclass(frozen=True, slots=True)
class Steps:
    """The executor: the clients by region, the records, and what EC2 said when the plan was made, by AMI id."""

    clients: Mapping[str, Aws]
    store: ImageStore
    described: Mapping[str, Mapping[str, Any]]

    def apply(self, steps: Iterable[Step]) -> tuple[Done, ...]:
        """Do all that change anything, in the given order."""
        return tuple(self._apply(one) for one in steps if one.action.changes)

    def _apply(self, step: Step) -> Done:
        try:
            self._do(step)
        except Later as later:
            return Done(step, again_after=later.after)
        except KilnError as problem:
            return Done(step, problem=f"{problem.what}: {problem.found}" if problem.found else problem.what)
        return Done(step)

    def _do(self, step: Step) -> None:
        aws, record = self.clients[step.region], step.record
        assert record, "what has no record is kept"
        now = describe(aws, [step.image_id]).get(step.image_id)
        before = self.described.get(step.image_id)
        if (now is None) != (before is None) or any(_told(now, name) != _told(before, name) for name in SEEN):
            raise KilnError("it is not as it was a moment ago; nothing was done with it", where=step.image_id)
        match step.action:
            case Action.UNMARK:
                with errors(f"untagging {step.image_id} (ec2:DeleteTags)"):
                    aws.client("ec2").delete_tags(Resources=[step.image_id], Tags=[{"Key": UNNEEDED_SINCE}])
            case Action.MARK:
                _tag(aws, step.image_id, UNNEEDED_SINCE)
            case Action.DEPRECATE:
                _tag(aws, step.image_id, UNNEEDED_SINCE)
                at = datetime.now(UTC) + AHEAD
                with errors(f"deprecating {step.image_id} (ec2:EnableImageDeprecation)"):
                    aws.client("ec2").enable_image_deprecation(ImageId=step.image_id, DeprecateAt=at)
            case Action.DISABLE:
                _tag(aws, step.image_id, DISABLED_AT)  # first: without it nobody would know since when
                with errors(f"disabling {step.image_id} (ec2:DisableImage)"):
                    aws.client("ec2").disable_image(ImageId=step.image_id)
            case Action.DELETE:
                self._delete(aws, step, record, now)

    def _delete(self, aws: Aws, step: Step, record: ImageRecord, description: Mapping[str, Any] | None) -> None:
        if description is not None:
            _unprotect(aws, step.image_id, description)
        history = History(self.store)
        history.begin(record)
        ec2, snapshots = aws.client("ec2"), list(record.snapshot_ids.get(step.region, ()))
        if description is not None:
            snapshots += [one for one in snapshots_of(description) if one not in snapshots]
            deregister = partial(ec2.deregister_image, ImageId=step.image_id)
            _remove(f"deregistering {step.image_id} (ec2:DeregisterImage)", deregister)
        for snapshot in snapshots:
            _remove(f"deleting {snapshot} (ec2:DeleteSnapshot)", partial(ec2.delete_snapshot, SnapshotId=snapshot))
        if not any(_is_left(self.clients[region], image, record) for region, image in record.image_ids.items()):
            history.end(record)


def _is_left(aws: Aws, image_id: str, record: ImageRecord) -> bool:
    """Whether the image or a snapshot of the record is in its region still."""
    if describe(aws, [image_id]):
        return True
    # by a filter: an id that is gone is no error in it
    wanted = [{"Name": "snapshot-id", "Values": list(record.snapshot_ids.get(aws.region, ()))}]
    with errors(f"asking for snapshots in {aws.region} (ec2:DescribeSnapshots)"):
        return bool(wanted[0]["Values"] and aws.client("ec2").describe_snapshots(Filters=wanted)["Snapshots"])


def undo(clients: Mapping[str, Aws], store: ImageStore, record: ImageRecord) -> tuple[str, ...]:
    """Take back what was done with the images of a record, all or none; what was taken back, in words."""
    described = {
        (region, image): describe(clients[region], [image]).get(image)
        for region, image in sorted(record.image_ids.items())
    }
    if gone := [f"{image} in {region}" for (region, image), description in described.items() if description is None]:
        raise KilnError(
            "what is deleted cannot be taken back, so nothing was taken back",
            where=", ".join(gone),
            next_step=f"python -m bake {record.recipe} bakes one from the recipe as it is now",
        )
    done: list[str] = []
    for (region, image_id), description in described.items():
        aws = clients[region]
        done += [f"{image_id} in {region}: {what}" for what in _undo(aws, image_id, description or {}, record)]
    History(store).take_back(record)
    return tuple(done)


def _undo(aws: Aws, image_id: str, description: Mapping[str, Any], record: ImageRecord) -> list[str]:
    ec2, done, tags = aws.client("ec2"), [], tags_of(description)
    with errors(f"taking back the retirement of {image_id}"):
        if description.get("State") == "disabled":
            ec2.enable_image(ImageId=image_id)
            done.append("enabled")
        if description.get("DeprecationTime"):
            ec2.disable_image_deprecation(ImageId=image_id)
            done.append("no longer deprecated")
        if DISABLED_AT in tags and record.shared_with:  # a disabled image has lost who may launch it
            ec2.modify_image_attribute(
                ImageId=image_id, LaunchPermission={"Add": [{permission(one): one} for one in record.shared_with]}
            )
            done.append(f"shared with {', '.join(record.shared_with)}")
        if UNPROTECTED_AT in tags:
            protect(aws, image_id)
            done.append("protected")
        if ours := [{"Key": key} for key in (UNNEEDED_SINCE, DISABLED_AT, UNPROTECTED_AT) if key in tags]:
            ec2.delete_tags(Resources=[image_id], Tags=ours)
    return done


def _told(description: Mapping[str, Any] | None, name: str) -> Any:
    value = (description or {}).get(name)
    return sorted((tag["Key"], tag["Value"]) for tag in value) if isinstance(value, list) else value


def _tag(aws: Aws, image_id: str, name: str) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with errors(f"tagging {image_id} (ec2:CreateTags)"):
        aws.client("ec2").create_tags(Resources=[image_id], Tags=[{"Key": name, "Value": now}])


def _unprotect(aws: Aws, image_id: str, description: Mapping[str, Any]) -> None:
    """Raises Later where EC2 goes on protecting it for a while."""
    protection = str(description.get("DeregistrationProtection", "disabled"))
    if not protection.startswith("enabled"):
        return
    # Before, so that `undo` knows. The tag alone is no proof: a retire may have been killed, or refused, after it.
    _tag(aws, image_id, UNPROTECTED_AT)
    with errors(f"taking the protection of {image_id} away (ec2:DisableImageDeregistrationProtection)"):
        aws.client("ec2").disable_image_deregistration_protection(ImageId=image_id)
    if protection != "enabled-without-cooldown":
        raise Later(datetime.now(UTC) + COOL_DOWN)


def _remove(doing: str, remove: Callable[[], object]) -> None:
    """Remove something; what is gone already is as good."""
    from botocore.exceptions import ClientError

    with errors(doing):
        try:
            remove()
        except ClientError as problem:
            if ".NotFound" not in code_of(problem):
                raise
