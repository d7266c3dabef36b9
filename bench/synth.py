"""Six environments from one set of templates, against the same stacks synthesized naively six times, and against one.

The one is Dev, which has every stack but Backup and Vault.

A run with nothing changed is measured twice: what app.py needs, and what `cdk synth` needs with all that the CLI does
besides (`cdk --version` does nothing else).
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.measure import ROOT, Table, goal, take_turns, timed

NAIVE_SIX, SIX, ONE = "six environments, naively", "six environments, one set of templates", "one environment"
UNCHANGED = "of it, app.py"
GOAL_OF_ONE, GOAL_OF_NAIVE, GOAL_UNCHANGED_SECONDS = 1.3, 0.5, 0.05

IMAGES = "".join(
    f'[{tier}]\ndigest = "sha256:{"0" * 64}"\n[{tier}.image_ids]\neu-west-1 = "ami-0123456789abcdef0"\n'
    for tier in ("web", "worker", "worker-mq", "worker-calculation")
)

ONE_SET = """
import sys
from pathlib import Path
from infra import images, parameters
from infra.assembly import synthesize

file = images.path_in_force()
count = int(sys.argv[2])
environments = parameters.load_all()
synthesize([e for e in environments if count > 1 or e.name == "Dev"], images.load(file), file, Path(sys.argv[1]))
"""

NAIVE = """
import sys
import aws_cdk as cdk
from infra import images, parameters
from infra.assembly import CONTEXT, machines_of, stacks_of
from infra.stacks.parameters import Parameters
from infra.stacks.tooling import Tooling

loaded = images.load(images.path_in_force())
environments = parameters.load_all()
app = cdk.App(outdir=sys.argv[1], post_cli_context=CONTEXT, analytics_reporting=False,
              builtin_cloud_formation_validation=False)
for e in environments:
    image_ids = {machine: loaded.image_id("web", e.region) for machine in machines_of(e)}
    Parameters(app, f"Parameters-{e.name}", environment=e, environments=environments, image_ids=image_ids)
    for stack in stacks_of(e):
        stack(app, f"{stack.__name__}-{e.name}")
    if e.tooling:
        Tooling(app, "Tooling", home=e, tooling=e.tooling, account_ids=[o.account for o in environments if o != e])
app.synth()
"""


def measure(rounds: int) -> Table:
    """All variants in turns, after one run of each that is not counted."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "images.toml").write_text(IMAGES)
        variables = os.environ | {
            "KILN_IMAGES": str(folder / "images.toml"),
            "CDK_OUTDIR": str(folder / "launcher"),
            "CDK_HOME": scratch,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "constructs")]),
        }

        def command(*words: str) -> Callable[[], float]:
            return lambda: timed(words, variables=variables)[0]

        python = sys.executable
        variants = {
            NAIVE_SIX: command(python, "-c", NAIVE, str(folder / "naive")),
            SIX: command(python, "-c", ONE_SET, str(folder / "six"), "6"),
            ONE: command(python, "-c", ONE_SET, str(folder / "one"), "1"),
            "`cdk synth`, nothing changed": command("cdk", "synth", "--quiet", "--output", str(folder / "cli")),
            UNCHANGED: command(python, "-I", "app.py"),
            "of it, the CLI's own start (`cdk --version`)": command("cdk", "--version"),
        }
        take_turns(variants, 1)
        table = Table("Synthesis", take_turns(variants, rounds))
    of = table.ratios
    unchanged = statistics.median(table.measured[UNCHANGED])
    notes = (
        goal("Six environments against one", of[SIX] / of[ONE], GOAL_OF_ONE),
        goal("Six environments against six naive ones", of[SIX], GOAL_OF_NAIVE),
        goal("An unchanged assembly, in seconds", unchanged, GOAL_UNCHANGED_SECONDS),
    )
    return replace(table, notes=notes)
