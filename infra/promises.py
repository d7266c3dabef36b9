"""Kiln's promises, asked of Payroll: of every stack of every account, with the values that it is deployed with."""

from collections.abc import Iterable, Sequence

from console.errors import BadInput
from infra import parameters
from infra.exceptions import Entry, Observed, open_ones
from infra.synthesized import Stack, by_account
from kiln.promises import PROMISES, Environment, Finding, findings

SHOWN = 20


def environments(stacks: Iterable[Stack], known: Iterable[parameters.Environment]) -> tuple[Environment, ...]:
    """One per account and region, called by the environment there; Tooling belongs to the one beside it."""
    protected = {environment.name: environment.protected for environment in known}
    return tuple(
        Environment.of(
            name,
            {stack.source: stack.template for stack in of},
            protected=protected.get(name, True),
            complete=True,
            whole=any(stack.environment for stack in of),
        )
        for name, of in by_account(stacks).items()
    )


def observed(found: Iterable[Finding]) -> list[Observed]:
    """Findings that the resource itself does not explain, as the ledger of exceptions takes them."""
    return [
        Observed(finding.promise.id, finding.path, finding.environment, str(finding))
        for finding in found
        if not finding.exempted
    ]


def hold(stacks: Sequence[Stack], known: Sequence[parameters.Environment], entries: Sequence[Entry]) -> None:
    """Make sure that every promise holds, or is explained. What has expired still explains here: see `exceptions`.

    Errors: BadInput with each place where a promise does not hold.
    """
    found = [finding for environment in environments(stacks, known) for finding in findings(environment, PROMISES)]
    broken = open_ones(entries, observed(found))
    if not broken:
        return
    texts = list(dict.fromkeys(one.text.replace(f"; in {one.environment}", "") for one in broken))
    more = f"\n… and {len(texts) - SHOWN} more: python -m infra promises" if len(texts) > SHOWN else ""
    count = "a promise does not hold" if len(texts) == 1 else f"promises do not hold in {len(texts)} places"
    raise BadInput(f"{count}:\n\n" + "\n\n".join(texts[:SHOWN]) + more)
