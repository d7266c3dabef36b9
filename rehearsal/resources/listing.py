"""The resource types of the embedded AWS as a list: as `python -m rehearsal resources` prints it, and as a page."""

from collections.abc import Iterable, Sequence

from rehearsal.resources.table import ResourceTypeStatus

INTRODUCTION = """\
# Resource types

Made by `python -m rehearsal resources --markdown` from the table in
[rehearsal/resources/table](../rehearsal/resources/table); a test compares the two.

- **Emulated:** created, updated, replaced and deleted by calls of the service's API. A property that no call carries
  fails the stack and is named in the reason.
- **Recorded:** its properties are kept, and nothing stands behind it.
- Every other type fails its stack, with the reason `resource type … is not emulated`.

What the API behind a type does with it, and what it does not, is in [limits.md](limits.md).
"""


def remarks(status: ResourceTypeStatus) -> list[str]:
    """Everything that there is to say of one type beyond its status, one sentence each."""
    said = [status.remark] if status.remark else []
    said += [f"{name}: {reason}" for name, reason in status.skipped.items()]
    if status.update_policies:
        said.append(f"UpdatePolicy: {', '.join(status.update_policies)}")
    return [f"{sentence[0].upper()}{sentence[1:].removesuffix('.')}." for sentence in said]


def plain(types: Iterable[ResourceTypeStatus]) -> str:
    """One line for each type, and below it, indented, what there is to say of it."""
    lines = []
    for status in types:
        lines.append(f"{status.status:9} {status.type}")
        lines += [f"{'':10}  {remark}" for remark in remarks(status)]
    return "\n".join(lines)


def markdown(types: Sequence[ResourceTypeStatus]) -> str:
    """The page docs/resource-types.md."""
    rows = [f"| `{status.type}` | {status.status} | {' '.join(remarks(status))} |" for status in types]
    head = ["| type | status | remarks |", "| --- | --- | --- |"]
    return "\n".join([INTRODUCTION, *head, *rows]) + "\n"
