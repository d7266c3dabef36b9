"""Copies of one image in several regions, side by side: gather → plan → copy → record → protect → images file.

A lease on the build of the image, whose tag the copies carry, tells sweeps meanwhile that they are at work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bake import share, side_by_side
from bake.copy.copies import Copy, Source
from bake.copy.place import check_regions, find_key
from bake.copy.plan import Action
from bake.image import ImageRecord, ImageStore
from bake.inventory import GONE, Inventory
from bake.leases import Leases
from bake.place import Home, Workshop
from bake.recipe import Layer
from bake.shown import Shown
from bake.side_by_side import Cancellation, Slot
from console.aws import Aws, errors
from console.errors import KilnError
from console.progress import Progress
from infra import images as images_file

JOBS = 8  # regions at once; EC2 makes the copies, here is only waited


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a region, or would become of it: `action` is a word of the plan, or `copied` or `taken`."""

    region: str
    action: str
    reason: str
    image: str | None
    superfluous: tuple[str, ...] = ()
    in_images_file: str | None = None


@dataclass(frozen=True, slots=True)
class Copier:
    """What all regions of a command share."""

    source: Source
    home: Home
    aws: Aws
    clients: Mapping[str, Aws]
    store: ImageStore
    leases: Leases
    caller: str
    images: Path
    progress: Progress
    key: str | None
    limit_seconds: float
    cancellation: Cancellation = field(default_factory=Cancellation)

    @classmethod
    def prepare(
        cls,
        record: ImageRecord,
        found: Inventory,
        clients: Mapping[str, Aws],
        home: Home,
        images: Path,
        progress: Progress,
        key: str | None,
        limit_seconds: float,
    ) -> "Copier":
        """Raises KilnError where the image is not available where it was baked."""
        image = record.image_ids.get(home.region, "")
        description = found.everywhere().get(image, {})
        if (state := description.get("State", GONE)) != "available":
            raise KilnError(
                "an image that is not there cannot be copied",
                where=f"{image or 'no image'} in {home.region}",
                found=f"it is {state}",
                expected="available",
                next_step=f"python -m bake list {record.recipe}",
            )
        aws = clients[home.region]
        bucket, caller = Workshop.look_up(aws, home, ()).bucket, home.check_account(aws)
        with errors(f"asking who may launch {image} (ec2:DescribeImageAttribute)"):
            launchers = share.launchers(aws, image)
        source = Source(record, home.region, description, launchers)
        s3 = aws.client("s3")
        store, leases = ImageStore(s3, bucket), Leases(s3, bucket)
        return cls(source, home, aws, clients, store, leases, caller, images, progress, key, limit_seconds)

    def targets(self, regions: tuple[str, ...]) -> dict[str, Copy]:
        """A copy for each region, none begun. Raises BadInput, and NotReady where one of them has no key."""
        check_regions(self.aws, regions, self.home)
        found = {}
        for region in regions:
            aws = self.clients.get(region) or self.aws.in_region(region)
            key = find_key(aws, self.key, self.home)
            shown = Shown(region, self.progress)
            found[region] = Copy(self.source, aws, key, self.limit_seconds, self.cancellation, shown)
        return found

    def planned(self, targets: Mapping[str, Copy]) -> dict[str, Outcome]:
        """What would be done."""
        steps = {region: copy.plan() for region, copy in targets.items()}
        return {
            region: Outcome(region, step.action, step.reason, step.image, step.superfluous)
            for region, step in steps.items()
        }

    def run(self, targets: Mapping[str, Copy]) -> tuple[dict[str, Outcome], dict[str, KilnError]]:
        """Do it: outcome or error by region. Raises KilnError where there is no lease to be had, before anything."""

        def work(region: str, _: Outcome | None, __: Slot) -> Outcome:
            self.cancellation.check()
            with errors(f"the copy in {region}"):
                return self._do(region, targets[region])

        record = self.source.record
        with self.leases.at_work(record.recipe, record.build, self.caller, self.progress.phase):
            results = side_by_side.run(dict.fromkeys(targets), work, jobs=JOBS, cancellation=self.cancellation)
        return results.done, results.failed

    def _do(self, region: str, copy: Copy) -> Outcome:
        record = self.source.record
        step = copy.plan()
        with self.progress.step(f"{region}: {step.action} {record.recipe} ({step.reason})") as shown:
            image, snapshots = copy.make(step)
            recorded = self.store.change(record, lambda current: with_copy(current, region, image, snapshots))
            copy.protect(image)
            file = self._in_images_file(recorded, region)
            shown.result = image
        action = {Action.KEEP: "kept", Action.COPY: "copied"}.get(step.action, "taken")
        return Outcome(region, action, step.reason, image, step.superfluous, file)

    def _in_images_file(self, record: ImageRecord, region: str) -> str | None:
        """Write the new region where the file names this very image; the file, if that changed it."""
        if record.layer is not Layer.TIER:
            return None
        here = {**record.baked, region: record.image_ids[region]}
        changed = images_file.add_regions(self.images, record.recipe, record.digest, here)
        return str(self.images) if changed else None


def with_copy(record: ImageRecord, region: str, image: str, snapshots: tuple[str, ...]) -> ImageRecord:
    """The record with a copy. Pure."""
    return record.model_copy(
        update={
            "image_ids": {**record.image_ids, region: image},
            "snapshot_ids": {**record.snapshot_ids, region: snapshots},
        }
    )
