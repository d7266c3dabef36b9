"""One recipe, for real: under its digest's lease Packer → check → share → record → protect, or reuse what is there.

One machine bakes a digest, the others wait, look again, and reuse. Nothing is recorded before the image is there,
verified and shared; whatever ends a bake early, its remains are swept.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bake import agreement, share, toolchain
from bake.artifact import Artifact
from bake.build import Build, Made
from bake.contents import distributions, documents
from bake.contents.listing import Listing
from bake.diagnosis import NO_SUCH_IMAGE
from bake.image import ImageRecord, ImageStore, Unreadable
from bake.lease import Lease
from bake.leases import Held, Leases
from bake.place import APPLICATION, Home, Workshop
from bake.plan import Action, Described, Known, Step, again
from bake.platforms import Platform
from bake.protection import protect
from bake.recipe import Layer, Recipe
from bake.side_by_side import Cancellation, Slot
from bake.stopwatch import Stopwatch
from bake.waiting import Waiting
from bake.workspace import Workspace
from console.aws import Aws
from console.errors import KilnError
from console.progress import Progress


@dataclass(frozen=True, slots=True)
class Oven:
    """What every recipe of a command is baked with."""

    home: Home
    caller: str
    aws: Aws
    workshop: Workshop
    store: ImageStore
    leases: Leases
    versions: toolchain.Versions
    progress: Progress
    cancellation: Cancellation

    def bake_once(
        self,
        one: Recipe,
        made_of: Artifact | None,
        known: Known,
        step: Step,
        stands_on: Mapping[str, str],
        watch: Stopwatch,
        slot: Slot,
        *,
        force: bool,
    ) -> tuple[Step, ImageRecord]:
        """Under the digest's lease bake it, or reuse what another machine has recorded since `step` was decided.

        `stands_on` are the parent's images by region, empty for a base; `slot` is given to others while another machine
        is waited for. What was done, and the record.
        """
        parent = stands_on[self.home.region] if stands_on else known.closure.parent
        build = Build.of(one, known.closure, parent, self.home.region, self.caller)
        with self._lease(one, build, slot) as held:
            slot.enter()
            watch.lap("lease")
            record, etag, unreadable = self._look(one, build)
            known = replace(known, record=record, unreadable=unreadable)
            described = agreement.describe(self.aws, record.baked.values() if record else ())
            now = again(known, stands_on, described, force=force)
            if now.action.bakes:
                return step, self.bake_anew(one, made_of, known, build, held, etag, watch)
        return now, self.reuse(now, known, described)

    def _look(self, one: Recipe, build: Build) -> tuple[ImageRecord | None, str | None, str]:
        """The record, the ETag of what lies there, and why that is no record."""
        try:
            return (*self.store.look(one.name, build.digest), "")
        except Unreadable as problem:
            return None, problem.etag, str(problem.found)

    def _lease(self, one: Recipe, build: Build, slot: Slot) -> AbstractContextManager[Held]:
        waiting = Waiting(one.name, self.progress)

        def waits(other: Lease | None, seconds: float) -> None:
            slot.leave()
            waiting.show(other, seconds)

        lease = Lease.of(
            recipe=one.name,
            digest=build.digest,
            build=build.id,
            caller=self.caller,
            duration_seconds=self.leases.duration,
        )
        return self.leases.held(
            lease,
            limit_seconds=one.contents.limits_minutes.overall * 60,
            cancellation=self.cancellation,
            waits=waits,
            tells=self.progress.phase,
        )

    def bake_anew(
        self,
        one: Recipe,
        made_of: Artifact | None,
        known: Known,
        build: Build,
        held: Held,
        etag: str | None,
        watch: Stopwatch,
    ) -> ImageRecord:
        """Packer → check → share → record → protect. `etag` is of the record that it takes the place of."""
        tools = toolchain.find(self.versions)

        def check() -> None:
            self.cancellation.check()
            held.check()

        def meanwhile() -> None:
            """While Packer works: also make the clients and the library that are needed after it; nobody waits then."""
            check()
            import bake.contents.bill  # noqa: F401 - 0.2 s the first time, nothing later

            for service in ("ec2", "kms"):
                self.aws.client(service)

        def phase(text: str) -> None:
            check()
            self.progress.phase(f"{one.name}: {text}")

        def named() -> frozenset[str]:
            """What the record names now: its writing may have succeeded although its answer is an error."""
            try:
                record = self.store.get(one.name, build.digest)
            except Unreadable as problem:
                if problem.etag == etag:  # what this bake was to write over: it names nothing of this build
                    return frozenset()
                raise
            return record.resources if record else frozenset()

        workspace_of = Workspace.of(one, made_of, known.closure, self.versions)
        with workspace_of as workspace, build.swept(self.aws, self.store.bucket, self.progress, named):
            made = build.run(workspace, self.workshop, tools.packer, self.aws.secrets(), self.progress, meanwhile)
            watch.take(made.seconds)
            phase("check that EC2 agrees")
            description = agreement.check(self.aws, made.image_id, owner=self.home.account, tags=build.tags)
            watch.lap("check")
            snapshots = agreement.snapshots_of(description)
            others = self.shared_with(one.layer)
            if others:
                phase(f"share with {', '.join(others)}")
                self._share(made.image_id, snapshots, others)
                watch.lap("share")
            check()
            record = self._record(one, build, known, made, snapshots)
            record = with_contents(self.store, record, made.listing, one, made_of)
            self.store.put(record, over=etag)
            protect(self.aws, made.image_id)
        return record

    def reuse(self, step: Step, known: Known, described: Described) -> ImageRecord:
        """The record of what is there. Raises KilnError where it and its image contradict each other."""
        if known.record is None or step.action is Action.REFUSE:
            raise KilnError(
                f"no image of {known.recipe}",
                where=self.store.url(known.recipe, known.closure.digest),
                found=step.reason,
                expected="a record that says what its image's tags say: nothing was baked, reused or removed",
                next_step=(
                    f"find out who changed which; python -m bake {known.recipe} --force bakes another one "
                    "and writes its record over this"
                ),
            )
        try:
            return self.keep(known.record, described)
        except KilnError as problem:
            if NO_SUCH_IMAGE.search(problem.found or ""):
                raise KilnError(
                    f"the image of {known.recipe} is gone since this was planned",
                    where=self.store.url(known.recipe, known.closure.digest),
                    found=problem.found,
                    expected=f"{', '.join(known.record.image_ids.values())}, which was there a moment ago",
                    next_step=f"python -m bake {known.recipe} plans anew, and bakes it",
                ) from problem
            raise

    def shared_with(self, layer: Layer) -> tuple[str, ...]:
        """The accounts that launch images of a layer: nobody launches a base or a runtime."""
        return self.home.others if layer is Layer.TIER else ()

    def keep(self, record: ImageRecord, described: Described) -> ImageRecord:
        """Share and protect an image that is reused; AWS says whether that changes anything, not the record.

        Where it was baked: copies elsewhere are shared by `copy` and `share`.
        """
        others = self.shared_with(record.layer)
        if others:
            self._share(record.image_ids[self.home.region], record.snapshot_ids[self.home.region], others)
        for image in record.baked.values():
            if described[image].get("DeregistrationProtection") == "disabled":  # its bake was killed just before
                protect(self.aws, image)
        if set(others) <= set(record.shared_with):
            return record
        return self.store.change(record, lambda current: current.also_shared_with(others))

    def _share(self, image_id: str, snapshots: tuple[str, ...], accounts: tuple[str, ...]) -> None:
        share.share(self.aws, image=image_id, snapshots=snapshots, key=self.workshop.key, accounts=accounts)

    def _record(self, one: Recipe, build: Build, known: Known, made: Made, snapshots: tuple[str, ...]) -> ImageRecord:
        return ImageRecord(
            application=APPLICATION,
            recipe=one.name,
            layer=one.layer,
            digest=known.closure.digest,
            version=build.version,
            commit=build.commit,
            build=build.id,
            baked_at=datetime.now(UTC),
            owner=self.home.account,
            image_ids={self.home.region: made.image_id},
            snapshot_ids={self.home.region: snapshots},
            parent=one.contents.parent,
            parent_image_ids={self.home.region: build.parent_image},
            closure=known.closure,
            shared_with=self.shared_with(one.layer),
            tests=made.tests,
            packages=made.listing.versions,
            packages_before=made.packages_before,
            seconds=made.seconds,
            replaced=known.record.as_replaced() if known.record else (),
            platform=one.platform,
        )


def with_contents(
    store: ImageStore, record: ImageRecord, listing: Listing, one: Recipe, made_of: Artifact | None
) -> ImageRecord:
    """The record with what its image holds beside packages; the bill of materials is written, and named by it."""
    from bake.contents.bill import Subject, bill  # a tenth of a second that only a bake has to wait

    requirements = one.requirements
    pinned = requirements.read_text(encoding="utf-8") if requirements else ""
    python = distributions.of_artifact(made_of.path, pinned) if made_of and one.platform is Platform.LINUX else ()
    subject = Subject(
        application=record.application,
        recipe=record.recipe,
        layer=record.layer,
        digest=record.digest,
        version=record.version,
        artifact=record.closure.artifact,
        parent=record.parent,
        parent_digest=record.closure.parent,
    )
    key = documents.write(store, record.recipe, record.digest, record.build, bill(subject, listing, python))
    return record.model_copy(
        update={
            "distributions": {distribution.name: distribution.version for distribution in python},
            "contents": {documents.SBOM: key},
        }
    )
