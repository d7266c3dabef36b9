"""The history of a stack."""

import itertools
import json

from rehearsal.cloudformation.events import TICK, EventLog
from rehearsal.cloudformation.stack import Stack


def test_times_grow_by_a_millisecond_even_within_one() -> None:
    log = EventLog()
    for _ in range(200):
        log.add("T", "id", "AWS::SNS::Topic", "CREATE_IN_PROGRESS")
    times = [e.time for e in log.events]
    assert all(newer - older >= TICK for newer, older in itertools.pairwise(times))


def test_a_rollback_is_an_operation_of_its_own() -> None:
    stack = Stack("s", "123400000001", "eu-west-1")
    for status in ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"):
        stack.enter(status)
    complete, rolling_back, updating = (e.operation for e in stack.log.events)
    assert complete == rolling_back != updating


def test_a_hidden_value_is_masked_wherever_properties_have_it() -> None:
    log = EventLog()
    log.hide("swordfish")
    log.add("X", "x", "T", "CREATE_COMPLETE", properties={"a": ["my swordfish"], "b": {"c": "swordfish"}, "d": 1})
    assert json.loads(log.events[0].properties or "") == {"a": ["my ****"], "b": {"c": "****"}, "d": 1}
