"""`python -m bake web` against a bare `packer build`, an unchanged bake, many at once, layers; and the calls of AWS.

Two runs of Packer differ by a second (package downloads, polling once a second), so the difference of two medians says
little about 0.3 s: what a bake adds is also measured directly, as its own time outside of Packer.
"""

import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bake import recipe, sweep, toolchain
from bake.build import Build
from bake.flow import Baker, Options
from bake.packer import Phase
from bake.place import TOOLING_STACK
from bake.recipe import tiers
from bake.workspace import Workspace
from bench.measure import Table, goal, take_turns, timed
from console.progress import Progress
from rehearsal.proxy import Answer, Call, Proxy

TIER = "web"
GOAL_SECONDS = 0.3  # of a bake outside of Packer
UNCHANGED_SECONDS = 1.0
HELP_SECONDS = 0.2
SIBLINGS = 1.15  # all tiers against the slowest
IMAGE_SECONDS = 60.0  # that EC2 takes longer for an image, in one table; it is minutes there, and a moment here
BAKE = (sys.executable, "-m", "bake")
IMAGE = re.compile(rb"<imageId>(ami-[0-9a-f]+)</imageId>")
AVAILABLE = b"<imageState>available</imageState>"
Bake = Callable[..., tuple[float, str]]  # arguments → seconds, standard output


def bare_packer() -> float:
    """Seconds of `packer build` with the template, the variables and the files of a bake, and nothing around it."""
    baker = Baker.prepare((TIER,), Options(), Progress())
    tier, planned = baker.recipes[TIER], baker.plan()
    made, closure = planned.artifacts[TIER], planned.known[TIER].closure
    below = planned.known[str(tier.parent)].record
    assert below, "the layers below were baked before"
    build = Build.of(tier, closure, below.image_ids[baker.home.region], baker.home.region, baker.caller)
    packer = toolchain.find(baker.versions).packer
    added = {key: value for key, value in packer.environment.items() if value is not None}
    try:
        with Workspace.of(tier, made, closure, baker.versions) as workspace:
            template = build.template(workspace, baker.workshop, baker.workshop.subnet)
            variables = workspace.folder / "variables.pkrvars.json"
            variables.write_text(json.dumps(template.variables), encoding="utf-8")
            command = [packer.executable, "build", "-machine-readable", f"-var-file={variables}", "."]
            return timed(command, template.path, {**os.environ, **added, "CHECKPOINT_DISABLE": "1"})[0]
    finally:
        sweep.sweep(baker.aws, build.id)


def measure(rounds: int) -> tuple[Table, ...]:
    """Four tables, each of variants in turns, after one bake of everything. Deploys Payroll-Tooling if it has to."""
    with tempfile.TemporaryDirectory() as folder:
        timed(["cdk", "deploy", TOOLING_STACK, "--output", str(Path(folder) / "cdk.out")])
        images = ("--images", str(Path(folder) / "images.toml"), "--json")

        def bake(*arguments: str) -> tuple[float, str]:
            return timed([*BAKE, *arguments, *images])

        bake(*tiers())
        return one_tier(bake, rounds), many(bake, rounds), waiting(bake, rounds), rebuild(bake, rounds)


def one_tier(bake: Bake, rounds: int) -> Table:
    """A bake against bare Packer, an unchanged one, the help; and which calls of AWS the two make."""
    outside: list[float] = []

    def forced() -> float:
        seconds, output = bake(TIER, "--force")
        phases = json.loads(output)["seconds"]
        outside.append(seconds - sum(phases.get(phase, 0.0) for phase in Phase))
        return seconds

    measured = take_turns(
        {
            "bare `packer build`": bare_packer,
            f"`python -m bake {TIER} --force`": forced,
            f"`python -m bake {TIER}`, nothing changed": (unchanged := lambda: bake(TIER)[0]),
            "`python -m bake --help`": (show_help := lambda: timed([*BAKE, "--help"])[0]),
        },
        rounds,
    )
    *_, idle, started = (statistics.median(values) for values in measured.values())
    own, runs = statistics.median(outside), len(outside)  # now: the next one goes through a proxy
    baking, reusing, helping = (calls_of(one) for one in (forced, unchanged, show_help))
    writes = [call for call in reusing if call.writes]
    notes = (
        goal(f"The bake's own seconds outside of Packer, the median of {runs}", own, GOAL_SECONDS),
        goal("Seconds of an unchanged bake", idle, UNCHANGED_SECONDS),
        goal("Its calls that write", len(writes), 0),
        goal("Seconds of the help", started, HELP_SECONDS),
        f"Calls of AWS by a bake of `{TIER}`: {in_words(call for call in baking if of_bake(call))}.",
        f"By Packer in it: {in_words(call for call in baking if not of_bake(call))}.",
        f"By an unchanged bake: {in_words(reusing)}. By the help: {in_words(helping)}.",
    )
    return Table("Bake", measured, notes=notes)


def many(bake: Bake, rounds: int) -> Table:
    """All tiers at once against each alone."""
    alone = {f"`{one}` alone": (lambda name: lambda: bake(name, "--force")[0])(one) for one in tiers()}
    together = f"all {len(alone)} at once"
    measured = take_turns({**alone, together: lambda: bake(*tiers(), "--force")[0]}, rounds)
    medians = {what: statistics.median(values) for what, values in measured.items()}
    slowest = max((what for what in alone), key=lambda what: medians[what])
    ordered = {slowest: measured.pop(slowest), **measured}
    note = goal("All at once against the slowest alone", medians[together] / medians[slowest], SIBLINGS)
    return Table("Bakes side by side", ordered, notes=(note,))


def waiting(bake: Bake, rounds: int) -> Table:
    """All tiers at once against one, where images take time as EC2's do, and not only this machine's processors."""
    with through_proxy() as proxy:
        proxy.after = SlowImages(IMAGE_SECONDS)
        measured = take_turns(
            {
                f"`{TIER}` alone": lambda: bake(TIER, "--force")[0],
                f"all {len(tiers())} at once": lambda: bake(*tiers(), "--force")[0],
            },
            rounds,
        )
    alone, many = (statistics.median(values) for values in measured.values())
    note = goal(f"All at once against `{TIER}`", many / alone, SIBLINGS)
    chance = "When Packer sees that an image is there is chance: its plugin asks again after growing, random pauses."
    title = f"Bakes side by side, where EC2 takes {IMAGE_SECONDS:g} seconds for an image"
    return Table(title, measured, notes=(note, chance))


class SlowImages:
    """What a proxy does after each call: images that EC2 has just begun stay `pending` for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[bytes, float] = {}

    def __call__(self, call: Call, answer: Answer) -> Answer:
        if call.operation == "CreateImage" and (made := IMAGE.search(answer.body)):
            self._until[made[1]] = time.monotonic() + self._seconds
        if call.operation != "DescribeImages":
            return answer
        pending = [image for image, until in tuple(self._until.items()) if time.monotonic() < until]
        if not any(image in call.body for image in pending):
            return answer
        return replace(answer, body=answer.body.replace(AVAILABLE, AVAILABLE.replace(b"available", b"pending")))


def rebuild(bake: Bake, rounds: int) -> Table:
    """What a change of the application costs: its layer, against all layers as one image without layers would."""
    chain = [one.name for one in recipe.with_parents([TIER])]
    measured = take_turns(
        {
            f"the layer of `{TIER}`": lambda: bake(TIER, "--force")[0],
            f"all layers ({', '.join(chain)})": lambda: bake(*chain, "--force")[0],
        },
        rounds,
    )
    return Table("Rebuild after a change of the application", measured)


def calls_of(run: Callable[[], object]) -> list[Call]:
    """The calls of AWS that are made while it runs."""
    with through_proxy() as proxy:
        run()
    return proxy.calls


@contextmanager
def through_proxy() -> Iterator[Proxy]:
    """What is run in the block finds a proxy where it looks for AWS."""
    with Proxy(endpoint := os.environ["AWS_ENDPOINT_URL"]) as proxy:
        os.environ["AWS_ENDPOINT_URL"] = proxy.url
        try:
            yield proxy
        finally:
            os.environ["AWS_ENDPOINT_URL"] = endpoint


def of_bake(call: Call) -> bool:
    return "botocore" in call.of.lower()


def in_words(calls: Iterable[Call]) -> str:
    """How many, and how often each."""
    counted = Counter(call.name for call in calls)
    listed = ", ".join(f"{name} {number}" for name, number in sorted(counted.items()))
    return f"{counted.total()} ({listed})" if counted else "none"
