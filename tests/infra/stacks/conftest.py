"""One stack of Payroll by itself."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.assembly import CONTEXT


@pytest.fixture(scope="session")
def alone() -> Callable[[type[cdk.Stack]], Any]:
    """A function that gives the template of a stack that all environments share."""

    def synthesize(stack: type[cdk.Stack]) -> Any:
        app = cdk.App(post_cli_context=CONTEXT, analytics_reporting=False, builtin_cloud_formation_validation=False)
        return Template.from_stack(stack(app, stack.__name__))

    return synthesize
