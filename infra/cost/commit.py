"""The templates of another commit: its files in a folder of their own, synthesized by its own `app.py`.

The working tree and git's index are not touched. Only the templates are the other commit's: both sides are priced by
the rules and the table of this one, so that a difference is one of what is deployed, and a commit from before there
were prices can be compared too.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from console.errors import BadInput, KilnError
from infra import images
from infra.parameters import load_all
from infra.synthesized import PLACEHOLDER_IMAGE, Stack, read

ROOT = Path(__file__).resolve().parents[2]
APP = "app.py"
WEB = "web"


def stacks_of(ref: str, repository: Path = ROOT) -> tuple[Stack, ...]:
    """The stacks of a commit, with the same placeholder for images as `infra.synthesized`.

    Raises:
        BadInput: there is no such commit, or nothing to synthesize in it.
        KilnError: it does not synthesize here.
    """
    archive = _archive(ref, repository)
    with tempfile.TemporaryDirectory(prefix="kiln-commit-") as name:
        folder = Path(name)
        with tarfile.open(fileobj=BytesIO(archive)) as files:
            files.extractall(folder / "files", filter="data")
        if not (folder / "files" / APP).is_file():
            raise BadInput("this commit has no application to compare with", where=ref, expected=f"a file {APP}")
        return _synthesize(ref, folder)


def _archive(ref: str, repository: Path) -> bytes:
    # --end-of-options: a ref that begins with a dash is a ref, and a wrong one
    git = ["git", "-C", str(repository)]
    named = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"]
    try:
        found = subprocess.run([*git, *named], capture_output=True, text=True, check=False)
        if found.returncode:
            raise BadInput(
                "no such commit", where="--against", found=ref, expected="a commit, branch or tag of this repository"
            )
        return subprocess.run(
            [*git, "archive", "--format=tar", found.stdout.strip()], capture_output=True, check=True
        ).stdout
    except FileNotFoundError as error:
        raise BadInput("git is not here, and it holds the other commit", next_step="install git") from error
    except subprocess.CalledProcessError as error:
        raise KilnError("git cannot read this commit", where=ref, found=error.stderr.decode().strip()) from error


def _synthesize(ref: str, folder: Path) -> tuple[Stack, ...]:
    out, file = folder / "cdk.out", folder / "images.toml"
    regions = sorted({environment.region for environment in load_all()})
    images.record(file, WEB, f"sha256:{'0' * 64}", dict.fromkeys(regions, PLACEHOLDER_IMAGE))
    # its own sources and nothing of ours: app.py puts its own folder first
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "CDK_CONTEXT_JSON")}
    variables = kept | {"CDK_OUTDIR": str(out), images.VARIABLE: str(file)}
    command = [sys.executable, APP]
    done = subprocess.run(
        command, cwd=folder / "files", env=variables, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        raise KilnError(
            "this commit does not synthesize here",
            where=ref,
            found=done.stderr.strip()[-2000:] or f"exit code {done.returncode}",
            next_step="its libraries may be others: compare in a checkout of it, with its own make setup",
        )
    return read(out)
