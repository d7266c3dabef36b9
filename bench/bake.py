"""`python -m bake web` against a bare `packer build` of the same recipe, and an unchanged bake.

Two runs of Packer differ by a second (package downloads, polling once a second), so the difference of two medians says
little about 0.3 s: what a bake adds is also measured directly, as its own time outside of Packer.
"""

import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from bake import sweep, toolchain
from bake.build import Build
from bake.flow import Baker, Options
from bake.packer import Phase
from bake.place import TOOLING_STACK
from bake.workspace import Workspace
from bench.measure import Table, take_turns, timed
from console.progress import Progress

TIER = "web"
GOAL_SECONDS = 0.3


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


def measure(rounds: int) -> Table:
    """All variants in turns, after one bake that fills the caches. Deploys Payroll-Tooling where it is not yet."""
    outside: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        timed(["cdk", "deploy", TOOLING_STACK, "--output", str(Path(folder) / "cdk.out")])
        command = [sys.executable, "-m", "bake", TIER, "--images", str(Path(folder) / "images.toml"), "--json"]

        def forced() -> float:
            seconds, output = timed([*command, "--force"])
            phases = json.loads(output)["seconds"]
            outside.append(seconds - sum(phases.get(phase, 0.0) for phase in Phase))
            return seconds

        variants = {
            "bare `packer build`": bare_packer,
            f"`python -m bake {TIER} --force`": forced,
            f"`python -m bake {TIER}`, nothing changed": lambda: timed(command)[0],
        }
        forced()
        outside.clear()
        measured = take_turns(variants, rounds)
    own = statistics.median(outside)
    note = (
        f"The bake's own time outside of Packer: {own:.2f} s, the median of {len(outside)}. The goal is "
        f"{GOAL_SECONDS} s: {'met' if own <= GOAL_SECONDS else 'not met'}."
    )
    return Table("Bake", measured, notes=(note,))
