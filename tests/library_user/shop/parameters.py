"""The values of one environment: the only stack whose template is another one in each."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from kiln.account.account_guard import AccountGuard
from kiln.operations.notifications import ADDRESSES
from kiln.optional import NONE
from kiln.tiers.instance_choice import INSTANCE_TYPE_SLOTS

from .values import SHOP

HERE = Path(__file__).parent
PLACES = {"instance-types": INSTANCE_TYPE_SLOTS, "addresses": ADDRESSES}
"""A template has a fixed number of places for a list; those that are not used hold NONE."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One file of `environments/`."""

    account: str
    region: str
    tables: dict[str, dict[str, Any]]

    @property
    def name(self) -> str:
        return str(self.tables["environment"]["name"])

    @property
    def protected(self) -> bool:
        return bool(self.tables["environment"]["protected"])


def load_all(folder: Path = HERE / "environments") -> list[Environment]:
    found = [tomllib.loads(file.read_text("utf-8")) for file in sorted(folder.glob("*.toml"))]
    return [Environment(tables.pop("account"), tables.pop("region"), tables) for tables in found]


def parameters(stack: cdk.Stack, environment: Environment) -> None:
    """`[web] minimum = 1` is the SSM parameter `/shop/web/minimum`; an image is `/shop/web/image-id`."""
    AccountGuard(stack, "Guard", environment=environment.name, account=environment.account, region=environment.region)
    for table, values in environment.tables.items():
        for key, value in values.items():
            SHOP.write(stack, f"{table}/{key}", _text(value) if key not in PLACES else _places(value, PLACES[key]))
    images = tomllib.loads((HERE / "images.toml").read_text("utf-8"))
    for tier, image in images.items():
        SHOP.write(stack, f"{tier}/image-id", image["image_ids"][environment.region], is_image=True)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _places(values: list[str], count: int) -> list[str]:
    return [*values, *[NONE] * (count - len(values))]
