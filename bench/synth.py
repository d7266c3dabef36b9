"""Six environments from one set of templates, against the same stacks synthesized naively six times.

    python bench/synth.py

Each figure is the median of several runs of this machine and this moment, the variants taking turns; only the ratios
say something. Every run is a process of its own, as the CLI starts it. A run with nothing changed is measured twice:
what app.py needs, and what `cdk synth` needs with all that the CLI does besides (`cdk --version` does nothing else).
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
IMAGE = """[web]
digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
[web.image_ids]
eu-west-1 = "ami-0123456789abcdef0"
"""

ONE_SET = """
import sys
from pathlib import Path
from infra import images, parameters
from infra.assembly import synthesize

file = images.path_in_force()
count = int(sys.argv[2])
synthesize(parameters.load_all()[:count], images.load(file), file, Path(sys.argv[1]))
"""

NAIVE = """
import sys
import aws_cdk as cdk
from infra import images, parameters
from infra.assembly import CONTEXT, SHARED_STACKS
from infra.stacks.parameters import Parameters
from infra.stacks.tooling import Tooling

loaded = images.load(images.path_in_force())
environments = parameters.load_all()
app = cdk.App(outdir=sys.argv[1], post_cli_context=CONTEXT, analytics_reporting=False,
              builtin_cloud_formation_validation=False)
for e in environments:
    Parameters(app, f"Parameters-{e.name}", environment=e, image_ids={"web": loaded.image_id("web", e.region)})
    for stack in SHARED_STACKS:
        stack(app, f"{stack.__name__}-{e.name}")
    if e.tooling:
        Tooling(app, "Tooling", home=e, cidr=e.tooling.cidr, account_ids=[o.account for o in environments if o != e])
app.synth()
"""


def seconds(command: list[str], variables: Mapping[str, str]) -> float:
    """Wall time of a command that must succeed."""
    began = time.perf_counter()
    result = subprocess.run(command, cwd=ROOT, env=dict(variables), capture_output=True, text=True, check=False)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stderr}")
    return time.perf_counter() - began


def main() -> None:
    """Measure all variants in turns and print one table."""
    cdk = shutil.which("cdk", path=f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "images.toml").write_text(IMAGE)
        variables = os.environ | {
            "KILN_IMAGES": str(folder / "images.toml"),
            "CDK_OUTDIR": str(folder / "launcher"),
            "CDK_HOME": scratch,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "constructs")]),
        }
        python = sys.executable
        cli = ["--output", str(folder / "cli"), "--no-notices", "--quiet"]
        variants = {
            "six environments, naively": [python, "-c", NAIVE, str(folder / "naive")],
            "six environments, one set of templates": [python, "-c", ONE_SET, str(folder / "six"), "6"],
            "one environment": [python, "-c", ONE_SET, str(folder / "one"), "1"],
            "unchanged: app.py": [python, "-I", "app.py"],
        }
        if cdk:
            variants |= {"unchanged: cdk synth": [cdk, "synth", *cli], "cdk --version": [cdk, "--version"]}
        for command in variants.values():
            seconds(command, variables)
        times: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(ROUNDS):
            for name, command in variants.items():
                times[name].append(seconds(command, variables))
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    base = medians["six environments, naively"]
    print(f"| synthesis (median of {ROUNDS}) | seconds | ratio |\n| --- | ---: | ---: |")
    for name, median in medians.items():
        print(f"| {name} | {median:.3f} | {median / base:.2f} |")


if __name__ == "__main__":
    main()
