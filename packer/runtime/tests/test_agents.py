"""The agents that are among the downloads of the recipe; without one in the image its tests are skipped."""

from typing import Any

import pytest

Host = Any  # testinfra.host.Host, which has no types

# Package → its service, which has a configuration of its own kind or needs none.
AGENTS = {"amazon-ssm-agent": "amazon-ssm-agent"}


@pytest.mark.parametrize("package", AGENTS)
def test_an_agent_starts_at_boot(host: Host, package: str) -> None:
    if not host.package(package).is_installed:
        pytest.skip(f"{package} is not among the downloads of the recipe")
    assert host.service(AGENTS[package]).is_enabled


@pytest.mark.parametrize("package", AGENTS)
def test_an_agent_is_roots(host: Host, package: str) -> None:
    if not host.package(package).is_installed:
        pytest.skip(f"{package} is not among the downloads of the recipe")
    files = f"dpkg --listfiles {package} | xargs -I FILE find FILE -maxdepth 0"
    assert host.check_output(f"{files} ! -type l '(' ! -user root -o -perm /022 ')'") == ""
