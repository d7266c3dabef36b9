"""One run of Packer for a recipe: its names and tags, what it is told, what it tells, what is left when it fails."""

import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from bake import build_id, pins, sweep
from bake.artifact import Artifact
from bake.contents.listing import Listing
from bake.digest import Closure
from bake.failed_build import failure, mistake_in_template, not_as_locked
from bake.failure import BakeFailed, NoCapacity
from bake.image import TestResult
from bake.log import BuildLog
from bake.packer import (
    Limits,
    Packer,
    PackerError,
    Phase,
    Result,
    Template,
    TemplateInvalid,
)
from bake.packer.errors import PackerFailed
from bake.place import APPLICATION, TOOLING_PREFIX, Home, Workshop
from bake.platforms import Platform
from bake.recipe import ROOT, Layer, Recipe
from bake.toolchain import Toolchain
from bake.watcher import Watcher
from bake.workspace import Workspace
from console.aws import Aws, errors
from console.errors import BadInput, KilnError
from console.progress import Progress

SOURCE = "amazon-ebs.image"  # the build of every template
NO_IMAGE = "ami-00000000"  # in the place of a parent that is not baked yet, where nothing is baked


@dataclass(frozen=True, slots=True)
class Made:
    """What a build made."""

    image_id: str
    tests: tuple[TestResult, ...]
    listing: Listing
    packages_before: Mapping[str, str] | None
    seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Build:
    """A bake that is under way; everything it makes on AWS carries `id`."""

    id: str
    recipe: str
    layer: Layer
    version: str | None
    commit: str
    digest: str
    parent: str  # as the closure has it
    parent_image: str
    region: str
    caller: str

    @classmethod
    def of(cls, recipe: Recipe, closure: Closure, parent_image: str, region: str, caller: str) -> Self:
        """`parent_image` is the AMI id to bake from, `caller` the ARN of whoever bakes."""
        return cls(
            id=build_id.new(recipe.name),
            recipe=recipe.name,
            layer=recipe.layer,
            version=recipe.version,
            commit=commit(),
            digest=closure.digest,
            parent=closure.parent,
            parent_image=parent_image,
            region=region,
            caller=caller,
        )

    @property
    def image_name(self) -> str:
        return sweep.names(self.id)[sweep.Kind.IMAGE]

    @property
    def tags(self) -> dict[str, str]:
        """Of the image and its snapshots, and of the builder while it runs."""
        return {
            "Name": self.image_name,
            "kiln:application": APPLICATION,
            "kiln:tier": self.recipe,
            "kiln:layer": self.layer,
            **({"kiln:version": self.version} if self.version else {}),
            "kiln:digest": self.digest,
            "kiln:parent" if self.layer is Layer.BASE else "kiln:parent-digest": self.parent,
            "kiln:commit": self.commit,
            "kiln:built-by": self.caller,
            sweep.TAG: self.id,
        }

    def template(self, workspace: Workspace, workshop: Workshop, subnet: str) -> Template:
        """The recipe's template with all its variables."""
        return Template(
            workspace.template,
            {
                **workspace.recipe.contents.variables,
                "recipe": self.recipe,
                "recipe_folder": str(workspace.own),
                "build": self.id,
                "image_name": self.image_name,
                "image_tags": self.tags,
                "parent_image": self.parent_image,
                "region": self.region,
                "subnet": subnet,
                "security_group": workshop.security_group,
                "instance_profile": workshop.instance_profile,
                "encryption_key": workshop.key,
                "upload": str(workspace.upload),
                "results": str(workspace.results),
                # of the tests: on Windows they run on the builder itself
                **({"python": sys.executable} if workspace.recipe.platform is Platform.LINUX else {}),
            },
        )

    def run(
        self,
        workspace: Workspace,
        workshop: Workshop,
        packer: Packer,
        secret: Iterable[str],
        progress: Progress,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Made:
        """Run Packer, in the next zone where one has no capacity; `meanwhile` is called again and again while it works.

        Raises BadInput for a mistake in the template, BakeFailed for everything else.
        """
        result = self._anywhere(workspace, workshop, packer, secret, progress, meanwhile, expected={SOURCE})
        region, _, image_id = result.artifacts[SOURCE].id.partition(":")
        if region != self.region or not image_id.startswith("ami-"):
            raise KilnError("Packer's artifact is no image of this region", found=result.artifacts[SOURCE].id)
        packages = workspace.listing(), workspace.packages_before()
        return Made(image_id, workspace.tests(), *packages, result.seconds)

    def without_image(
        self, workspace: Workspace, workshop: Workshop, packer: Packer, secret: Iterable[str], progress: Progress
    ) -> dict[str, str]:
        """Do all but the image; package → version of what was installed on the way. Raises as `run`."""
        self._anywhere(workspace, workshop, packer, secret, progress, without_image=True)
        return pins.changed(workspace.packages_before() or {}, workspace.listing().versions)

    def _anywhere(
        self,
        workspace: Workspace,
        workshop: Workshop,
        packer: Packer,
        secret: Iterable[str],
        progress: Progress,
        meanwhile: Callable[[], None] = lambda: None,
        *,
        expected: Collection[str] = (),
        **variables: bool,
    ) -> Result:
        """Packer's result in the first zone that has capacity; `variables` are more of the template's."""
        refusals: list[str] = []
        for subnet in workshop.subnets:
            template = self.template(workspace, workshop, subnet)
            template = replace(template, variables={**template.variables, **variables})
            try:
                return self._packer(template, set(expected), workspace, packer, secret, progress, meanwhile)
            except NoCapacity as problem:  # nothing was launched, and Packer has removed its key pair
                progress.phase(f"{self.recipe}: no capacity in the zone of {subnet}")
                refusals.append(f"{subnet}: {problem.found}")
                problem.found = "\n    ".join(refusals)
                if subnet == workshop.subnets[-1]:
                    raise
        raise KilnError("there is no subnet to bake in", where=f"SSM parameter {TOOLING_PREFIX}subnet-ids")

    def _packer(
        self,
        template: Template,
        expected: set[str],
        workspace: Workspace,
        packer: Packer,
        secret: Iterable[str],
        progress: Progress,
        meanwhile: Callable[[], None],
    ) -> Result:
        limits = workspace.recipe.contents.limits_minutes
        with BuildLog.of(self.id) as log:
            watch = Watcher(self.recipe, progress, log)

            def idle() -> None:
                watch.tick()
                meanwhile()

            try:
                return packer.build(
                    template,
                    expected=expected,
                    limits=Limits(
                        overall=timedelta(minutes=limits.overall),
                        phases={
                            Phase.CONNECT: timedelta(minutes=limits.connect),
                            Phase.PROVISION: timedelta(minutes=limits.provision),
                        },
                    ),
                    sensitive=secret,
                    on_event=watch.event,
                    on_idle=idle,
                )
            except TemplateInvalid as problem:
                raise mistake_in_template(problem, workspace) from problem
            except BaseException as problem:
                watch.await_answers(problem)
                if not isinstance(problem, PackerError):
                    raise
                if watch.unmet:
                    raise not_as_locked(self, watch.unmet, log.path) from problem
                tests, phase = workspace.tests(), watch.failed_in
                raise failure(self, workspace.recipe, problem, phase, tests, log.path) from problem

    @contextmanager
    def swept(
        self, aws: Aws, bucket: str | None, progress: Progress, named: Callable[[], Collection[str]]
    ) -> Iterator[None]:
        """Whatever ends the block early, an error or Ctrl-C: nothing of this build is left when it is passed on.

        `named` asks for what the record names: that stays. Where it cannot be asked nothing is removed. `bucket` is the
        one of images, of a build that writes documents.
        """
        try:
            yield
        except BadInput:
            raise  # a template that does not parse: nothing was made
        except BaseException as problem:
            progress.phase(f"{self.recipe}: sweep what build {self.id} left")
            try:
                with errors("asking for the record before the sweep (s3:GetObject)"):
                    kept = named()
                swept = sweep.sweep(aws, self.id, kept, bucket)
            except KilnError as unreachable:
                swept = sweep.Outcome(left=(f"not known, {unreachable.what}: {unreachable.found}",))
            text = in_words(self, swept)
            progress.phase(f"{self.recipe}: {text}")
            if isinstance(problem, BakeFailed):
                problem.swept = text
            raise


def validate(recipe: Recipe, artifact: Artifact | None, closure: Closure, home: Home, tools: Toolchain) -> None:
    """Let Packer check a template without AWS; used where nothing is baked. Raises BadInput."""
    nowhere = Workshop(("none",), "none", "none", "none", "none", {})
    build = Build.of(recipe, closure, NO_IMAGE, home.region, "nobody")
    with Workspace.of(recipe, artifact, closure, tools.versions) as workspace:
        try:
            tools.packer.validate(build.template(workspace, nowhere, nowhere.subnet))
        except TemplateInvalid as problem:
            raise mistake_in_template(problem, workspace) from problem
        except PackerFailed as problem:
            raise BadInput(f"Packer refuses the template of {recipe.name}", found=str(problem)) from problem


def in_words(build: Build, swept: sweep.Outcome) -> str:
    """What the sweep of a build came to."""
    if swept.left:
        again = f"again with: python -m bake sweep --build {build.id} --apply"
        return f"not removed: {', '.join(swept.left)}; {again}"
    return f"removed {', '.join(swept.removed)}" if swept.removed else "nothing was left"


def commit() -> str:
    """The commit of the repository, with `-dirty` where files differ from it; `unknown` outside of git."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return done.stdout.strip() or "unknown"
