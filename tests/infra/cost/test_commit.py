import shutil
import subprocess
from pathlib import Path

import pytest

from console.errors import BadInput, KilnError
from infra.cost.commit import ROOT, stacks_of
from infra.cost.estimate import compare, estimate_all
from infra.cost.prices import load

SOURCES = ("app.py", "cdk.json", "requirements.lock", "package-lock.json", "console", "constructs", "infra", "bake")


def git(repository: Path, *arguments: str) -> None:
    names = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(repository), *names, *arguments], check=True, capture_output=True)


def commit(repository: Path) -> None:
    git(repository, "add", ".")
    git(repository, "commit", "-m", "a commit")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-b", "main")
    return folder


def test_a_commit_that_is_not_there_is_refused(repository: Path) -> None:
    for ref in ("nowhere", "--output=x", ""):
        with pytest.raises(BadInput, match="no such commit"):
            stacks_of(ref, repository)
    assert not (Path.cwd() / "x").exists()


def test_a_commit_without_an_application_is_refused(repository: Path) -> None:
    (repository / "README").write_text("nothing yet")
    commit(repository)
    with pytest.raises(BadInput, match="no application"):
        stacks_of("main", repository)


def test_a_commit_that_does_not_synthesize_says_what_it_said(repository: Path) -> None:
    (repository / "app.py").write_text("raise SystemExit('no stacks today')")
    commit(repository)
    with pytest.raises(KilnError, match="does not synthesize") as failed:
        stacks_of("main", repository)
    assert failed.value.found == "no stacks today"


@pytest.mark.slow
def test_the_difference_to_a_commit_is_what_has_changed_since(repository: Path) -> None:
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, repository / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, repository / name)
    commit(repository)
    file = repository / "infra" / "environments" / "stage.toml"
    file.write_text(file.read_text().replace("nat_gateways = 1", "nat_gateways = 2"))
    commit(repository)
    before, after = (estimate_all(stacks_of(ref, repository), load()) for ref in ("main~1", "main"))
    found = {(one.environment, one.resource, one.price): str(one.usd.normalize()) for one in compare(before, after)}
    assert found == {
        ("Stage", "Network/Network/NatAddress2", "public-ipv4"): "3.65",
        ("Stage", "Network/Network/Nat2", "nat-gateway"): "35.04",
    }
    assert not list(repository.glob("cdk.out"))
