"""Payroll, deployed once for all tests of this folder, and what its own templates explain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import parameters, synthesized
from infra.promises import environments
from kiln.promises import Environment
from tests.readback import deployment
from tests.readback.deployment import Place


@pytest.fixture(scope="session")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly with an image that every account has."""
    return deployment.synthesized(tmp_path_factory.mktemp("readback"))


@pytest.fixture(scope="session")
def places(assembled: Path) -> Iterator[tuple[Place, ...]]:
    """The accounts, with all their stacks."""
    home = parameters.load_all()[0]
    with deployment.embedded(home.account, home.region) as url:
        deployment.deploy(assembled, url)
        yield deployment.deployed(assembled, url)


@pytest.fixture(scope="session")
def templates(assembled: Path) -> dict[str, Environment]:
    """Environment → its templates, in which exemptions stand."""
    found = environments(synthesized.read(assembled), parameters.load_all())
    return {environment.name: environment for environment in found}
