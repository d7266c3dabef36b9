"""A rehearsal of its own, with the real tools, for everything that needs the whole path."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.progress import Progress
from rehearsal.pipeline import Pipeline
from rehearsal.up import down, up

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pipeline() -> Iterator[Pipeline]:
    """Six bootstrapped accounts, nothing deployed: each file of tests begins with a rehearsal of its own."""
    name = f"t{os.getpid()}"
    state = up(name, 0, True, Progress())
    try:
        yield Pipeline(state, PROJECT)
    finally:
        down(name)


@pytest.fixture(scope="module")
def tooling(pipeline: Pipeline) -> Pipeline:
    """The same with Payroll-Tooling deployed: images can be baked."""
    pipeline.deploy("Payroll-Tooling")
    return pipeline


@pytest.fixture(scope="module")
def layers(tooling: Pipeline) -> Pipeline:
    """The same with base and runtime baked: what is baked from now on are tiers."""
    tooling.bake("runtime")
    return tooling
