"""A recorded service: its table of operations, and what it keeps."""

import threading
from collections.abc import Mapping
from typing import Any

from rehearsal.front.models import service_model
from rehearsal.front.service import AwsError, Caller
from rehearsal.recorded_services.behind import Behind
from rehearsal.recorded_services.shapes import check, without_none
from rehearsal.recorded_services.shelf import Shelf
from rehearsal.recorded_services.verbs import Ask, Verb


class RecordedService:
    """A Service of the front.

    Args:
        name: botocore's name.
        table: operation → what it does.
        whole: moto answers none of its operations; those that are not in the table are refused.
        everywhere: what it keeps belongs to an account and to no region.
        behind: name of a noun → what stands behind its things.
    """

    def __init__(
        self,
        name: str,
        table: Mapping[str, Verb],
        *,
        whole: bool = True,
        everywhere: bool = False,
        behind: Mapping[str, Behind] | None = None,
    ) -> None:
        self.name = name
        self.table = table
        self.operations: frozenset[str] | None = None if whole else frozenset(table)
        self._everywhere = everywhere
        self._behind = behind or {}
        self._shelves: dict[tuple[str, str], Shelf] = {}
        self._lock = threading.RLock()

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request. Raises AwsError, PassOn."""
        verb = self.table.get(operation)
        if verb is None:
            raise AwsError("InvalidAction", f"The operation {operation} of {self.name} is not emulated")
        model = service_model(self.name).operation_model(operation)
        asked = without_none(request)
        check(model.input_shape, asked)
        with self._lock:
            where = (caller.account, "" if self._everywhere else caller.region)
            shelf = self._shelves.setdefault(where, Shelf())
            return verb(Ask(caller, asked, model.output_shape, shelf, self._behind))
