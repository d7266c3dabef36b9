"""Does an account see an image? Asked as that account: what the owner has granted is only half of the answer."""

import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bake import agreement
from console.aws import Aws
from console.errors import KilnError

ASKERS = 8  # accounts asked at once
PATIENCE_SECONDS = 15.0  # EC2 needs a moment until everybody knows of a permission
POLL_SECONDS = 1.0


class Readers(Protocol):
    """console.accounts.Accounts, as far as it is needed here."""

    def reader(self, account: str, region: str) -> Aws: ...


class Sight(StrEnum):
    """What an account says."""

    SEES = "sees it"
    BLIND = "does not see it"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Looked:
    """One account and one image; `note` says why it was not asked."""

    account: str
    environment: str | None
    region: str
    image: str
    sight: Sight
    note: str = ""


def look(
    readers: Readers,
    images: Mapping[str, str],
    accounts: Collection[str],
    environments: Mapping[str, str],
    patience: float = PATIENCE_SECONDS,
) -> tuple[Looked, ...]:
    """Every account's answer for every image.

    Args:
        images: region → AMI id.
        environments: account → the name of its environment; another account has no role that lets us ask.
    """

    def ask(one: tuple[str, str, str]) -> Looked:
        account, region, image = one
        if account not in environments:
            return Looked(account, None, region, image, Sight.NOT_ASKED, "no environment of the parameter files")
        name = environments[account]
        try:
            sight = _sight(readers.reader(account, region), image, patience)
        except KilnError as problem:
            return Looked(account, name, region, image, Sight.NOT_ASKED, str(problem))
        return Looked(account, name, region, image, sight)

    asked = [(account, region, image) for account in sorted(accounts) for region, image in sorted(images.items())]
    with ThreadPoolExecutor(ASKERS) as threads:
        return tuple(threads.map(ask, asked))


def _sight(reader: Aws, image: str, patience: float) -> Sight:
    limit = time.monotonic() + patience
    while not agreement.describe(reader, [image]):
        if time.monotonic() >= limit:
            return Sight.BLIND
        time.sleep(POLL_SECONDS)
    return Sight.SEES


def in_the_dark(looked: Iterable[Looked]) -> tuple[Looked, ...]:
    """Those of our environments of which it is not certain that they see the image."""
    return tuple(one for one in looked if one.environment and one.sight is not Sight.SEES)
