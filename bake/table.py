"""Rows of text in columns, for people; the same on a terminal and in a file."""

from collections.abc import Iterable, Iterator, Sequence


def columns(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines with each column as wide as its widest cell."""
    every = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    for row in every:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
