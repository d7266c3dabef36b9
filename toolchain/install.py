"""`python -m toolchain setup`: the second stage of `make setup`, everything but the Python packages.

Parts in order: the machine's packages, the CDK (npm), Packer, its plugins, activation, bytecode. Each says why it runs
or is silent; what we may not install on the machine is named at the end and does not stop the rest, because most of
Kiln works without a rehearsal.
"""

import compileall
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from console.errors import KilnError
from console.progress import Progress
from toolchain import activation, obtain, system
from toolchain.layout import BIN, CDK, NODE, NPM, PACKER_PLUGINS, ROOT, STAMPS, environment
from toolchain.pins import NPM_LOCK, packer_versions
from toolchain.programs import Program, programs
from toolchain.stamps import Stamp, digest

OWN_SOURCES = ("app.py", "bake", "console", "constructs", "infra", "rehearsal", "toolchain")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the set-up: what it is called, when it is current, and how it is made.

    `make` returns what it says of its result.
    """

    name: str
    stamp: Stamp
    make: Callable[[], str]


def install_cdk() -> str:
    """npm ci with the pinned Node: node_modules becomes exactly what package-lock.json says.

    Errors: KilnError with npm's last words.
    """
    command: list[str | Path] = [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True)
    if done.returncode:
        raise KilnError(
            "the CDK's command line tool could not be installed",
            where="npm ci",
            found="\n    ".join(done.stderr.strip().splitlines()[-5:]),
            next_step="is the npm registry reachable? then run make setup again",
        )
    return "as in package-lock.json"


def install_plugin(packer: Path, plugin: Path, source: str, folder: Path = PACKER_PLUGINS) -> None:
    """Let Packer install a plugin binary into its own layout (name, API version, checksum file).

    Errors: KilnError with Packer's words.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / source, ignore_errors=True)  # an older version would be found beside the new one
    variables = environment(PACKER_PLUGIN_PATH=str(folder), CHECKPOINT_DISABLE="1")
    command: list[str | Path] = [packer, "plugins", "install", "--path", plugin, source]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise KilnError(f"Packer does not take the plugin {source}", where=str(plugin), found=done.stderr.strip())


def compile_own_sources() -> str:
    """Bytecode of Kiln's own modules, whatever PYTHONDONTWRITEBYTECODE says."""
    for name in OWN_SOURCES:
        path = ROOT / name
        if path.is_dir():
            compileall.compile_dir(path, quiet=2)
        elif path.exists():
            compileall.compile_file(path, quiet=2)
    return ""


def parts(progress: Progress) -> list[Part]:
    """All parts but the machine's packages, in the order in which they are made."""
    pins = packer_versions()
    packer, *plugins = programs(pins)

    def packer_part() -> str:
        path, way = obtain.obtain(packer, progress)
        activation.write(activation.files(path))
        return way

    def plugin_part(plugin: Program, source: str) -> Callable[[], str]:
        def make() -> str:
            path, way = obtain.obtain(plugin, progress)
            install_plugin(BIN / "packer", path, source)
            return way

        return make

    def stamp(name: str, inputs: str, *products: Path) -> Stamp:
        return Stamp(STAMPS / f"{name}.stamp", inputs, products)

    made_by = Path(activation.__file__)
    wrappers = (BIN / "cdk", BIN / "packer", BIN / "kiln", activation.PTH)
    return [
        Part("cdk", stamp("cdk", digest(NPM_LOCK, str(NODE)), CDK), install_cdk),
        Part(
            f"packer {packer.version}",
            stamp("packer", digest(packer.version, str(ROOT), made_by), *wrappers, *_behind_the_wrapper()),
            packer_part,
        ),
        *(
            Part(
                f"{plugin.name} {plugin.version}",
                stamp(plugin.name, digest(pin.source, pin.version), PACKER_PLUGINS / pin.source),
                plugin_part(plugin, pin.source),
            )
            for plugin, pin in zip(plugins, pins.plugins.values(), strict=True)
        ),
        Part("bytecode", stamp("bytecode", digest(sys.version)), compile_own_sources),
    ]


def _behind_the_wrapper() -> tuple[Path, ...]:
    """The Packer that .venv/bin/packer starts: if the cache was emptied, it has to be obtained again."""
    wrapper = BIN / "packer"
    last = wrapper.read_text().splitlines()[-1] if wrapper.exists() else ""
    return (Path(last.split('"')[1]),) if last.startswith('exec "') else ()


def set_up(progress: Progress, machine: bool = True) -> str | None:
    """Make every part that is not current; None, or what is still to be typed by a person.

    Args:
        machine: whether to install the packages that the rehearsal needs of the machine.
    """
    began, made = time.monotonic(), 0
    to_type = None
    if machine and system.missing_packages():
        with progress.step("packages of the machine") as step:
            installation = system.plan(system.gather())
            step.result = " ".join(installation.packages)
            to_type = system.execute(installation, progress)
        made += 1
    for part in parts(progress):
        reason = part.stamp.reason_to_run()
        if reason is None:
            continue
        made += 1
        with progress.step(part.name) as step:
            if reason != "not set up yet":
                progress.phase(reason)
            step.result = part.make()
            part.stamp.write()
    if made == 0:
        progress.console.print(f"everything is set up  {time.monotonic() - began:.1f} s", markup=False)
    return to_type
