"""Custom resources: a function makes, changes and removes the resource, and PUTs its answer to a URL.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html and …-responses.html.
The function is invoked through Lambda's own API. One difference: a function that fails without an answer is not invoked
again, and the resource fails at once, where CloudFormation would wait for an answer until ServiceTimeout.
"""

import json
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.resources.errors import ResourceFailed
from rehearsal.resources.identify import random_tail
from rehearsal.resources.kind import Kind, Properties
from rehearsal.resources.resource import Place, Resource
from rehearsal.resources.waiting import INTERVAL_SECONDS, Patience

TYPE = "AWS::CloudFormation::CustomResource"
PREFIX = "Custom::"
PAGE = "custom-resources"
MAX_ANSWER_BYTES = 4096  # CloudFormation user guide, "Custom resource response objects"
DEFAULT_TIMEOUT_SECONDS = 3600  # of ServiceTimeout, and the most that it may be
FUNCTION_SECONDS = 910  # a function runs for 900 s at most


def is_custom(type_name: str) -> bool:
    return type_name == TYPE or type_name.startswith(PREFIX)


@dataclass(slots=True)
class Pending:
    """One request that is not answered yet. `failed`: why there will be no answer."""

    url: str
    settled: threading.Event = field(default_factory=threading.Event)
    answer: bytes | None = None
    failed: str = ""

    def fail(self, reason: str) -> None:
        self.failed = reason
        self.settled.set()


class Answers:
    """Who waits for an answer; `take` is the receiver behind every ResponseURL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pending: dict[str, Pending] = {}

    @contextmanager
    def expected(self) -> Iterator[Pending]:
        """A request for whose answer somebody waits; its URL works until the end of the context."""
        key = secrets.token_urlsafe(24)
        self._pending[key] = pending = Pending(f"{self._url}/kiln/{PAGE}/{key}")
        try:
            yield pending
        finally:
            del self._pending[key]

    def take(self, key: str, body: bytes) -> bool:
        """Hand an answer over; says whether anybody waits for it."""
        pending = self._pending.get(key)
        if pending is None:
            return False
        pending.answer = body
        pending.settled.set()
        return True


class CustomResource(Resource):
    """One custom resource. `hide`: told of every value that NoEcho wants masked in events."""

    def __init__(
        self,
        kind: Kind,
        clients: Clients,
        patience: Patience,
        place: Place,
        type_name: str,
        answers: Answers,
        stack_id: str,
        hide: Callable[[Any], None],
    ) -> None:
        super().__init__({type_name: kind}, clients, patience, place, type_name)
        self.schema = None  # its properties are the function's affair
        self._clients = clients
        self._answers = answers
        self._stack_id = stack_id
        self._hide = hide
        self._data: Mapping[str, Any] = {}
        self._retired: CustomResource | None = None

    def attribute(self, name: str) -> Any:
        if name not in self._data:
            raise ResourceFailed(
                f"CustomResource attribute error: Vendor response doesn't contain {name} attribute "
                f"(there are: {', '.join(sorted(self._data)) or 'none'})"
            )
        return self._data[name]

    def create(self, properties: Properties, tags: Mapping[str, str], update_policy: Mapping[str, Any]) -> None:
        self.asked, self.properties = properties, {**properties}
        self._check(update_policy)
        self.physical_id = ""
        self._take(self._ask("Create", {}))

    def update(self, properties: Properties, tags: Mapping[str, str], update_policy: Mapping[str, Any]) -> None:
        before, self.asked, self.properties = self.asked, properties, {**properties}
        try:
            self._check(update_policy)
        except ResourceFailed:
            self.asked, self.properties = before, {**before}
            raise
        self.unsure = True
        answer = self._ask("Update", {"OldResourceProperties": text_of(before)})
        if answer["PhysicalResourceId"] != self.physical_id:
            self._retired = self._generation(before)
        self._take(answer)
        self.unsure = False

    def delete(self, snapshot: bool = False) -> None:
        self._ask("Delete", {})

    def retired(self) -> list[Resource]:
        """The one that the last update has put another in the place of, once; it is deleted in the clean-up."""
        found, self._retired = self._retired, None
        return [found] if found else []

    def _generation(self, properties: Properties) -> "CustomResource":
        made = CustomResource(
            self.kind,
            self._clients,
            self.patience,
            self.place,
            self.type_name,
            self._answers,
            self._stack_id,
            self._hide,
        )
        made.asked, made.properties, made.physical_id = properties, {**properties}, self.physical_id
        return made

    def _check(self, update_policy: Mapping[str, Any]) -> None:
        if update_policy:
            raise ResourceFailed(f"UpdatePolicy of {self.type_name} is not emulated")
        parts = str(self.asked.get("ServiceToken", "")).split(":")
        if len(parts) < 7 or parts[2] != "lambda":
            raise ResourceFailed(
                f"ServiceToken: expected the ARN of a function, found {self.asked.get('ServiceToken')!r}: "
                "requests by SNS are not emulated"
            )
        if parts[4] != self.place.account:
            raise ResourceFailed(f"ServiceToken: a function of account {parts[4]}: another account is not emulated")
        if not 1 <= self._timeout_seconds <= DEFAULT_TIMEOUT_SECONDS:
            raise ResourceFailed(f"ServiceTimeout: expected 1 to {DEFAULT_TIMEOUT_SECONDS} seconds")

    @property
    def _timeout_seconds(self) -> int:
        try:
            return int(self.asked.get("ServiceTimeout", DEFAULT_TIMEOUT_SECONDS))
        except (TypeError, ValueError):
            return 0

    # request and answer -----------------------------------------------------------------------------------------

    def _ask(self, kind: str, more: Properties) -> Properties:
        """Send one request and wait for its answer. Raises ResourceFailed."""
        request_id = str(uuid.uuid4())
        with self._answers.expected() as pending:
            event = {
                "RequestType": kind,
                "ServiceToken": self.asked["ServiceToken"],
                "ResponseURL": pending.url,
                "StackId": self._stack_id,
                "RequestId": request_id,
                "LogicalResourceId": self.place.logical_id,
                "ResourceType": self.type_name,
                "ResourceProperties": text_of(self.asked),
                **({"PhysicalResourceId": self.physical_id} if kind != "Create" else {}),
                **more,
            }
            threading.Thread(target=self._invoke, args=(event, pending), daemon=True, name=f"invoke {kind}").start()
            self._wait(pending, request_id)
            failed, body = pending.failed, pending.answer
        if kind == "Create" and not self.physical_id:  # what is half made must be deleted, by some name
            self.physical_id = f"{self.place.stack_name}-{self.place.logical_id}-{random_tail()}"
        if body is None:
            raise ResourceFailed(failed)
        return self._read(kind, event, body)

    def _invoke(self, event: Properties, pending: Pending) -> None:
        arn, region = event["ServiceToken"], event["ServiceToken"].split(":")[3]
        client = self._clients.get("lambda", self.place.account, region, FUNCTION_SECONDS)
        try:
            ended = client.invoke(FunctionName=arn, Payload=json.dumps(event, default=str))
        except (ClientError, BotoCoreError) as error:
            pending.fail(f"The function {arn} cannot be invoked: {error}")
            return
        if pending.settled.is_set():
            return
        if "FunctionError" in ended:
            said = json.loads(ended["Payload"].read())
            pending.fail(
                f"The function {arn} failed without an answer: {said.get('errorType')}: {said.get('errorMessage')} "
                f"(RequestId: {event['RequestId']})"
            )
        else:
            self.tell(f"The function has ended without an answer: one is waited for, {self._timeout_seconds} s at most")

    def _wait(self, pending: Pending, request_id: str) -> None:
        end = time.monotonic() + self._timeout_seconds
        while not pending.settled.wait(INTERVAL_SECONDS):
            if self.patience.closing.is_set():
                pending.fail("the rehearsal is going down")
            elif time.monotonic() > end:
                pending.fail(
                    "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
                    f"requestId [{request_id}]. If you are using the Python cfn-response module, you may need to "
                    "update your Lambda function client so that CloudFormation can attach the updated version."
                )

    def _read(self, kind: str, event: Properties, body: bytes) -> Properties:
        """The answer. Raises ResourceFailed for FAILED and for what is no answer to this request."""
        if len(body) > MAX_ANSWER_BYTES:
            raise ResourceFailed(f"Response object is too long: {len(body)} bytes, expected {MAX_ANSWER_BYTES} at most")
        try:
            answer: Properties = json.loads(body)
            status = answer["Status"]
        except (ValueError, KeyError, TypeError):
            raise ResourceFailed("Invalid response: expected a JSON object with a Status") from None
        wrong = [k for k in ("StackId", "RequestId", "LogicalResourceId") if answer.get(k) != event[k]]
        if wrong:
            raise ResourceFailed(f"Invalid response: {', '.join(wrong)} must be as in the request")
        name = answer.get("PhysicalResourceId")
        if status == "FAILED":
            if kind == "Create" and name:
                self.physical_id = str(name)
            reason = answer.get("Reason") or "none: an answer of FAILED should have a Reason"
            raise ResourceFailed(
                f"Received response status [FAILED] from custom resource. Message returned: {reason} "
                f"(RequestId: {event['RequestId']})"
            )
        if status != "SUCCESS":
            raise ResourceFailed(f"Invalid response: Status {status!r}, expected SUCCESS or FAILED")
        if not name and kind != "Delete":
            raise ResourceFailed("Invalid PhysicalResourceId: the response has none")
        if not isinstance(answer.get("Data") or {}, dict):
            raise ResourceFailed("Invalid response: Data must be an object")
        return answer

    def _take(self, answer: Properties) -> None:
        self.physical_id, self._data = str(answer["PhysicalResourceId"]), answer.get("Data") or {}
        if answer.get("NoEcho"):
            for value in self._data.values():
                self._hide(value)


def text_of(value: Any) -> Any:
    """CloudFormation hands every scalar over as text."""
    if isinstance(value, dict):
        return {k: text_of(v) for k, v in value.items()}
    if isinstance(value, list):
        return [text_of(v) for v in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
