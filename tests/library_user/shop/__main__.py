"""`python -m shop`: the cloud assembly, with a stage for each environment."""

from collections.abc import Callable, Mapping
from functools import partial

import aws_cdk as cdk

from kiln.stack_order import order_stacks
from kiln.validation import Promises

from .foundation import account, entrance, network
from .parameters import Environment, load_all, parameters
from .tiers import database, orders, web

Fill = Callable[[cdk.Stack], None]

STACKS: Mapping[str, Fill] = {
    "Account": account,
    "Network": network,
    "Entrance": entrance,
    "Database": database,
    "Orders": orders,
    "Web": web,
}
"""A stack is a function that fills it. In which order they are deployed follows from what they read."""


def place(app: cdk.App, environment: Environment) -> cdk.Stage:
    """All stacks in one account."""
    there = cdk.Environment(account=environment.account, region=environment.region)
    stage = cdk.Stage(app, f"Shop-{environment.name}", env=there)
    cdk.Validations.of(stage).add_plugins(Promises(protected=environment.protected))
    tags = {"kiln:application": "shop", "kiln:environment": environment.name}
    stacks: dict[str, Fill] = {"Parameters": partial(parameters, environment=environment), **STACKS}
    for name, fill in stacks.items():
        fill(cdk.Stack(stage, name, termination_protection=environment.protected, tags=tags))
    order_stacks(stage)
    return stage


if __name__ == "__main__":
    app = cdk.App(builtin_cloud_formation_validation=False)
    for environment in load_all():
        place(app, environment)
    app.synth()
