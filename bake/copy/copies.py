"""Makes the copy of an image in one region: begin or find it, wait, make it what the source is, share, record, protect.

Each step asks what is there first, so doing all of it again changes nothing. The record comes after all that it says,
and before the protection: what is in no record must not be protected, or no sweep would remove it. Ctrl-C ends
the command and not the copy, which EC2 makes: the next goes on with it.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bake import agreement, share
from bake.application import COPIED_FROM
from bake.copy.plan import Action, Step, plan, tags, token
from bake.image import ImageRecord
from bake.inventory import moment
from bake.protection import protect
from bake.share import Shared
from bake.sharing.organization import Organization, require
from bake.shown import Shown
from bake.side_by_side import Cancellation
from console.aws import Aws, errors
from console.errors import KilnError

POLLS_SECONDS = (1.0, 1.0, 2.0, 3.0, 5.0, 10.0)  # then the last again and again
VISIBLE_SECONDS = 60.0  # until EC2 knows an image that it has just begun: eventual consistency
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied, and whom it is shared with: account ids, and ARNs of organizations and of their units."""

    record: ImageRecord
    region: str
    description: Mapping[str, Any]
    launchers: tuple[str, ...]

    @property
    def image(self) -> str:
        return str(self.description["ImageId"])

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(one for one in self.launchers if one.isdigit())

    @property
    def organizations(self) -> tuple[str, ...]:
        return tuple(one for one in self.launchers if one.startswith("arn:"))


@dataclass(frozen=True, slots=True)
class Copy:
    """The copy of `source` in the region of `aws`, under `key` (an ARN)."""

    source: Source
    aws: Aws
    key: str
    limit_seconds: float
    cancellation: Cancellation
    shown: Shown

    def gather(self) -> tuple[Mapping[str, Any], ...]:
        """What EC2 says of all copies of the source, and of what the record has for the region."""
        filters = [{"Name": f"tag:{COPIED_FROM}", "Values": [self.source.image]}]
        with errors(f"asking for copies in {self.aws.region} (ec2:DescribeImages)"):
            pages = self.aws.client("ec2").get_paginator("describe_images")
            answer = pages.paginate(Owners=["self"], Filters=filters, IncludeDisabled=True)
            found = {one["ImageId"]: one for page in answer for one in page["Images"]}
        recorded = self.source.record.image_ids.get(self.aws.region)
        return tuple({**found, **agreement.describe(self.aws, [recorded] if recorded else [])}.values())

    def plan(self) -> Step:
        return plan(self.aws.region, self.source.record.image_ids.get(self.aws.region), self.gather())

    def make(self, step: Step) -> tuple[str, tuple[str, ...]]:
        """Do it, but for the protection; the copy's AMI id and snapshots. Raises KilnError, Cancelled."""
        image = self.image(step)
        description = self._settled(self._available(image))
        snapshots = agreement.snapshots_of(description)
        self._encrypted(image, snapshots)
        self._like_the_source(description)
        self._share(Shared(image, snapshots, self.key))
        return image, snapshots

    def protect(self, image: str) -> None:
        """After it was recorded; also one whose command was killed just before."""
        if not agreement.is_protected(agreement.describe(self.aws, [image]).get(image, {})):
            self.cancellation.check()
            protect(self.aws, image)

    def image(self, step: Step) -> str:
        """The copy that is there or under way, or that is begun now."""
        if step.action is Action.REFUSE:
            raise KilnError(
                f"there is a copy in {self.aws.region} that cannot be used",
                where=step.image,
                found=step.reason,
                expected="an available one, or none",
                next_step=f"find out who disabled it; then aws ec2 enable-image --image-id {step.image} "
                f"--region {self.aws.region}, or deregister it",
            )
        if step.image:
            return step.image
        for broken in step.broken:
            self._remove(broken.image, broken.snapshots)
        gone = [broken.image for broken in step.broken]
        for _ in range(ATTEMPTS):
            self.cancellation.check()
            image = self._begin(gone)
            if self._is_there(image):
                return image
            gone.append(image)  # of an earlier command, and deregistered since: EC2 answers with what the token made
        raise KilnError(
            "EC2 answers with copies that are not there",
            where=self.aws.region,
            found=", ".join(gone),
            next_step="try again",
        )

    def _begin(self, gone: Sequence[str]) -> str:
        self.shown.show("copy")
        listed = [{"Key": key, "Value": value} for key, value in tags(self.source.description).items()]
        with errors(f"copying {self.source.image} to {self.aws.region} (ec2:CopyImage)"):
            answer = self.aws.client("ec2").copy_image(
                SourceImageId=self.source.image,
                SourceRegion=self.source.region,
                Name=self.source.description.get("Name") or self.source.record.build,
                Description=self.source.description.get("Description") or f"A copy of {self.source.image}",
                Encrypted=True,
                KmsKeyId=self.key,
                ClientToken=token(self.source.image, self.aws.region, self.key, gone),
                TagSpecifications=[{"ResourceType": kind, "Tags": listed} for kind in ("image", "snapshot")],
            )
        return str(answer["ImageId"])

    def _is_there(self, image: str) -> bool:
        limit = time.monotonic() + VISIBLE_SECONDS
        while image not in agreement.describe(self.aws, [image]):
            if time.monotonic() >= limit or self._was_deregistered(image):
                return False
            self._pause(1.0)
        return True

    def _was_deregistered(self, image: str) -> bool:
        """EC2 knows an image by its id for some time after it was deregistered; one that is too new, not yet."""
        from botocore.exceptions import ClientError

        try:
            answer = self.aws.client("ec2").describe_images(ImageIds=[image])["Images"]
        except ClientError as problem:
            return "Unavailable" in str(problem)
        return not answer or answer[0]["State"] == "deregistered"

    def _available(self, image: str) -> Mapping[str, Any]:
        """Wait until it is. Raises KilnError where it fails, or takes longer than the limit."""
        began, polls = time.monotonic(), iter(POLLS_SECONDS)
        while True:
            description = agreement.describe(self.aws, [image]).get(image)
            state = description["State"] if description else "gone"
            if description and state == "available":
                return description
            if state != "pending":
                reason = (description or {}).get("StateReason", {}).get("Message", "no reason given")
                raise KilnError(
                    f"the copy in {self.aws.region} failed",
                    where=image,
                    found=f"it is {state}: {reason}",
                    next_step="the same command again removes it and begins another one",
                )
            seconds = time.monotonic() - began
            self.shown.show(f"{image}, {self._progress(description or {})}", f", {seconds:.0f} s")
            if seconds >= self.limit_seconds:
                raise KilnError(
                    f"the copy in {self.aws.region} takes longer than {self.limit_seconds / 60:g} minutes",
                    where=image,
                    found="it is pending, and goes on",
                    next_step="the same command again goes on with it",
                )
            self._pause(next(polls, POLLS_SECONDS[-1]))

    def _progress(self, description: Mapping[str, Any]) -> str:
        snapshots = agreement.snapshots_of(description)
        if not snapshots:
            return "0%"
        with errors(f"asking for snapshots in {self.aws.region} (ec2:DescribeSnapshots)"):
            answer = self.aws.client("ec2").describe_snapshots(SnapshotIds=list(snapshots))["Snapshots"]
        return ", ".join(one.get("Progress") or "0%" for one in answer)

    def _pause(self, seconds: float) -> None:
        if self.cancellation.event.wait(seconds):
            self.cancellation.check()

    def _settled(self, description: Mapping[str, Any]) -> Mapping[str, Any]:
        """The description, where it is that of this image. Raises KilnError."""
        wanted = {**self.source.record.tags, COPIED_FROM: self.source.image}
        if found := agreement.disagreements(description, owner=self.source.record.owner, tags=wanted):
            raise KilnError(
                f"the copy in {self.aws.region} is not what it should be",
                where=str(description["ImageId"]),
                found="; ".join(found),
                expected="the owner and the tags of its source",
                next_step="find out who changed it: nothing was shared or recorded",
            )
        return description

    def _encrypted(self, image: str, snapshots: tuple[str, ...]) -> None:
        with errors(f"asking for snapshots in {self.aws.region} (ec2:DescribeSnapshots)"):
            asked = self.aws.client("ec2").describe_snapshots(SnapshotIds=list(snapshots)) if snapshots else {}
        found = {one["SnapshotId"]: one.get("KmsKeyId") or "no key" for one in asked.get("Snapshots", ())}
        if not found or set(found.values()) != {self.key}:
            raise KilnError(
                f"the copy in {self.aws.region} is not encrypted as asked",
                where=image,
                found=", ".join(f"{snapshot} under {key}" for snapshot, key in found.items()) or "no snapshot",
                expected=f"all snapshots under {self.key}",
                next_step=f"--key with that key, or deregister {image} and copy again",
            )

    def _like_the_source(self, description: Mapping[str, Any]) -> None:
        """What CopyImage leaves out: IMDSv2 for all that is launched from it, and when it will be deprecated."""
        ec2, image, source = self.aws.client("ec2"), str(description["ImageId"]), self.source.description
        self.cancellation.check()
        if source.get("ImdsSupport") == "v2.0" and description.get("ImdsSupport") != "v2.0":
            with errors(f"demanding IMDSv2 of {image} (ec2:ModifyImageAttribute)"):
                ec2.modify_image_attribute(ImageId=image, ImdsSupport={"Value": "v2.0"})
        at = moment(source.get("DeprecationTime"))
        if at and at > datetime.now(UTC) and moment(description.get("DeprecationTime")) != at:
            with errors(f"setting when {image} is deprecated (ec2:EnableImageDeprecation)"):
                ec2.enable_image_deprecation(ImageId=image, DeprecateAt=at)

    def _share(self, one: Shared) -> None:
        self.cancellation.check()
        for arn in self.source.organizations:
            require(self.aws, one.key, Organization.of(arn))
        share.do(self.aws, share.plan(self.aws, one, self.source.accounts, self.source.organizations))

    def _remove(self, image: str, snapshots: tuple[str, ...]) -> None:
        """A copy that failed; nothing can have been made of it."""
        from botocore.exceptions import ClientError

        ec2 = self.aws.client("ec2")
        self.shown.show(f"remove {image}, which failed")
        with errors(f"removing the failed copy {image} in {self.aws.region} (ec2:DeregisterImage, ec2:DeleteSnapshot)"):
            ec2.deregister_image(ImageId=image)
            for snapshot in snapshots:
                try:
                    ec2.delete_snapshot(SnapshotId=snapshot)
                except ClientError as problem:
                    if ".NotFound" not in problem.response["Error"]["Code"]:
                        raise
