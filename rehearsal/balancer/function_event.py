"""What a function behind a load balancer is given, and what its answer means. Pure.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 1024 * 1024
"""Of a request's body, and of a function's answer as JSON: 1 MB, see the page above, "Limits"."""

HeaderLines = tuple[tuple[str, str], ...]

AS_TEXT = re.compile(r"(text/[^;\s]+|application/(json|javascript|xml))\s*(;|$)", re.IGNORECASE)
# Of one connection, not of the message; the bridge ends every message itself.
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "te", "trailer"}
)
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class BadAnswer(Exception):
    """A function's answer that no response can be made of; an Application Load Balancer answers 502."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came: `target` is path and query, not decoded; headers in their order, repeated ones too."""

    method: str
    target: str
    headers: HeaderLines
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """A response; `reason` may be empty."""

    status: int
    reason: str
    headers: HeaderLines
    body: bytes


def event(group_arn: str, request: Request, multi_value: bool) -> dict[str, Any]:
    """The event of a request.

    Args:
        multi_value: the target group's attribute lambda.multi_value_headers.enabled; without it the last value counts.
    """
    path, _, query = request.target.partition("?")
    headers = _joined(request.headers)
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
    plain = dict(headers)
    body, encoded = _body(plain, request.body)
    given: dict[str, Any] = {
        "requestContext": {"elb": {"targetGroupArn": group_arn}},
        "httpMethod": request.method,
        "path": path,
    }
    if multi_value:
        given |= {"multiValueQueryStringParameters": _lists(pairs), "multiValueHeaders": _lists(headers)}
    else:
        given |= {"queryStringParameters": dict(pairs), "headers": plain}
    return {**given, "body": body, "isBase64Encoded": encoded}


def _joined(headers: HeaderLines) -> list[tuple[str, str]]:
    """Names in small letters, without those of the connection; HAProxy's X-Forwarded-For is a line of its own."""
    lines = [(name.lower(), value) for name, value in headers if name.lower() not in HOP_BY_HOP]
    sources = ", ".join(value for name, value in lines if name == "x-forwarded-for")
    others = [(name, value) for name, value in lines if name != "x-forwarded-for"]
    return [*others, ("x-forwarded-for", sources)] if sources else others


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _body(headers: dict[str, str], body: bytes) -> tuple[str, bool]:
    """The body as text, or in Base64 where it is encoded, of another type, or no UTF-8."""
    if not body:
        return "", False
    if "content-encoding" not in headers and AS_TEXT.match(headers.get("content-type", "")):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass  # no JSON can hold it as text
    return base64.b64encode(body).decode(), True


def response(payload: bytes, multi_value: bool) -> Response:
    """The response that a function's answer stands for. Raises BadAnswer, which says what is wrong with it."""
    if len(payload) > MOST_BYTES:
        raise BadAnswer(f"its answer has {len(payload)} bytes of JSON, an Application Load Balancer takes {MOST_BYTES}")
    try:
        given = json.loads(payload)
    except ValueError as error:
        raise BadAnswer(f"its answer is no JSON: {error}") from None
    if not isinstance(given, dict):
        raise BadAnswer(f"its answer is no JSON object: {given!r:.80}")
    status = given.get("statusCode")
    if type(status) is not int or not 200 <= status <= 599:
        raise BadAnswer(f"statusCode is {status!r:.80}, expected a number from 200 to 599")
    return Response(status, _reason(given), _headers(given, multi_value), _answer_body(given))


def _reason(given: dict[str, Any]) -> str:
    """`statusDescription` is "200 OK": the number stands there once more."""
    said = given.get("statusDescription") or ""
    if not isinstance(said, str) or not VALUE.fullmatch(said):
        raise BadAnswer(f"statusDescription is {said!r:.80}, expected one line of text")
    return re.sub(r"^\d+\s*", "", said)


def _headers(given: dict[str, Any], multi_value: bool) -> HeaderLines:
    """Only the one of the two fields counts that the target group's attribute asks for."""
    field = "multiValueHeaders" if multi_value else "headers"
    said = given.get(field) or {}
    if not isinstance(said, dict):
        raise BadAnswer(f"{field} is {said!r:.80}, expected an object")
    lines: list[tuple[str, str]] = []
    for name, value in said.items():
        values = value if multi_value else [value]
        if not NAME.fullmatch(name):
            raise BadAnswer(f"{field} has the name {name!r:.80}")
        if not isinstance(values, list) or not all(isinstance(v, str) and VALUE.fullmatch(v) for v in values):
            raise BadAnswer(
                f"{field}[{name!r}] is {value!r:.80}, expected {'a list of texts' if multi_value else 'text'}"
            )
        if name.lower() not in HOP_BY_HOP | {"content-length"}:
            lines += [(name, each) for each in values]
    return tuple(lines)


def _answer_body(given: dict[str, Any]) -> bytes:
    body, encoded = given.get("body") or "", given.get("isBase64Encoded") or False
    if not isinstance(body, str):
        raise BadAnswer(f"body is a JSON {type(body).__name__}, expected text")
    if encoded is not True:
        if encoded is not False:
            raise BadAnswer(f"isBase64Encoded is {encoded!r:.80}, expected true or false")
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadAnswer(f"body is not Base64: {error}") from None
