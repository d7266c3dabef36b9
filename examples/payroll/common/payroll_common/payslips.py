"""Payslips: what is asked for, and the table where Web puts it and where the workers write what became of it.

The queues carry ids only; a name and a pay stand in the table and nowhere else. Every change says from which states it
may come, so that a job that is delivered twice, as SQS may do it, changes nothing the second time.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

KEPT_DAYS = 90
TABLE = "table/name"  # the environment's value that names the table
MONTH = re.compile(r"[12]\d{3}-(0[1-9]|1[0-2])")
EMPLOYEE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
MOST_GROSS_CENTS = 100_000_000
MOST_SECONDS = 600
INTERNAL = ("expires_at",)


class State(StrEnum):
    """What has become of a payslip."""

    WAITING = "waiting"  # for Worker
    CALCULATING = "calculating"  # passed on to Worker-Calculation
    DONE = "done"
    REFUSED = "refused"  # by Worker: `problem` says why
    FAILED = "failed"  # tried as often as the queue allows; the job is set aside


OPEN = (State.WAITING, State.CALCULATING)


class WrongRequest(ValueError):
    """A request that cannot be taken: which field, and what is expected of it."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}")
        self.field, self.expected = field, expected


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for.

    Args:
        employee: their number.
        month: `2026-11`.
        gross_cents: before deductions.
        seconds: how long the calculation takes, 0 to 600: a real one takes minutes, this one what it is told.
    """

    employee: str
    month: str
    gross_cents: int
    seconds: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.employee, str) or not EMPLOYEE.fullmatch(self.employee):
            raise WrongRequest("employee", "1 to 32 letters, digits and hyphens")
        if not isinstance(self.month, str) or not MONTH.fullmatch(self.month):
            raise WrongRequest("month", "a month such as 2026-11")
        if not _is_between(self.gross_cents, 1, MOST_GROSS_CENTS):
            raise WrongRequest("gross_cents", f"a whole number of cents, 1 to {MOST_GROSS_CENTS}")
        if not _is_between(self.seconds, 0, MOST_SECONDS):
            raise WrongRequest("seconds", f"a whole number, 0 to {MOST_SECONDS}")


def _is_between(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def request_of(given: object) -> Request:
    """The request in a JSON value. Raises WrongRequest."""
    if not isinstance(given, Mapping):
        raise WrongRequest("body", "a JSON object")
    known = {field.name for field in fields(Request)}
    if unknown := sorted(set(map(str, given)) - known):
        raise WrongRequest(unknown[0], f"only {', '.join(sorted(known))}")
    for field in ("employee", "month", "gross_cents"):
        if field not in given:
            raise WrongRequest(field, "it, but there is none")
    return Request(**given)


class Payslips:
    """The payslips in a DynamoDB table. Raises botocore's errors where it cannot be reached.

    Args:
        dynamodb: a boto3 client.
        table: its name; the key is `id`, `expires_at` is when DynamoDB deletes an item.
    """

    def __init__(self, dynamodb: Any, table: str) -> None:
        self._dynamodb = dynamodb
        self._table = table

    def add(self, payslip_id: str, request: Request) -> None:
        """A new payslip, waiting."""
        now = int(time.time())
        item = {"id": payslip_id, "state": State.WAITING.value, **asdict(request)}
        item |= {"created_at": now, "expires_at": now + KEPT_DAYS * 86_400}
        self._dynamodb.put_item(
            TableName=self._table,
            Item={name: _written(value) for name, value in item.items()},
            ConditionExpression="attribute_not_exists(id)",
        )

    def get(self, payslip_id: str) -> dict[str, Any] | None:
        """Everything that is known of a payslip."""
        answer = self._dynamodb.get_item(TableName=self._table, Key={"id": {"S": payslip_id}}, ConsistentRead=True)
        item = answer.get("Item")
        if item is None:
            return None
        return {name: _read(value) for name, value in item.items() if name not in INTERNAL}

    def move(self, payslip_id: str, origins: tuple[State, ...], state: State, **facts: str | int) -> bool:
        """Write a new state and facts; False, and nothing is written, where the payslip is in no state of `origins`."""
        changes = {"state": state.value, **facts}
        names = {f"#{index}": name for index, name in enumerate(changes)}
        values = {f":{index}": _written(value) for index, value in enumerate(changes.values())}
        came = {f":from{index}": {"S": origin.value} for index, origin in enumerate(origins)}
        try:
            self._dynamodb.update_item(
                TableName=self._table,
                Key={"id": {"S": payslip_id}},
                UpdateExpression="SET " + ", ".join(f"#{i} = :{i}" for i in range(len(changes))),
                ConditionExpression=f"#0 IN ({', '.join(came)})",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | came,
            )
        except self._dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True


def request_in(item: Mapping[str, Any]) -> Request:
    """What was asked for, out of what the table has."""
    return Request(**{field.name: item[field.name] for field in fields(Request)})


def _written(value: str | int) -> dict[str, str]:
    return {"S": value} if isinstance(value, str) else {"N": str(value)}


def _read(value: Mapping[str, str]) -> str | int:
    return value["S"] if "S" in value else int(value["N"])
