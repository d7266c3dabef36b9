"""The estimate of an environment: lines, what Spot and the night schedule save, what is not priced; and differences."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from console.errors import BadInput
from infra.contracts import gather
from infra.cost.coverage import BESIDE, BY_USE, FREE
from infra.cost.prices import FILE, PriceTable
from infra.cost.pricing import RULES, Charge, Choices, Size, Undecided
from infra.synthesized import Stack
from kiln.promises.template import Environment, Resource

TIER = "kiln:tier"
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """What one thing costs in a month.

    Args:
        stack: the name of its stack in the environment.
        tier: whose it is; "" where it is no tier's.
        resource: the path of its construct.
        what: for people.
        quantity: in `unit`s.
        unit: what the price is for.
        price: the key of the price.
        usd: quantity × price, exactly.
        assumption: what was taken for granted.
    """

    stack: str
    tier: str
    resource: str
    what: str
    quantity: Decimal
    unit: str
    price: str
    usd: Decimal
    assumption: str


@dataclass(frozen=True, slots=True)
class Saving:
    """What a choice of the parameter file saves in a month: it is not in the lines, which are without it already."""

    tier: str
    resource: str
    what: str
    usd: Decimal


@dataclass(frozen=True, slots=True)
class NotPriced:
    """Resources of a type, or a part of what they cost, that the total does not have.

    Args:
        type: `AWS::AmazonMQ::Broker`.
        count: how many there are.
        reason: why.
        fixed: it costs the same every month, and only its price is missing: the total is too low by it.
    """

    type: str
    count: int
    reason: str
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """One environment in one month."""

    environment: str
    lines: tuple[Line, ...]
    savings: tuple[Saving, ...]
    not_priced: tuple[NotPriced, ...]

    @property
    def total(self) -> Decimal:
        """US dollars, exactly: the sum of the lines."""
        return sum((line.usd for line in self.lines), NOTHING)

    @property
    def saved(self) -> Decimal:
        """US dollars that the total would be higher without the savings."""
        return sum((saving.usd for saving in self.savings), NOTHING)


@dataclass(frozen=True, slots=True)
class Difference:
    """What one thing of one environment cost before, and costs now."""

    environment: str
    resource: str
    price: str
    before: Decimal
    after: Decimal

    @property
    def usd(self) -> Decimal:
        """How much more; less is negative."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Something of fixed price without one, of which there were more or fewer before: no difference has it."""

    environment: str
    type: str
    reason: str
    before: int
    after: int


def estimate_all(stacks: Sequence[Stack], prices: PriceTable, size: Size = "minimum") -> tuple[Estimate, ...]:
    """An estimate of each environment of these stacks, in their order.

    Raises:
        BadInput: an environment is in a region that the prices are not for.
    """
    for stack in stacks:
        if stack.region != prices.region:
            raise BadInput(
                f"no prices for the region of {stack.environment or stack.name}",
                where=str(FILE),
                found=stack.region,
                expected=prices.region,
                next_step="add a table of prices of that region; docs/cost.md says where from",
            )
    return tuple(estimate(place.environment, prices, size) for place in gather(stacks))


def estimate(environment: Environment, prices: PriceTable, size: Size = "minimum") -> Estimate:
    """What an environment costs in a month."""
    tiers = _tiers(environment)
    lines: list[Line] = []
    savings: list[Saving] = []
    missing: Counter[tuple[bool, str, str]] = Counter()
    for resource in environment:
        if resource.type in FREE:
            continue
        if resource.type not in RULES:
            known = resource.type in BY_USE
            missing[not known, resource.type, BY_USE.get(resource.type, "nobody has said yet what it costs")] += 1
            continue
        tier = tiers.get(resource.stack, "")
        try:
            charges = tuple(RULES[resource.type](resource, environment, Choices(size)))
        except Undecided as undecided:
            missing[True, resource.type, f"decided by the deployment: {undecided}"] += 1
            continue
        for charge in charges:
            if charge.price in prices.prices:
                lines.append(_line(resource, tier, charge, prices))
            else:
                missing[True, resource.type, f"no price in the table: {charge.price}"] += 1
        if charges and resource.type in BESIDE:
            missing[False, resource.type, BESIDE[resource.type]] += 1
        savings += _savings(resource, tier, environment, prices, size)
    not_priced = sorted(missing.items(), key=lambda item: (not item[0][0], item[0][1:]))
    return Estimate(
        environment.name,
        tuple(lines),
        tuple(savings),
        tuple(NotPriced(kind, count, reason, fixed) for (fixed, kind, reason), count in not_priced),
    )


def compare(before: Iterable[Estimate], after: Iterable[Estimate]) -> tuple[Difference, ...]:
    """What costs more or less than before, thing by thing; what costs the same is left out."""
    old, new = _by_thing(before), _by_thing(after)
    return tuple(
        Difference(*key, old.get(key, NOTHING), new.get(key, NOTHING))
        for key in {**old, **new}
        if old.get(key, NOTHING) != new.get(key, NOTHING)
    )


def compare_unpriced(before: Iterable[Estimate], after: Iterable[Estimate]) -> tuple[Unpriced, ...]:
    """What `compare` cannot see, because it has no price."""
    old, new = _fixed(before), _fixed(after)
    return tuple(Unpriced(*key, old[key], new[key]) for key in {**old, **new} if old[key] != new[key])


def _fixed(estimates: Iterable[Estimate]) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (one.environment, item.type, item.reason): item.count
            for one in estimates
            for item in one.not_priced
            if item.fixed
        }
    )


def _by_thing(estimates: Iterable[Estimate]) -> dict[tuple[str, str, str], Decimal]:
    """By price and not by words: "2 × t3.small" has become dearer where it was "1 × t3.small" before."""
    found: dict[tuple[str, str, str], Decimal] = {}
    for one in estimates:
        for line in one.lines:
            key = (one.environment, line.resource, line.price)
            found[key] = found.get(key, NOTHING) + line.usd
    return found


def _line(resource: Resource, tier: str, charge: Charge, prices: PriceTable) -> Line:
    price = prices.prices[charge.price]
    return Line(
        stack=resource.stack,
        tier=tier,
        resource=resource.path,
        what=charge.what,
        quantity=charge.quantity,
        unit=price.per,
        price=charge.price,
        usd=charge.quantity * price.usd,
        assumption=charge.assumption,
    )


def _savings(
    resource: Resource, tier: str, environment: Environment, prices: PriceTable, size: Size
) -> Iterator[Saving]:
    """Spot against on demand, then the schedule against always, so that the two together are the whole."""
    full, spot, both = (
        _sum(RULES[resource.type](resource, environment, choices), prices)
        for choices in (Choices(size, spot=False, schedule=False), Choices(size, schedule=False), Choices(size))
    )
    if full is not None and spot is not None and full != spot:
        yield Saving(tier, resource.path, "Spot", full - spot)
    if spot is not None and both is not None and spot != both:
        yield Saving(tier, resource.path, "night schedule", spot - both)


def _sum(charges: Iterable[Charge], prices: PriceTable) -> Decimal | None:
    """None where a price is missing: half a sum would look like a saving."""
    known = tuple(charges)
    if any(charge.price not in prices.prices for charge in known):
        return None
    return sum((charge.quantity * prices.prices[charge.price].usd for charge in known), NOTHING)


def _tiers(environment: Environment) -> dict[str, str]:
    """The tier of each stack that has one: something in it has its tag."""
    found: dict[str, str] = {}
    for resource in environment:
        tags = resource.properties.get("Tags", ())  # some types have a dictionary here, and none of them is of a tier
        for tag in tags if isinstance(tags, list) else ():
            if tag["Key"] == TIER:
                found[resource.stack] = tag["Value"]
    return found
