from pathlib import Path

import pytest

from console.errors import BadInput
from infra.cost.prices import load

GOOD = """
region = "eu-west-1"
as_of = 2026-01-01
[sources.list]
where = "a list"
date = 2026-01-01
[prices]
"nat-gateway" = { usd = "0.048", per = "hour", source = "list" }
"""


def test_every_price_has_a_source_and_a_date_not_after_that_of_the_table() -> None:
    table = load()
    assert table.prices
    for price in table.prices.values():
        assert table.sources[price.source].where
        assert table.sources[price.source].date <= table.as_of


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"0.048"', "0.048", "in quotes"),
        ('"0.048"', '"-1"', "greater than or equal to 0"),
        ('"0.048"', '"NaN"', "finite"),
        ('source = "list"', 'source = "rumour"', "no source rumour"),
        ('per = "hour"', 'per = "fortnight"', "hour"),
        ("date = 2026-01-01", "", "required"),
        ("[prices]", '[sources.unused]\nwhere = "x"\ndate = 2026-01-01\n[prices]', "sources of no price: unused"),
        ("[prices]", "[prices", "table"),
    ],
)
def test_a_wrong_table_is_refused_with_what_is_wrong(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(GOOD)
    assert load(file).prices["nat-gateway"].per == "hour"
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(BadInput) as refused:
        load(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_a_table_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load(tmp_path / "none.toml")
