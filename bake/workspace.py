"""The folder of one bake: a copy of exactly what the digest covers, so that nobody's edit can slip in between.

packer/shared/    the template of the platform's recipes, with versions.pkr.hcl made from the pins; Packer runs here
                  (shared-windows/ for Windows)
packer/<recipe>/  what is its own; with HCL among it that is the template, and Packer runs there
upload/           what the builder gets: shared/files, the recipe's files/, downloads, packages.lock, and artifact.tar
                  (artifact.zip for Windows)
results/          what the tests and the provisioning leave: tests.xml, packages*.txt, os-release.txt
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self
from xml.etree import ElementTree

from bake import downloads, pins
from bake.artifact import Artifact, cache
from bake.contents import listing
from bake.contents.listing import Listing
from bake.digest import Closure, files_of, fingerprint
from bake.image import TestResult
from bake.recipe import FILES, LOCK, Recipe, own_template, show
from bake.toolchain import Versions
from console.errors import KilnError

PINS = "versions.pkr.hcl"
# testinfra names its host in each test: an address that is gone soon
HOST = re.compile(r"-?paramiko://(?:[\w.-]+@)?[\d.]+(?::\d+)?-?")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Its folder and the recipe in it."""

    folder: Path
    recipe: Recipe

    @classmethod
    @contextmanager
    def of(cls, recipe: Recipe, artifact: Artifact | None, closure: Closure, versions: Versions) -> Iterator[Self]:
        """Make it, and remove it at the end. Raises KilnError where a file changed since the digest was taken."""
        with tempfile.TemporaryDirectory(prefix=f"bake-{recipe.name}-") as name:
            workspace = cls(Path(name), recipe)
            workspace.shared.mkdir(parents=True)
            workspace.results.mkdir()
            for file, source in files_of(recipe).items():
                workspace._copy(file, source, closure.files)
            (workspace.template / PINS).write_text(versions.as_hcl(), encoding="utf-8")
            workspace.upload.mkdir()
            for files in (workspace.shared / FILES, workspace.own / FILES):
                if files.is_dir():
                    shutil.copytree(files, workspace.upload, dirs_exist_ok=True)
            if artifact:
                shutil.copyfile(artifact.path, workspace.upload / recipe.platform.archive)
            for name, sha256 in closure.downloads.items():
                shutil.copyfile(downloads.path(sha256, cache()), workspace.upload / name)
            if closure.packages is not None:
                (workspace.upload / LOCK).write_text(pins.rendered(closure.packages), encoding="utf-8")
            yield workspace

    @property
    def own(self) -> Path:
        """What is the recipe's own."""
        return self.folder / "packer" / self.recipe.name

    @property
    def shared(self) -> Path:
        """What all recipes of its platform share."""
        return self.folder / "packer" / self.recipe.platform.shared

    @property
    def template(self) -> Path:
        """Where Packer runs."""
        return self.own if own_template(self.recipe) else self.shared

    @property
    def upload(self) -> Path:
        return self.folder / "upload"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def _copy(self, file: str, source: Path, fingerprints: Mapping[str, str]) -> None:
        copy = self.folder / "packer" / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
        copy.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)
        if fingerprint(copy) != fingerprints.get(file):
            raise KilnError(
                "a file of the recipe changed while the bake was starting",
                where=show(source),
                next_step=f"python -m bake {self.recipe.name}",
            )

    def as_the_user_knows_it(self, file: str) -> str:
        """A file that Packer names, as a path in the repository."""
        path = (self.template / file).resolve()
        copied = self.folder.resolve() / "packer"
        return show(self.recipe.folder.parent / path.relative_to(copied)) if path.is_relative_to(copied) else file

    def tests(self) -> tuple[TestResult, ...]:
        """What the tests inside the bake said; empty where none ran."""
        file = self.results / "tests.xml"
        return parse_tests(file.read_text(encoding="utf-8-sig")) if file.is_file() else ()

    def listing(self) -> Listing:
        """The packages and the operating system, as the image holds them; empty where the template does not tell."""
        packages, system = self._result("packages.txt") or "", self._result("os-release.txt") or ""
        return Listing(listing.packages(packages), listing.operating_system(system))

    def packages_before(self) -> dict[str, str] | None:
        """Package → version, as the parent holds them; None where the template does not tell."""
        text = self._result("packages-before.txt")
        return None if text is None else Listing(listing.packages(text)).versions

    def _result(self, name: str) -> str | None:
        file = self.results / name
        return file.read_text(encoding="utf-8") if file.is_file() else None


def parse_tests(report: str) -> tuple[TestResult, ...]:
    """The results in a JUnit file as pytest writes it, or in an NUnit 2.5 file as Pester does."""
    root = ElementTree.fromstring(report)
    return tuple(_of_nunit(case) for case in root.iter("test-case")) + tuple(
        _of_junit(case) for case in root.iter("testcase")
    )


def _of_junit(case: ElementTree.Element) -> TestResult:
    bad = case.find("failure") is not None or case.find("error") is not None
    outcome: Literal["passed", "failed", "skipped"] = (
        "failed" if bad else "skipped" if case.find("skipped") is not None else "passed"
    )
    name = HOST.sub("", case.get("name", "?")).removesuffix("[]")
    return TestResult(name=name, outcome=outcome, seconds=float(case.get("time", 0)))


def _of_nunit(case: ElementTree.Element) -> TestResult:
    result = case.get("result", "Failure")
    outcome: Literal["passed", "failed", "skipped"] = (
        "passed" if result == "Success" else "skipped" if result in ("Ignored", "Skipped", "Inconclusive") else "failed"
    )
    return TestResult(name=case.get("name", "?"), outcome=outcome, seconds=float(case.get("time", 0)))
