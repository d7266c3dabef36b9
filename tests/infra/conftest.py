"""The whole application, synthesized once for all tests of this folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra import images, parameters, synthesized
from infra.assembly import synthesize

IMAGES_FILE = Path(__file__).parent / "images.toml"


@pytest.fixture(scope="session")
def environments() -> tuple[parameters.Environment, ...]:
    return parameters.load_all()


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory, environments: tuple[parameters.Environment, ...]) -> Path:
    """The cloud assembly of the tracked parameter files with an image for every tier."""
    folder = tmp_path_factory.mktemp("cdk.out")
    return synthesize(environments, images.load(IMAGES_FILE), IMAGES_FILE, folder)


@pytest.fixture(scope="session")
def assembly_without_images(
    tmp_path_factory: pytest.TempPathFactory, environments: tuple[parameters.Environment, ...]
) -> Path:
    folder = tmp_path_factory.mktemp("cdk.out")
    return synthesize(environments, images.Images({}), folder / "no-images.toml", folder)


@pytest.fixture(scope="session")
def artifacts() -> Callable[[Path], dict[str, Any]]:
    def read(folder: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())["artifacts"]
        return found

    return read


@pytest.fixture(scope="session")
def application(assembly: Path) -> tuple[synthesized.Stack, ...]:
    """Every stack of every environment as plain data."""
    return synthesized.read(assembly)
