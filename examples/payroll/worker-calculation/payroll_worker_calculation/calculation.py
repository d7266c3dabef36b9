"""A payslip from a gross pay, in whole cents.

The rates are a SAMPLE: made up, of no country and no year, and for nobody's pay.
"""

from dataclasses import dataclass

# Up to how many cents a month (the last has no end), and what is taken of the part in it, in thousandths.
TAX = ((100_000, 0), (250_000, 140), (500_000, 240), (None, 420))
PENSION = (755_000, 93)  # contributions end at a pay of so many cents
HEALTH = (517_500, 73)


@dataclass(frozen=True, slots=True)
class Payslip:
    """Cents; `gross_cents` is the sum of the others."""

    gross_cents: int
    income_tax_cents: int
    pension_cents: int
    health_cents: int
    net_cents: int


def calculate(gross_cents: int) -> Payslip:
    """The payslip of a month's pay."""
    tax = _rounded(sum(part * rate for part, rate in _parts(gross_cents)))
    pension, health = (_rounded(min(gross_cents, limit) * rate) for limit, rate in (PENSION, HEALTH))
    return Payslip(gross_cents, tax, pension, health, gross_cents - tax - pension - health)


def _parts(gross_cents: int) -> list[tuple[int, int]]:
    """How much of the pay falls under each rate."""
    parts, below = [], 0
    for limit, rate in TAX:
        parts.append((max(0, (gross_cents if limit is None else min(gross_cents, limit)) - below), rate))
        below = limit or below
    return parts


def _rounded(thousandths: int) -> int:
    """To whole cents, half a cent up."""
    return (thousandths + 500) // 1000
