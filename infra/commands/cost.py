"""`python -m infra cost`."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from console.command import print_json
from console.errors import BadInput, ExitCode
from infra.commands import EXIT_CODES

if TYPE_CHECKING:
    from infra.cost.estimate import Difference, Estimate, Line, Unpriced
    from infra.cost.prices import PriceTable
    from infra.cost.pricing import Size

CENT = Decimal("0.01")

EPILOG = f"""\b
Examples:
  python -m infra cost Stage
  python -m infra cost Production --at maximum
  python -m infra cost --against main
\b
{EXIT_CODES}
"""


@click.command(epilog=EPILOG)
@click.argument("environment", required=False)
@click.option("--at", "size", type=click.Choice(["minimum", "maximum"]), default="minimum", help="Of every group.")
@click.option("--against", metavar="REF", help="The difference to another commit, thing by thing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def cost(environment: str | None, size: "Size", against: str | None, as_json: bool) -> int:
    """What each environment costs in a month, by list price; what is not priced is listed, not guessed.

    Without ENVIRONMENT: all of them. docs/cost.md says where the prices come from.
    """
    from infra import synthesized
    from infra.cost.commit import stacks_of
    from infra.cost.estimate import compare, compare_unpriced, estimate_all
    from infra.cost.prices import load

    prices = load()
    before = estimate_all(stacks_of(against), prices, size) if against else ()
    estimates = _chosen(estimate_all(synthesized.synthesize(), prices, size), environment)
    if against:
        chosen = {one.environment for one in estimates}
        old = [one for one in before if environment is None or one.environment in chosen]
        differences, unpriced = compare(old, estimates), compare_unpriced(old, estimates)
        if as_json:
            changes = [_difference(one) for one in differences]
            print_json(
                {"against": against, "at": size, "differences": changes, "unpriced": [asdict(one) for one in unpriced]}
            )
        else:
            click.echo("\n".join(_differences(against, differences, unpriced)))
    elif as_json:
        print_json(_as_json(estimates, prices, size))
    else:
        click.echo("\n\n".join("\n".join(_table(one)) for one in estimates))
        click.echo("\n" + "\n".join(_summary(estimates, prices, size)))
    return ExitCode.DONE


def _chosen(estimates: Sequence["Estimate"], name: str | None) -> Sequence["Estimate"]:
    found = [one for one in estimates if name is None or one.environment.lower() == name.lower()]
    if not found:
        known = ", ".join(one.environment for one in estimates)
        raise BadInput("no such environment", found=name, expected=f"one of {known}")
    return found


def usd(value: Decimal) -> str:
    """With cents: `1,234.50`."""
    return f"{value.quantize(CENT, ROUND_HALF_UP):,}"


def _table(estimate: "Estimate") -> Iterator[str]:
    fixed = sum(one.count for one in estimate.not_priced if one.fixed)
    things = "1 thing" if fixed == 1 else f"{fixed} things"
    note = f", without the price of {things}, which the table does not have" if fixed else ""
    yield f"{estimate.environment}: {usd(estimate.total)} USD a month{note}"
    for (stack, tier), of in groupby(sorted(estimate.lines, key=lambda line: line.stack), lambda x: (x.stack, x.tier)):
        lines = list(of)
        title = f"{stack} (tier {tier})" if tier else stack
        yield f"  {title:<76}{usd(sum((line.usd for line in lines), Decimal(0))):>12}"
        for same in _folded(lines):
            yield _row(same)
    for saving in estimate.savings:
        yield f"  {'saved by ' + saving.what + ': ' + (saving.tier or saving.resource):<76}{usd(saving.usd):>12}"
    if estimate.not_priced:
        yield "  not priced:"
    for one in estimate.not_priced:
        yield f"    {one.count:>3} × {one.type}: {one.reason}"


def _folded(lines: Sequence["Line"]) -> list[list["Line"]]:
    """Lines that differ in nothing but the resource, together: 19 alarms are one row."""
    found: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        found.setdefault(
            (line.price, line.assumption) if line.unit == "month" else (line.resource, line.what), []
        ).append(line)
    return list(found.values())


def _row(lines: Sequence["Line"]) -> str:
    first = lines[0]
    name = first.resource if len(lines) == 1 else f"{len(lines)} resources"
    quantity = sum((line.quantity for line in lines), Decimal(0))
    note = f"  ({first.assumption})" if first.assumption else ""
    amount = f"{quantity:,f}".rstrip("0").rstrip(".") if "." in f"{quantity:f}" else f"{quantity:,f}"
    return (
        f"    {_short(name):<44} {first.what:<28} {amount:>9} {first.unit:<9}"
        f"{usd(sum((line.usd for line in lines), Decimal(0))):>10}{note}"
    )


def _short(path: str, width: int = 44) -> str:
    """Its end is what tells one resource from another."""
    return path if len(path) <= width else f"…{path[1 - width :]}"


def _summary(estimates: Sequence["Estimate"], prices: "PriceTable", size: str) -> Iterator[str]:
    total = sum((one.total for one in estimates), Decimal(0))
    saved = sum((one.saved for one in estimates), Decimal(0))
    yield f"total {usd(total)} USD a month at {size} size; Spot and schedules save {usd(saved)}"
    yield f"list prices of {prices.region} as of {prices.as_of}, without tax; what is not priced above comes on top"


def _differences(ref: str, differences: Sequence["Difference"], unpriced: Sequence["Unpriced"]) -> Iterator[str]:
    for environment, of in groupby(sorted(differences, key=lambda one: one.environment), lambda one: one.environment):
        lines = list(of)
        yield f"{environment}: {_signed(sum((one.usd for one in lines), Decimal(0)))} USD a month"
        for one in lines:
            amounts = f"{usd(one.before):>10} → {usd(one.after):>9} {_signed(one.usd):>11}"
            yield f"  {_short(one.resource):<44} {one.price:<26}{amounts}"
    for missing in unpriced:
        counts = f"{missing.before} → {missing.after}"
        yield f"not in the difference: {missing.environment}, {missing.type} {counts}: {missing.reason}"
    total = sum((one.usd for one in differences), Decimal(0))
    yield f"{_signed(total)} USD a month against {ref}" if differences else f"nothing costs more or less than at {ref}"


def _signed(value: Decimal) -> str:
    return f"{'+' if value >= 0 else '−'}{usd(abs(value))}"


def _difference(one: "Difference") -> dict[str, Any]:
    return asdict(one) | {key: usd(getattr(one, key)).replace(",", "") for key in ("before", "after", "usd")}


def _as_json(estimates: Sequence["Estimate"], prices: "PriceTable", size: str) -> dict[str, Any]:
    """Money as text with cents: a number of JSON would be a float."""

    def plain(value: Decimal) -> str:
        return usd(value).replace(",", "")

    return {
        "region": prices.region,
        "as_of": prices.as_of,
        "at": size,
        "environments": [
            {
                "environment": one.environment,
                "usd": plain(one.total),
                "lines": [asdict(line) | {"usd": plain(line.usd)} for line in one.lines],
                "savings": [asdict(saving) | {"usd": plain(saving.usd)} for saving in one.savings],
                "not_priced": [asdict(missing) for missing in one.not_priced],
            }
            for one in estimates
        ],
    }
