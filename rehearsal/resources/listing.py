"""The resource types of the embedded AWS as a list: as `python -m rehearsal resources` prints it, and as a page."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rehearsal.resources.coverage import KEPT, OWN_CALLS, REFUSED, REPLACEMENT, PropertyStatus
from rehearsal.resources.table import ResourceTypeStatus

INTRODUCTION = f"""\
# Resource types

Made by `python -m rehearsal resources --markdown` from the table in
[rehearsal/resources/table](../rehearsal/resources/table), CloudFormation's provider schemas and botocore's service
models: the same facts by which a resource is made. A test compares the two.

- **Emulated:** created, updated, replaced and deleted by calls of the service's API.
- **Recorded:** its properties are kept, and nothing stands behind it.
- Every other type fails its stack, with the reason `resource type … is not emulated`.

Below each type stands every property that a template may set, with the call that makes it and the one that changes it:

- *{OWN_CALLS}*: by a function in [rehearsal/resources/special](../rehearsal/resources/special), where names and calls
  do not match one to one;
- *{REPLACEMENT}*: a change makes a new resource, as CloudFormation's schema says;
- *{REFUSED}*: the stack fails and names the property, before any call is made. That is the rule for everything that no
  call carries; where a call would carry it and the service would forget it, the reason stands there;
- *nobody*: left out on purpose, with the reason; *{KEPT}*: nothing stands behind the type.

A part of a property that the call has no place for is refused too, with its path. What the API behind a type does with
it, and what it does not, is in [limits.md](limits.md).
"""


def remarks(status: ResourceTypeStatus) -> list[str]:
    """Everything that there is to say of one type beyond its status, one sentence each."""
    said = [status.remark] if status.remark else []
    if status.update_policies:
        said.append(f"UpdatePolicy: {', '.join(status.update_policies)}")
    return [f"{sentence[0].upper()}{sentence[1:].removesuffix('.')}." for sentence in said]


def plain(types: Iterable[ResourceTypeStatus]) -> str:
    """One line for each type, and below it, indented, what there is to say of it and what of it has no effect."""
    lines = []
    for status in types:
        lines.append(f"{status.status:9} {status.type}")
        lines += [f"{'':10}  {remark}" for remark in remarks(status)]
        lines += [f"{'':10}  {p.name}: {p.reason}" for p in status.properties if p.reason]
        if refused := [p.name for p in status.properties if p.made_by == (REFUSED,)]:
            lines.append(f"{'':10}  refused: {', '.join(refused)}")
    return "\n".join(lines)


def markdown(types: Sequence[ResourceTypeStatus]) -> str:
    """The page docs/resource-types.md."""
    lines = [INTRODUCTION, *_index(types)]
    for service, group in groupby(types, lambda status: _service(status.type)):
        lines += [f"## {service}", ""]
        for status in group:
            lines += [f"### `{status.type}`", "", " ".join([f"{status.status.capitalize()}.", *remarks(status)]), ""]
            lines += _table(status.properties)
    return "\n".join(lines).rstrip() + "\n"


def _service(type_name: str) -> str:
    return type_name.rpartition("::")[0]


def _index(types: Sequence[ResourceTypeStatus]) -> Iterator[str]:
    yield "| service | types |"
    yield "| --- | --- |"
    for service, group in groupby(types, lambda status: _service(status.type)):
        anchor = service.lower().replace("::", "")
        names = ", ".join(f"`{status.type.rpartition('::')[2]}`" for status in group)
        yield f"| [{service}](#{anchor}) | {names} |"
    yield ""


def _table(properties: Sequence[PropertyStatus]) -> Iterator[str]:
    """One row for all properties of which the same is to be said; those that are refused come last."""
    if not properties:
        return
    yield "| properties | made by | changed by |"
    yield "| --- | --- | --- |"
    rows: dict[tuple[tuple[str, ...], tuple[str, ...], str], list[str]] = {}
    for status in sorted(properties, key=lambda p: p.made_by == (REFUSED,)):
        rows.setdefault((status.made_by, status.changed_by, status.reason), []).append(status.name)
    for (made, changed, reason), names in rows.items():
        listed = ", ".join(f"`{name}`" for name in names)
        said = f": {reason}" if reason else ""
        yield f"| {listed} | {_calls(made)}{said} | {'' if made == changed == (REFUSED,) else _calls(changed)} |"
    yield ""


def _calls(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" if "_" in name else f"*{name}*" if " " not in name else name for name in names)
