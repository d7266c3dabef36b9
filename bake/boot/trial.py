"""A boot test: launch → healthy → tests → everything removed → the record. What it did is removed whatever ends it.

A lease tells sweeps meanwhile that it is at work.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bake import sweep
from bake.boot import health, instance, testing
from bake.boot.instance import Trial
from bake.image import BootTest, ImageRecord, TestResult
from bake.leases import Leases
from bake.place import Workshop
from bake.recipe import Recipe
from bake.shown import Shown
from console.aws import Aws
from console.errors import KilnError
from console.progress import Progress

CONSOLE_LINES = 12  # of the console's output in an error


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a boot test.

    Args:
        said: of a machine that did not become healthy the end of its console's output, else of the tests that failed
            what they said.
    """

    trial: Trial
    result: BootTest
    said: str = ""

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the tests that failed."""
        return tuple(test.name for test in self.result.tests if test.outcome == "failed")


def run(
    aws: Aws, workshop: Workshop, recipe: Recipe, record: ImageRecord, leases: Leases, caller: str, progress: Progress
) -> Verdict:
    """Boot the image of the record once; `caller` is the ARN of whose credentials they are.

    Raises KilnError where that says nothing about the image: EC2 refuses, say.
    """
    trial = Trial.of(record, aws.region)
    began = time.monotonic()
    with (
        leases.at_work(trial.recipe, trial.build, caller, progress.phase),
        progress.step(f"{recipe.name}: boot {trial.image}") as shown,
        removed(aws, trial, progress),
    ):
        one = instance.launch(aws, trial, workshop)
        progress.phase(f"{recipe.name}: {one.id}, waiting until it is healthy")
        try:
            healthy_after = health.wait(
                one,
                recipe.contents.health,
                limit_seconds=recipe.contents.limits_minutes.boot * 60,
                ended=lambda: instance.ended(aws, one),
                shows=Shown(recipe.name, progress).show,
            )
        except health.NotHealthy as problem:
            shown.result = problem.what
            text = f"{problem.what} ({problem.found})"
            return Verdict(trial, _result(trial, began, problem=text), instance.console(aws, one, CONSOLE_LINES))
        progress.phase(f"{recipe.name}: healthy after {healthy_after:.0f} s, its tests")
        tested = testing.run(recipe, record, one, limit_seconds=recipe.contents.limits_minutes.provision * 60)
        verdict = Verdict(trial, _result(trial, began, tested.results, healthy_after), tested.said)
        shown.result = f"healthy after {healthy_after:.0f} s, {len(tested.results)} tests, {len(verdict.failed)} failed"
        return verdict


def _result(
    trial: Trial,
    began: float,
    tests: tuple[TestResult, ...] = (),
    healthy_after: float | None = None,
    problem: str | None = None,
) -> BootTest:
    return BootTest(
        passed=problem is None and all(test.outcome != "failed" for test in tests),
        at=datetime.now(UTC),
        seconds=round(time.monotonic() - began, 1),
        tests=tests,
        instance_type=trial.instance_type,
        healthy_after=None if healthy_after is None else round(healthy_after, 1),
        problem=problem,
    )


@contextmanager
def removed(aws: Aws, trial: Trial, progress: Progress) -> Iterator[None]:
    """Whatever ends the block: nothing of the boot test is left afterwards. Raises KilnError where something is."""
    try:
        yield
    finally:
        progress.phase(f"{trial.recipe}: removing what the boot test made")
        swept = sweep.sweep(aws, trial.build)
        if swept.left:
            raise KilnError(
                "not everything of the boot test could be removed",
                where=f"build {trial.build}",
                found=", ".join(swept.left),
                next_step=f"python -m bake sweep --build {trial.build} --apply",
            )
