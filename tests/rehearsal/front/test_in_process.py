"""The front asked without a socket: the same answers, in the thread that asks."""

import threading
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from werkzeug.wrappers import Request, Response

from rehearsal.front.clients import Clients

ACCOUNT, REGION = "444444444444", "eu-west-1"
NOBODY = "http://localhost:1"  # a request that goes over HTTP is refused


class Echo:
    """Answers S3 with the path that it was asked for, and remembers by whom."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        self.threads.append(threading.get_ident())
        headers = {"x-amz-meta-path": request.path, "x-amz-meta-raw": environ["RAW_URI"]}
        return Response("text", headers=headers, content_type="text/plain")(environ, start_response)


@pytest.fixture
def s3() -> tuple[Any, Echo]:
    clients, echo = Clients(NOBODY), Echo()
    clients.connect(echo)
    return clients.get("s3", ACCOUNT, REGION), echo


def test_the_thread_that_asks_answers(s3: tuple[Any, Echo]) -> None:
    client, echo = s3
    client.head_object(Bucket="b", Key="k")
    assert echo.threads == [threading.get_ident()]


def test_a_path_arrives_decoded_and_as_it_was_sent(s3: tuple[Any, Echo]) -> None:
    client, _ = s3
    found = client.head_object(Bucket="b", Key="a key/100%+b")["Metadata"]
    assert found == {"path": "/b/a key/100%+b", "raw": "/b/a%20key/100%25%2Bb"}


def test_an_answer_is_read_as_a_stream(s3: tuple[Any, Echo]) -> None:
    client, _ = s3
    body = client.get_object(Bucket="b", Key="k")["Body"]
    assert (body.read(2), body.read()) == (b"te", b"xt")


def test_a_body_that_is_a_stream_goes_over_http(s3: tuple[Any, Echo]) -> None:
    client, echo = s3
    with pytest.raises(EndpointConnectionError):
        client.put_object(Bucket="b", Key="k", Body=BytesIO(b"text"))
    assert echo.threads == []
