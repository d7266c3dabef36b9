"""One construct in one stack, synthesized."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.assembly import CONTEXT

Build = Callable[[cdk.Stack], object]


@pytest.fixture
def template() -> Callable[[Build], Any]:
    """A function that gives the template of what a callable builds in an environment-agnostic stack."""

    def synthesize(build: Build) -> Any:
        app = cdk.App(post_cli_context=CONTEXT, analytics_reporting=False, builtin_cloud_formation_validation=False)
        stack = cdk.Stack(app, "Stack")
        build(stack)
        return Template.from_stack(stack)

    return synthesize
