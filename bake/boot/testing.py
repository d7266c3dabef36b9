"""The tests of a recipe against a booted machine, started as in its bake (packer/shared/test.sh), and those of a boot.

Those of a boot, packer/booted, are for all images: what only a machine can show that has booted from one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bake.boot.instance import USER, Instance
from bake.digest import files_of, fingerprint
from bake.image import ImageRecord, TestResult
from bake.recipe import TESTS, Recipe
from bake.workspace import parse_tests
from console.errors import KilnError

BOOTED = "booted"  # the folder of packer/ with the tests of a boot; no recipe, and in no digest
RUNNER = "test.sh"


def differing(recipe: Recipe, record: ImageRecord) -> tuple[str, ...]:
    """The tests that are not as they were when the image was baked, by their paths below packer/."""
    start = f"{recipe.name}/{TESTS}/"
    now = {name: fingerprint(file) for name, file in files_of(recipe).items() if name.startswith(start)}
    then = {name: value for name, value in record.closure.files.items() if name.startswith(start)}
    return tuple(sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name)))


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The results, and what pytest said of the tests that failed."""

    results: tuple[TestResult, ...]
    said: str


def run(recipe: Recipe, record: ImageRecord, instance: Instance, *, limit_seconds: float) -> Outcomes:
    """All results. Raises KilnError where the tests cannot be run, or take too long."""
    found: list[TestResult] = []
    said: list[str] = []
    packer = recipe.folder.parent
    with tempfile.TemporaryDirectory(prefix=f"verify-{recipe.name}-") as name:
        folder = Path(name)
        for tests, source in ((TESTS, recipe.folder / TESTS), (BOOTED, packer / BOOTED)):
            # copied: pytest would take the settings of the repository for those of the tests
            shutil.copytree(source, folder / tests, ignore=shutil.ignore_patterns("__pycache__"))
            results = folder / f"{tests}-results"
            results.mkdir()
            values = {
                "KILN_HOST": instance.address,
                "KILN_PORT": "22",
                "KILN_USER": USER,
                "KILN_SSH_KEY": instance.key,
                "KILN_PYTHON": sys.executable,
                "KILN_RESULTS": str(results),
                "KILN_TESTS": str(folder / tests),
                "KILN_ARTIFACT_VERSION": record.version or "",
                "KILN_BOOTED": "1",
            }
            said.append(_run(packer / recipe.platform.shared / RUNNER, values, folder, limit_seconds))
            found += parse_tests((results / "tests.xml").read_text(encoding="utf-8"))
    return Outcomes(tuple(found), "\n".join(text for text in said if text))


def _run(script: Path, values: Mapping[str, str], folder: Path, limit_seconds: float) -> str:
    """Run the script; that tests fail is no failure of it: then what it said, else nothing."""
    try:
        done = subprocess.run(
            ["sh", str(script)],
            env={**os.environ, **values},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise KilnError("the tests take too long", found=f"more than {limit_seconds:.0f} s") from problem
    if done.returncode not in (0, 1) or not (Path(values["KILN_RESULTS"]) / "tests.xml").is_file():
        tail = "\n    ".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise KilnError("the tests could not be run", where=str(script), found=tail)
    return done.stdout.strip() if done.returncode else ""
