"""A promise: what a hardened setting is, why, which controls ask for it, and how it is checked."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from kiln.promises.checks import Breach, Check
from kiln.promises.template import Environment


class Standard(StrEnum):
    """Where a control stands.

    Which FSBP and Security Hub control asks for what, and which requirements of the others it answers to, is AWS's own
    list; `requirements` has what of it is used here, and says where it was read.
    """

    FSBP = "FSBP"
    """AWS Foundational Security Best Practices."""
    HUB = "Security Hub"
    """A control of AWS Security Hub that is in another standard than FSBP."""
    CIS = "CIS AWS v5.0.0"
    NIST = "NIST 800-53 r5"
    PCI = "PCI DSS v4.0.1"


@dataclass(frozen=True, slots=True, order=True)
class Control:
    """One requirement of a standard, by its id there: FSBP's `ELB.4`, NIST's `SC-7(4)`."""

    standard: Standard
    id: str

    def __str__(self) -> str:
        return f"{self.standard} {self.id}"


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise.

    Args:
        id: small letters and hyphens, as in `alb-drops-invalid-headers`; exemptions name it.
        title: one sentence that is true of every template that keeps it.
        reason: what happens without it.
        controls: who asks for it; none where nobody else does.
        source: AWS's page about the setting.
        check: finds what breaks it, and breaks it.
        protected_only: asked of environments alone that must survive a mistake.
    """

    id: str
    title: str
    reason: str
    controls: tuple[Control, ...]
    source: str
    check: Check
    protected_only: bool = False

    def concerns(self, environment: Environment) -> bool:
        """Whether it is asked of this environment."""
        return environment.protected or not self.protected_only


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that does not hold in one place of one environment.

    Args:
        stack: the name of the stack; "" where something is missing that no stack has.
        logical_id: of the resource; "" as above.
        path: the construct, as the CDK notes it, `Shop/Bucket/Resource`; the environment's name as above.
        place: the property.
        exempted: the reason that the resource itself gives, or "".
    """

    promise: Promise
    environment: str
    stack: str
    logical_id: str
    path: str
    place: str
    found: str
    expected: str
    exempted: str = ""

    def __str__(self) -> str:
        """What, where, found, expected, why, and the way out."""
        where = f"{self.path} ({self.stack}: {self.logical_id})" if self.logical_id else self.path
        lines = (
            f"{self.promise.id}: {self.promise.title}",
            f"where:    {where}, {self.place}; in {self.environment}",
            f"found:    {self.found}",
            f"expected: {self.expected}",
            f"why:      {self.promise.reason}",
            f"opt out:  {self.opt_out}",
        )
        return "\n  ".join(lines)

    @property
    def opt_out(self) -> str:
        """How to say that it is right here all the same."""
        call = f'kiln.exemption.exempt(resource, "{self.promise.id}", reason="…")'
        return call if self.logical_id else f'an entry with promise = "{self.promise.id}" among the exceptions'


def findings(environment: Environment, promises: Iterable[Promise]) -> Iterator[Finding]:
    """Every place where one of these promises does not hold, exempted or not."""
    for promise in promises:
        if promise.concerns(environment):
            for breach in promise.check.breaches(environment):
                yield _finding(promise, environment, breach)


def by_id(promises: Iterable[Promise]) -> dict[str, Promise]:
    """Promises by their ids. Raises ValueError for an id that two have."""
    found: dict[str, list[Promise]] = defaultdict(list)
    for promise in promises:
        found[promise.id].append(promise)
    if twice := [name for name, of in found.items() if len(of) > 1]:
        raise ValueError(f"two promises have the id {', '.join(twice)}")
    return {name: of[0] for name, of in found.items()}


def _finding(promise: Promise, environment: Environment, breach: Breach) -> Finding:
    resource = breach.resource
    reasons = [e["reason"] for e in resource.exemptions if e["promise"] == promise.id] if resource else []
    return Finding(
        promise=promise,
        environment=environment.name,
        stack=resource.stack if resource else "",
        logical_id=resource.logical_id if resource else "",
        path=resource.path if resource else environment.name,
        place=breach.path,
        found=breach.found,
        expected=breach.expected,
        exempted=reasons[0] if reasons else "",
    )
