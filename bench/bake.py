"""What does `python -m bake web` cost over a bare `packer build` of the same recipe, and what does an unchanged bake?

    python bench/bake.py [ROUNDS]      needs AWS_ENDPOINT_URL and the rest of the environment set

Each round runs both, one after the other, so that the ratio is of one machine at one time. Goals: at most 0.3 s over
bare Packer; about a second for an unchanged bake. The images of the bare builds are removed again. Payroll-Tooling is
deployed where it is not there yet.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file is not the package of the same name

from bake import artifact, recipe, sweep, toolchain  # noqa: E402
from bake.build import Build  # noqa: E402
from bake.flow import Baker, Options  # noqa: E402
from bake.packer import Phase  # noqa: E402
from bake.place import TOOLING_STACK  # noqa: E402
from bake.workspace import Workspace  # noqa: E402
from console.errors import NotReady  # noqa: E402
from console.progress import Progress  # noqa: E402

TIER = "web"


def timed(
    command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None
) -> tuple[float, bytes]:
    """Seconds and output of a command, which must succeed."""
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stdout.decode()}{done.stderr.decode()}")
    return time.monotonic() - began, done.stdout


def bare_packer() -> float:
    """Seconds of `packer build` with the template, the variables and the files of a bake, and nothing around it."""
    tier = recipe.load(TIER)
    baker = Baker.prepare((tier,), Options(), Progress())
    made = artifact.make(tier)
    closure = baker.close(tier, made)
    build = Build.of(tier, closure.digest, closure.parent, baker.home)
    packer = toolchain.find(baker.versions).packer
    environment = {**os.environ, **{key: value for key, value in packer.environment.items() if value is not None}}
    try:
        with Workspace.of(tier, made, closure, baker.versions) as workspace:
            template = build.template(workspace, baker.workshop)
            variables = workspace.folder / "variables.pkrvars.json"
            variables.write_text(json.dumps(template.variables), encoding="utf-8")
            command = [packer.executable, "build", "-machine-readable", f"-var-file={variables}", "."]
            return timed(command, template.path, environment | {"CHECKPOINT_DISABLE": "1"})[0]
    finally:
        sweep.sweep(baker.aws, build.id)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    if not os.environ.get("AWS_ENDPOINT_URL"):
        sys.exit("AWS_ENDPOINT_URL is not set: run this inside an environment where `python -m bake web` works")
    try:
        Baker.prepare((recipe.load(TIER),), Options(), Progress())
    except NotReady as problem:
        if problem.next_step != f"cdk deploy {TOOLING_STACK}":
            sys.exit(str(problem))
        timed(["cdk", "deploy", TOOLING_STACK, "--require-approval", "never"], Path.cwd())
    bare, baked, unchanged, own = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "bake", TIER, "--images", str(Path(folder) / "images.toml")]
        timed([*command, "--force"])  # fills the caches of packages and artifact
        for _ in range(rounds):
            bare.append(bare_packer())
            whole, output = timed([*command, "--force", "--json"])
            baked.append(whole)
            phases = json.loads(output)["seconds"]
            own.append(whole - sum(phases[phase] for phase in Phase))
            unchanged.append(timed(command)[0])

    table = Table("what", "median s", "fastest s", "against bare Packer", title=f"bake, {rounds} rounds in one run")
    for name, seconds in (("bare packer build", bare), ("python -m bake --force", baked), ("unchanged", unchanged)):
        ratio = median(seconds) / median(bare)
        table.add_row(name, f"{median(seconds):.2f}", f"{min(seconds):.2f}", f"{ratio:.2f}")
    Console().print(table)
    # Two runs of Packer differ by a second or two (apt, polling once a second), so the difference of the medians says
    # little: what a bake adds is its own time outside of Packer, measured in the same run.
    print(f"the bake's own time outside of Packer: {', '.join(f'{one:.2f}' for one in own)} s")


if __name__ == "__main__":
    main()
