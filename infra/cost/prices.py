"""The table of prices, `prices.toml`: each price with its source and its date. What is not known is not in it."""

import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from console.errors import BadInput

FILE = Path(__file__).resolve().parent / "prices.toml"

Unit = Literal["hour", "month", "GiB-month", "GiB-hour", "vCPU-hour", "ACU-hour"]


def _from_text(value: object) -> object:
    if not isinstance(value, str | Decimal):
        raise ValueError('a price in quotes, such as "0.0114": a number would not be exact')
    return value


Usd = Annotated[Decimal, BeforeValidator(_from_text), Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Table):
    """Where prices were read, and for which day the source says them, or the day on which it was read."""

    where: Annotated[str, Field(min_length=1)]
    date: date


class Price(_Table):
    """US dollars for one unit; `source` is a key of the table's sources."""

    usd: Usd
    per: Unit
    source: str


class PriceTable(_Table):
    """List prices of one region."""

    region: str
    as_of: date
    sources: dict[str, Source]
    prices: dict[str, Price]

    @model_validator(mode="after")
    def _sources_are_there(self) -> "PriceTable":
        for name, price in self.prices.items():
            if price.source not in self.sources:
                raise ValueError(f"{name}: no source {price.source}; there are {', '.join(self.sources)}")
        if unused := self.sources.keys() - {price.source for price in self.prices.values()}:
            raise ValueError(f"sources of no price: {', '.join(sorted(unused))}")
        return self


def load(file: Path = FILE) -> PriceTable:
    """Read the table.

    Raises:
        BadInput: it cannot be read, or a price has no source.
    """
    try:
        return PriceTable.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadInput("the table of prices cannot be read", where=str(file), found=str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput(
            "the table of prices is wrong",
            where=f"{file}: {'.'.join(map(str, first['loc'])) or 'the file'}",
            found=first["msg"],
            expected='a price such as "nat-gateway" = { usd = "0.048", per = "hour", source = "…" }',
        ) from error
