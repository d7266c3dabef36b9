"""One tier from recipe to image: recipe → digest → plan → Packer → verify → share → record → images file.

Nothing is recorded before the image is there, verified and shared; whatever ends a bake early, its remains are swept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bake import artifact, digest, recipe, share, toolchain, verify
from bake.artifact import Artifact
from bake.build import Build, Made, validate
from bake.digest import Closure
from bake.image import ImageRecord, ImageStore
from bake.place import APPLICATION, Home, Workshop
from bake.plan import Action, Plan, plan
from bake.protection import protect
from bake.recipe import Recipe
from bake.stopwatch import Stopwatch
from bake.workspace import Workspace
from console.aws import Aws
from console.progress import Progress
from infra import images as images_file

Described = Mapping[str, Mapping[str, Any]]  # image id → what EC2 says of it; one that is gone is not in it


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    force: bool = False
    dry_run: bool = False
    images: Path | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the command reports of a tier; the fields of its JSON.

    `action` is `baked` or `reused`, with --dry-run `bake` or `reuse`; `seconds` are by phase; `record` is a URL.
    """

    tier: str
    digest: str
    action: str
    reason: str
    image_ids: Mapping[str, str]
    record: str | None
    seconds: Mapping[str, float]
    changes: tuple[str, ...] = ()
    closure: Closure | None = None


@dataclass(frozen=True, slots=True)
class Baker:
    """What all tiers of one command share."""

    home: Home
    aws: Aws
    workshop: Workshop
    store: ImageStore
    versions: toolchain.Versions
    images: Path
    options: Options
    progress: Progress
    look_up_seconds: float

    @classmethod
    def prepare(cls, recipes: tuple[Recipe, ...], options: Options, progress: Progress) -> "Baker":
        """Everything that is looked up once: whose credentials, where to bake, from which parents."""
        watch = Stopwatch()
        home = Home.from_parameter_files()
        aws = Aws(home.region)
        home.check_account(aws)
        workshop = Workshop.look_up(aws, home, recipes)
        store = ImageStore(aws.client("s3"), workshop.bucket)
        images = images_file.path_in_force(option=options.images)
        images_file.load(images)  # a mistake in it is better found now than after the bake
        versions = toolchain.load_versions()
        return cls(home, aws, workshop, store, versions, images, options, progress, watch.lap("lookup"))

    def bake(self, tier: Recipe) -> Outcome:
        """One tier. Raises KilnError; after a failed or cancelled bake nothing of it is left."""
        watch = Stopwatch({"lookup": self.look_up_seconds})
        made = artifact.make(tier)
        closure = self.close(tier, made)
        record, described, decision = self.decide(tier, closure)
        watch.lap("plan")

        if self.options.dry_run:
            if decision.action is Action.BAKE:
                validate(tier, made, closure, self.home, toolchain.find(self.versions))
                record = None
            return self._outcome(tier, decision.action, decision, closure, record, watch)
        if decision.action is Action.BAKE or record is None:
            with self.progress.step(f"{tier.tier}: bake ({decision.reason})") as step:
                record = self.bake_anew(tier, made, closure, watch)
                step.result = ", ".join(record.image_ids.values())
            action = "baked"
        else:
            record = self.share_with_all(record, described)
            action = "reused"
        images_file.record(self.images, tier.tier, record.digest, dict(record.image_ids))
        watch.lap("record")
        return self._outcome(tier, action, decision, closure, record, watch)

    def close(self, tier: Recipe, made: Artifact) -> Closure:
        """The closure of a recipe: everything that its image is made of."""
        return Closure(
            parent=self.workshop.parents[tier.tier],
            artifact=made.sha256,
            files={name: digest.fingerprint(file) for name, file in digest.files_of(tier).items()},
            # an image under another key cannot be launched with the grants on this one: the key is part of the image
            variables={**tier.contents.variables, "encryption_key": self.workshop.key},
            tools=self.versions.by_tool(),
        )

    def decide(self, tier: Recipe, closure: Closure) -> tuple[ImageRecord | None, Described, Plan]:
        """The record of this digest, if there is one, its images as EC2 describes them, and what follows from it."""
        record = self.store.get(tier.tier, closure.digest)
        asked = record.image_ids.values() if record and not self.options.force else ()
        described = verify.describe(self.aws, asked)
        states = {image_id: str(one["State"]) for image_id, one in described.items()}
        in_force = record or self._record_in_force(tier.tier)
        return (
            record,
            described,
            plan(closure, record, states, in_force=in_force.closure if in_force else None, force=self.options.force),
        )

    def bake_anew(self, tier: Recipe, artifact: Artifact, closure: Closure, watch: Stopwatch) -> ImageRecord:
        """Packer → verify → share → record → protect."""
        tools = toolchain.find(self.versions)
        build = Build.of(tier, closure.digest, closure.parent, self.home)
        with Workspace.of(tier, artifact, closure, self.versions) as workspace, build.swept(self.aws, self.progress):
            made = build.run(
                workspace, self.workshop, tools.packer, self.aws.secrets(), self.progress, meanwhile=self._get_ready
            )
            watch.take(made.seconds)
            self.progress.phase(f"{tier.tier}: verify")
            description = verify.verify(self.aws, made.image_id, owner=self.home.account, tags=build.tags)
            watch.lap("verify")
            self.progress.phase(f"{tier.tier}: share with {', '.join(self.home.others)}")
            snapshots = verify.snapshots_of(description)
            self._share(made.image_id, snapshots)
            watch.lap("share")
            record = self._record(tier, build, closure, made, snapshots)
            self.store.put(record)
            protect(self.aws, made.image_id)
        return record

    def share_with_all(self, record: ImageRecord, described: Described) -> ImageRecord:
        """Share and protect an image that is reused; AWS says whether that changes anything, not the record."""
        self._share(record.image_ids[self.home.region], record.snapshot_ids[self.home.region])
        for image, as_it_is in described.items():
            if as_it_is.get("DeregistrationProtection") == "disabled":  # its bake was killed just before
                protect(self.aws, image)
        if set(self.home.others) <= set(record.shared_with):
            return record
        record = record.model_copy(update={"shared_with": self.home.others})
        self.store.put(record)
        return record

    def _get_ready(self) -> None:
        """Make the clients that are needed after Packer, while it works: 0.1 s that nobody waits for."""
        for service in ("ec2", "kms"):
            self.aws.client(service)

    def _share(self, image_id: str, snapshots: tuple[str, ...]) -> None:
        share.share(self.aws, image=image_id, snapshots=snapshots, key=self.workshop.key, accounts=self.home.others)

    def _record_in_force(self, tier: str) -> ImageRecord | None:
        current = images_file.load(self.images).root.get(tier)
        return self.store.get(tier, current.digest) if current else None

    def _record(
        self, tier: Recipe, build: Build, closure: Closure, made: Made, snapshots: tuple[str, ...]
    ) -> ImageRecord:
        return ImageRecord(
            application=APPLICATION,
            tier=tier.tier,
            digest=closure.digest,
            version=build.version,
            commit=build.commit,
            build=build.id,
            baked_at=datetime.now(UTC),
            owner=self.home.account,
            image_ids={self.home.region: made.image_id},
            snapshot_ids={self.home.region: snapshots},
            parent_parameter=tier.contents.parent,
            closure=closure,
            shared_with=self.home.others,
            tests=made.tests,
            packages=made.packages,
            seconds=made.seconds,
        )

    def _outcome(
        self, tier: Recipe, action: str, plan: Plan, closure: Closure, record: ImageRecord | None, watch: Stopwatch
    ) -> Outcome:
        return Outcome(
            tier=tier.tier,
            digest=closure.digest,
            action=str(action),
            reason=plan.reason,
            image_ids=dict(record.image_ids) if record else {},
            record=self.store.url(tier.tier, closure.digest) if record else None,
            seconds=watch.seconds,
            changes=plan.changes,
            closure=closure,
        )


def bake(tiers: tuple[str, ...], options: Options, progress: Progress) -> tuple[Outcome, ...]:
    """Bake the tiers one after another; the first that fails ends it."""
    recipes = tuple(recipe.load(tier) for tier in tiers)
    baker = Baker.prepare(recipes, options, progress)
    return tuple(baker.bake(one) for one in recipes)
