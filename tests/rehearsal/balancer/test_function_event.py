"""A request as a function's event, and a function's answer as a response: AWS's examples, and what no answer may be."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.balancer.function_event import MOST_BYTES, BadAnswer, Request, Response, event, response

GROUP = "arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/lambda-279XGJDqGZ5rsrHC2Fjr/49e9d65c45c6791a"
HEADERS = (
    ("Host", "payroll.test"),
    ("Cookie", "name1=value1"),
    ("Cookie", "name2=value2"),
    ("X-Forwarded-For", "192.0.2.1"),
    ("Connection", "keep-alive"),
    ("X-Forwarded-For", "10.0.0.1"),
)


def answer(**fields: Any) -> bytes:
    return json.dumps({"statusCode": 200, **fields}).encode()


def test_without_multiple_values_the_last_one_counts() -> None:
    request = Request("GET", "/a%20b?myKey=val1&x=%20&myKey=val2&flag", HEADERS)
    assert event(GROUP, request, multi_value=False) == {
        "requestContext": {"elb": {"targetGroupArn": GROUP}},
        "httpMethod": "GET",
        "path": "/a%20b",
        "queryStringParameters": {"myKey": "val2", "x": "%20", "flag": ""},
        "headers": {"host": "payroll.test", "cookie": "name2=value2", "x-forwarded-for": "192.0.2.1, 10.0.0.1"},
        "body": "",
        "isBase64Encoded": False,
    }


def test_with_multiple_values_all_count() -> None:
    found = event(GROUP, Request("GET", "/?myKey=val1&myKey=val2", HEADERS), multi_value=True)
    assert found["multiValueQueryStringParameters"] == {"myKey": ["val1", "val2"]}
    assert found["multiValueHeaders"]["cookie"] == ["name1=value1", "name2=value2"]
    assert not {"headers", "queryStringParameters"} & set(found)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ((("Content-Type", "application/json; charset=utf-8"),), b'{"a": 1}', ('{"a": 1}', False)),
        ((("Content-Type", "TEXT/csv"),), "é".encode(), ("é", False)),
        ((("Content-Type", "application/json-patch"),), b"{}", ("e30=", True)),
        ((("Content-Type", "text/plain"), ("Content-Encoding", "gzip")), b"{}", ("e30=", True)),
        ((("Content-Type", "text/plain"),), b"\xff", ("/w==", True)),
        ((), b"{}", ("e30=", True)),
        ((), b"", ("", False)),
    ],
)
def test_a_body_is_text_where_its_type_says_so(
    headers: tuple[tuple[str, str], ...], body: bytes, expected: tuple[str, bool]
) -> None:
    found = event(GROUP, Request("POST", "/", headers, body), multi_value=False)
    assert (found["body"], found["isBase64Encoded"]) == expected


names = st.text("abcXYZ-", min_size=1, max_size=8)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)


@given(st.lists(st.tuples(names, values), max_size=6), st.binary(max_size=40), st.booleans())
def test_no_body_and_no_header_gets_lost(headers: list[tuple[str, str]], body: bytes, multi_value: bool) -> None:
    kept = [(name, value) for name, value in headers if name.lower() != "x-forwarded-for"]
    found = json.loads(json.dumps(event(GROUP, Request("PUT", "/", tuple(kept), body), multi_value)))
    plain = found["body"]
    assert (base64.b64decode(plain) if found["isBase64Encoded"] else plain.encode()) == body
    for name, value in kept:
        if multi_value:
            assert value in found["multiValueHeaders"][name.lower()]
        else:
            assert found["headers"][name.lower()] in [v for n, v in kept if n.lower() == name.lower()]


def test_an_answer_becomes_a_response() -> None:
    found = answer(statusDescription="200 OK", headers={"Set-cookie": "a=b", "Connection": "x"}, body="Hello")
    assert response(found, multi_value=False) == Response(200, "OK", (("Set-cookie", "a=b"),), b"Hello")
    assert response(b'{"statusCode": 204}', multi_value=False) == Response(204, "", (), b"")


def test_an_answer_may_have_several_headers_of_one_name_where_the_group_says_so() -> None:
    found = answer(multiValueHeaders={"Set-Cookie": ["a=b", "c=d"]}, headers={"X-Other": "1"})
    assert response(found, multi_value=True).headers == (("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"))
    assert response(found, multi_value=False).headers == (("X-Other", "1"),)


@given(st.binary(max_size=60))
def test_bytes_come_back_from_base64(body: bytes) -> None:
    found = answer(body=base64.b64encode(body).decode(), isBase64Encoded=True)
    assert response(found, multi_value=False).body == body


@pytest.mark.parametrize(
    ("payload", "what"),
    [
        (b"", "no JSON"),
        (b"null", "no JSON object"),
        (b'"text"', "no JSON object"),
        (b"{}", "statusCode is None"),
        (answer(statusCode="200"), "statusCode is '200'"),
        (answer(statusCode=True), "statusCode is True"),
        (answer(statusCode=99), "statusCode is 99"),
        (answer(statusDescription="a\nb"), "statusDescription"),
        (answer(headers=["a"]), "headers is"),
        (answer(headers={"a": 1}), "'a'.* is 1, expected text"),
        (answer(headers={"a": "b\r\nc: d"}), "'a'"),
        (answer(headers={"a b": "c"}), "name 'a b'"),
        (answer(body={"a": 1}), "body is a JSON dict"),
        (answer(body="?", isBase64Encoded=True), "not Base64"),
        (answer(isBase64Encoded="true"), "isBase64Encoded"),
        (answer(body="x" * MOST_BYTES), "bytes of JSON"),
    ],
)
def test_an_answer_that_is_no_response_is_named(payload: bytes, what: str) -> None:
    with pytest.raises(BadAnswer, match=what):
        response(payload, multi_value=False)


def test_headers_of_one_value_are_no_list_where_several_are_asked_for() -> None:
    with pytest.raises(BadAnswer, match="expected a list of texts"):
        response(answer(multiValueHeaders={"a": "b"}), multi_value=True)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("statusCode", "statusDescription", "headers", "multiValueHeaders", "body", "isBase64Encoded")


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.booleans())
def test_no_answer_breaks_the_head_of_a_response(fields: dict[str, Any], multi_value: bool) -> None:
    try:
        found = response(json.dumps({"statusCode": 200, **fields}).encode(), multi_value)
    except BadAnswer:
        return
    assert 200 <= found.status <= 599
    assert not any(c in text for pair in found.headers for text in (*pair, found.reason) for c in "\r\n\0")
