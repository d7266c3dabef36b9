"""Recipes from their folders to images: gather → plan → for each layer Packer → check → share → record → images file.

Everything is looked up and decided before anything is baked; what is done with one recipe is in `oven`.
"""

import gc
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from bake import agreement, artifact, digest, downloads, parents, pins, recipe, side_by_side, toolchain
from bake.artifact import Artifact
from bake.build import validate
from bake.digest import Closure
from bake.downloads import Fetched
from bake.image import READERS, ImageRecord, ImageStore, Unreadable
from bake.leases import Leases
from bake.outcome import Outcome
from bake.oven import Oven
from bake.parents import Parent
from bake.place import Home, Workshop
from bake.plan import FIRST, Described, Known, Step, plan
from bake.recipe import Layer, Recipe
from bake.side_by_side import Cancellation, Slot
from bake.stopwatch import Stopwatch
from console.aws import Aws, errors
from console.errors import KilnError
from console.progress import Progress
from infra import images as images_file

JOBS = 4
Look = Callable[[str, str], tuple[ImageRecord | None, str]]  # recipe, digest → the record, why it cannot be read


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    force: bool = False
    update_parents: bool = False
    jobs: int = JOBS
    images: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with each recipe, parents first, and what was gathered to decide it."""

    steps: Mapping[str, Step]
    known: Mapping[str, Known]
    artifacts: Mapping[str, Artifact | None]
    described: Described
    images: images_file.Images
    seconds: Mapping[str, float]
    notes: tuple[str, ...] = ()  # what the user should know of what was gathered


@dataclass(frozen=True, slots=True)
class Baker:
    """What all recipes of one command share. `recipes` are those asked for and all below them, parents first."""

    recipes: Mapping[str, Recipe]
    asked: tuple[str, ...]
    home: Home
    caller: str
    aws: Aws
    workshop: Workshop
    parents: Mapping[str, Parent]
    locked: Mapping[str, Mapping[str, str]]
    store: ImageStore
    leases: Leases
    versions: toolchain.Versions
    images: Path
    options: Options
    progress: Progress
    look_up_seconds: float
    cancellation: Cancellation = field(default_factory=Cancellation)

    @classmethod
    def prepare(cls, asked: tuple[str, ...], options: Options, progress: Progress) -> "Baker":
        """Everything that is looked up once: whose credentials, where to bake, from which parents."""
        watch = Stopwatch()
        recipes = {one.name: one for one in recipe.with_parents(asked)}
        home = Home.from_parameter_files()
        aws = Aws(home.region)
        caller = home.check_account(aws)
        workshop = Workshop.look_up(aws, home, tuple(recipes.values()))
        s3, bucket = aws.client("s3"), workshop.bucket
        images = images_file.path_in_force(option=options.images)
        images_file.load(images)  # a mistake in it is better found now than after the bake
        locked = parents.load(parents.path_beside(images))
        chosen = parents.choose(workshop.published, locked, home.region, update=options.update_parents)
        packages = pins.load(pins.path_beside(images), recipe.names())
        versions = toolchain.load_versions()
        seconds = watch.lap("lookup")
        return cls(
            recipes,
            asked,
            home,
            caller,
            aws,
            workshop,
            chosen,
            packages,
            ImageStore(s3, bucket),
            Leases(s3, bucket),
            versions,
            images,
            options,
            progress,
            seconds,
        )

    # --- what would be done -------------------------------------------------------------------------------------------
    def plan(self) -> Plan:
        """Decide about all recipes; nothing is written."""
        watch = Stopwatch({"lookup": self.look_up_seconds})
        artifacts = {name: artifact.make(one) for name, one in self.recipes.items()}
        fetched = {name: downloads.fetch(one, artifact.cache()) for name, one in self.recipes.items()}
        closures: dict[str, Closure] = {}
        for name, one in self.recipes.items():
            below = closures[one.parent].digest if one.parent else None
            closures[name] = self.close(one, artifacts[name], below, fetched[name])
        in_file = images_file.load(self.images)
        look = self._look()
        with ThreadPoolExecutor(READERS) as threads:  # all at once, remembered for what follows
            list(threads.map(look, closures, [closure.digest for closure in closures.values()]))
        known = {name: self._know(name, closures[name], in_file, look) for name in self.recipes}
        images = [image for one in known.values() if one.record for image in one.record.baked.values()]
        described = agreement.describe(self.aws, images)
        steps = plan(tuple(known.values()), described, force=self.asked if self.options.force else ())
        watch.lap("plan")
        notes = tuple(note for name, one in fetched.items() for note in one.notes(name))
        return Plan({step.recipe: step for step in steps}, known, artifacts, described, in_file, watch.seconds, notes)

    def _look(self) -> Look:
        """Looks for a record, once for each."""

        @cache
        def look(recipe: str, digest: str) -> tuple[ImageRecord | None, str]:
            with errors(f"looking for the record of {recipe} (s3:GetObject)"):
                try:
                    return self.store.get(recipe, digest), ""
                except Unreadable as problem:
                    return None, str(problem.found)

        return look

    def _know(self, name: str, closure: Closure, in_file: images_file.Images, look: Look) -> Known:
        record, unreadable = look(name, closure.digest)
        before, problem = (record, "") if record else in_force(name, in_file, look)
        unknown = f"what changed is not known: the record of the image in force cannot be read: {problem}"
        return Known(
            name, self.recipes[name].parent, closure, record, before, unreadable, unknown if problem else FIRST
        )

    def close(self, one: Recipe, made: Artifact | None, parent_digest: str | None, fetched: Fetched) -> Closure:
        """The closure of a recipe: everything that its image is made of."""
        return Closure(
            parent=parent_digest or self.parents[one.contents.parent].image_id,
            artifact=made.sha256 if made else None,
            files={name: digest.fingerprint(file) for name, file in digest.files_of(one).items()},
            # an image under another key cannot be launched with the grants on this one: the key is part of the image
            variables={**one.contents.variables, "encryption_key": self.workshop.key},
            tools=self.versions.by_tool(),
            packages=self.locked.get(one.name),
            downloads=fetched.present,
        )

    def validate(self, planned: Plan) -> None:
        """Let Packer check the templates of all that would be baked. Raises BadInput."""
        bakes = [name for name, step in planned.steps.items() if step.action.bakes]
        if not bakes:
            return
        tools = toolchain.find(self.versions)
        for name in bakes:
            validate(self.recipes[name], planned.artifacts[name], planned.known[name].closure, self.home, tools)

    def outcomes(self, planned: Plan) -> dict[str, Outcome]:
        """Of all recipes, as they would be."""
        found = {}
        for name, step in planned.steps.items():
            record = None if step.action.bakes else planned.known[name].record
            found[name] = self._outcome(planned, step, str(step.action), record, Stopwatch(planned.seconds))
        return found

    # --- what is done -------------------------------------------------------------------------------------------------
    def run(self, planned: Plan) -> tuple[dict[str, Outcome], dict[str, KilnError]]:
        """Do it: outcome or error by recipe. After a failed or cancelled bake nothing of it is left."""
        gc.enable()  # from here it is minutes: see __main__

        def work(name: str, below: Outcome | None, slot: Slot) -> Outcome:
            self.cancellation.check()
            with errors(f"the image of {name}"):
                return self._do(planned, planned.steps[name], below, slot)

        needs = {name: one.parent for name, one in self.recipes.items()}
        results = side_by_side.run(needs, work, jobs=self.options.jobs, cancellation=self.cancellation)
        return results.done, results.failed

    def _do(self, planned: Plan, step: Step, below: Outcome | None, slot: Slot) -> Outcome:
        one, known, watch = self.recipes[step.recipe], planned.known[step.recipe], Stopwatch(planned.seconds)
        if step.action.bakes:
            with self.progress.step(f"{one.name}: bake ({step.reason})") as shown:
                forced = self.options.force and one.name in self.asked
                stands_on = below.image_ids if below else {}
                made_of = planned.artifacts[one.name]
                step, record = self.oven.bake_once(one, made_of, known, step, stands_on, watch, slot, force=forced)
                shown.result = ", ".join(record.image_ids.values()) + ("" if step.action.bakes else f" ({step.reason})")
        else:
            record = self.oven.reuse(step, known, planned.described)
        if one.layer is Layer.TIER:
            images_file.record(self.images, one.name, record.digest, dict(record.image_ids))
        elif one.layer is Layer.BASE:
            lock = parents.path_beside(self.images)
            parents.record(lock, [self.parents[one.contents.parent]], self.home.region)
        watch.lap("record")
        return self._outcome(planned, step, "baked" if step.action.bakes else "reused", record, watch)

    @property
    def oven(self) -> Oven:
        """Where a recipe becomes an image, or the image that is there is reused."""
        return Oven(
            self.home,
            self.caller,
            self.aws,
            self.workshop,
            self.store,
            self.leases,
            self.versions,
            self.progress,
            self.cancellation,
        )

    def _outcome(self, planned: Plan, step: Step, action: str, record: ImageRecord | None, watch: Stopwatch) -> Outcome:
        known, layer = planned.known[step.recipe], self.recipes[step.recipe].layer
        in_force: Mapping[str, str] = known.in_force.image_ids if known.in_force else {}
        if layer is Layer.TIER:
            image = planned.images.root.get(step.recipe)
            in_force = image.image_ids if image else {}
        return Outcome(
            recipe=step.recipe,
            layer=layer,
            digest=known.closure.digest,
            action=action,
            reason=step.reason,
            image_ids=dict(record.image_ids) if record else {},
            record=self.store.url(step.recipe, known.closure.digest) if record else None,
            seconds=watch.seconds,
            in_force=dict(in_force),
            changes=step.changes,
            closure=known.closure,
        )


def in_force(name: str, in_file: images_file.Images, look: Look) -> tuple[ImageRecord | None, str]:
    """The record of the image that the images file names, and why one on the way cannot be read.

    Of a layer below a tier it is what the tiers in that file were baked from.
    """
    images, problem = in_file.root, ""
    for tier, image in images.items() if name not in images else [(name, images[name])]:
        found, unreadable = look(tier, image.digest)
        while found and found.recipe != name:
            found, unreadable = look(found.parent, found.closure.parent) if found.layer.below else (None, "")
        if found:
            return found, ""
        problem = problem or unreadable
    return None, problem


def below(name: str, recipes: Mapping[str, Recipe], outcomes: Mapping[str, Outcome]) -> tuple[Outcome, ...]:
    """The outcomes of what a recipe stands on, the base first."""
    parent = recipes[name].parent
    return (*below(parent, recipes, outcomes), outcomes[parent]) if parent and parent in outcomes else ()


def with_layers(name: str, recipes: Mapping[str, Recipe], outcomes: Mapping[str, Outcome]) -> Outcome:
    """The outcome of a recipe with those of the layers below it."""
    return replace(outcomes[name], layers=below(name, recipes, outcomes))
