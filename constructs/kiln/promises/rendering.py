"""Promises for people: the table of the docs, and plain data."""

from collections.abc import Collection, Iterator, Mapping
from itertools import groupby

from kiln.promises.promise import Control, Promise

HEAD = """# Promises

What every template keeps, why, and who asks for it. Each is checked at every synthesis and proven by breaking it:
`make promises` takes each setting away, weakens it or deletes the resource in every template of every account, one at a
time, and a check must name the promise each time. This page is written by `python -m infra promises --markdown`.

**P** marks those that are asked of protected environments only. The controls are those of AWS Security Hub: FSBP is its
standard of best practices, the others are the requirements that AWS says the control answers to. Every id was checked
against the user guide of Security Hub, in copies of its pages whose change log ends with September 23, 2026
(`kiln.promises.requirements` says which): {asked} of the {all} promises have a control there. Where the column is
empty, none was found that asks for it. How to opt out: [validation.md](constructs/validation.md).
"""


def as_markdown(families: Mapping[str, Collection[Promise]]) -> str:
    """One table per family."""
    everything = [promise for promises in families.values() for promise in promises]
    head = HEAD.format(asked=sum(bool(promise.controls) for promise in everything), all=len(everything))
    return head + "".join(f"\n{part}\n" for part in _tables(families))


def as_data(promise: Promise) -> dict[str, object]:
    """Everything but the check."""
    return {
        "id": promise.id,
        "title": promise.title,
        "reason": promise.reason,
        "controls": [{"standard": str(c.standard), "id": c.id} for c in promise.controls],
        "source": promise.source,
        "protected_only": promise.protected_only,
    }


def _tables(families: Mapping[str, Collection[Promise]]) -> Iterator[str]:
    for family, promises in families.items():
        yield f"## {family.capitalize()}"
        rows = [
            f"| {_name(promise)} | {promise.title} | {promise.reason} | {_controls(promise)} |" for promise in promises
        ]
        yield "\n".join(["| promise | what holds | without it | who asks |", "| --- | --- | --- | --- |", *rows])


def _name(promise: Promise) -> str:
    return f"[`{promise.id}`]({promise.source})" + (" **P**" if promise.protected_only else "")


def _controls(promise: Promise) -> str:
    def standard(control: Control) -> str:
        return str(control.standard)

    groups = groupby(promise.controls, standard)
    return "; ".join(f"{name} {', '.join(control.id for control in of)}" for name, of in groups)
