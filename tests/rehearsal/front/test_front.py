"""Who answers a request, over real HTTP with real boto3 clients."""

import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from rehearsal.front.app import Front
from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError, Caller, PassOn

ACCOUNT, REGION = "444444444444", "eu-west-1"


class Refreshes:
    """A service of our own beside moto's: query protocol."""

    name = "autoscaling"
    operations = frozenset({"StartInstanceRefresh", "CancelInstanceRefresh", "RollbackInstanceRefresh"})

    def __init__(self) -> None:
        self.asked: list[tuple[Caller, str, dict[str, Any]]] = []

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((caller, operation, request))
        if operation == "CancelInstanceRefresh":
            raise AwsError("ActiveInstanceRefreshNotFound", "there is <none> & never was")
        if operation == "RollbackInstanceRefresh":
            raise ZeroDivisionError("a fault")
        return {"InstanceRefreshId": "refresh-1"}


class Everything:
    """A service that is wholly ours: JSON protocol."""

    name = "cloudtrail"
    operations = None

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        return {"Events": [{"EventName": caller.account}]}


class Some:
    """A service that answers an operation, but not for every request."""

    name = "sqs"
    operations = frozenset({"GetQueueUrl"})

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if request["QueueName"] != "ours":
            raise PassOn
        return {"QueueUrl": "https://ours"}


class Longer:
    """Completes moto's answers, in the query protocol and in a REST one."""

    def __init__(self, name: str, operation: str, **more: Any) -> None:
        self.name = name
        self.operations = frozenset({operation})
        self._more = more

    def complete(
        self, caller: Caller, operation: str, request: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        return {**answer, **self._more}


@pytest.fixture(scope="module")
def refreshes() -> Refreshes:
    return Refreshes()


@pytest.fixture(scope="module", params=["over HTTP", "in the same process"])
def clients(request: pytest.FixtureRequest, refreshes: Refreshes) -> Iterator[Clients]:
    clients = Clients("http://localhost:0")
    front = Front({"AKIAKNOWN": ACCOUNT}.get, clients.access_key)
    front.add(refreshes)
    front.add(Everything())
    front.add(Some())
    front.add_completion(Longer("sns", "CreateTopic", TopicArn="completed"))
    front.add_completion(Longer("guardduty", "CreateDetector", DetectorId="completed"))
    front.add_page("hello", lambda: '{"hello": "world"}')
    front.add_receiver("answers", lambda key, body: (key, body) == ("one/key", b"text"))
    server = make_server("127.0.0.1", 0, front, threaded=True, request_handler=MotoRequestHandler)
    clients.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    if request.param == "in the same process":
        clients.connect(front)
    yield clients
    server.shutdown()
    thread.join()


def outsider(clients: Clients, service: str, key: str) -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=clients.url,
        aws_access_key_id=key,
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}),
    )


def test_an_operation_of_our_own_gets_its_request_in_botocores_shape(clients: Clients, refreshes: Refreshes) -> None:
    asked = {
        "AutoScalingGroupName": "web",
        "Preferences": {"MinHealthyPercentage": 100, "CheckpointPercentages": [50, 100]},
    }
    answer = clients.get("autoscaling", ACCOUNT, REGION).start_instance_refresh(**asked)
    assert answer["InstanceRefreshId"] == "refresh-1"
    assert refreshes.asked[-1] == (Caller(ACCOUNT, REGION), "StartInstanceRefresh", asked)


def test_other_operations_of_the_same_service_are_motos(clients: Clients) -> None:
    assert clients.get("autoscaling", ACCOUNT, REGION).describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_a_refusal_reaches_the_client_with_its_code_and_text(clients: Clients) -> None:
    with pytest.raises(ClientError, match="there is <none> & never was") as error:
        clients.get("autoscaling", ACCOUNT, REGION).cancel_instance_refresh(AutoScalingGroupName="web")
    assert error.value.response["Error"]["Code"] == "ActiveInstanceRefreshNotFound"


def test_a_fault_of_ours_is_an_error_that_no_sdk_retries(clients: Clients) -> None:
    with pytest.raises(ClientError, match="ZeroDivisionError: a fault") as error:
        clients.get("autoscaling", ACCOUNT, REGION).rollback_instance_refresh(AutoScalingGroupName="web")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_fault_of_motos_is_an_error_that_no_sdk_retries(clients: Clients) -> None:
    unfinished = clients.get("ec2", ACCOUNT, REGION)
    with pytest.raises(ClientError) as error:
        unfinished.enable_image_deprecation(ImageId="ami-1", DeprecateAt="2030-01-01T00:00:00Z")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert "moto cannot answer" in error.value.response["Error"]["Message"]


def test_json_services_work_the_same_way(clients: Clients) -> None:
    events = clients.get("cloudtrail", ACCOUNT, REGION).lookup_events()["Events"]
    assert events[0]["EventName"] == ACCOUNT


def test_our_own_services_may_speak_for_any_account(clients: Clients) -> None:
    for account in ("111111111111", "666666666666"):
        assert clients.get("sts", account, REGION).get_caller_identity()["Account"] == account


def test_a_known_key_speaks_for_its_own_account_only(clients: Clients) -> None:
    client = outsider(clients, "sts", "AKIAKNOWN")
    client.meta.events.register(
        "before-call", lambda params, **_: params["headers"].__setitem__("x-moto-account-id", "555555555555")
    )
    assert client.get_caller_identity()["Account"] == ACCOUNT


def test_a_key_that_nobody_issued_is_refused(clients: Clients) -> None:
    with pytest.raises(ClientError) as error:
        outsider(clients, "sts", "AKIASTRANGER").get_caller_identity()
    assert error.value.response["Error"]["Code"] == "InvalidClientTokenId"


def test_a_request_that_a_service_passes_on_is_motos(clients: Clients) -> None:
    sqs = clients.get("sqs", ACCOUNT, REGION)
    made = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    assert sqs.get_queue_url(QueueName="ours")["QueueUrl"] == "https://ours"
    assert sqs.get_queue_url(QueueName="theirs")["QueueUrl"] == made


def test_motos_answer_is_completed_and_its_refusal_left_alone(clients: Clients) -> None:
    sns = clients.get("sns", ACCOUNT, REGION)
    assert sns.create_topic(Name="t")["TopicArn"] == "completed"
    assert [t["TopicArn"].rsplit(":", 1)[1] for t in sns.list_topics()["Topics"]] == ["t"]
    assert clients.get("guardduty", ACCOUNT, REGION).create_detector(Enable=True)["DetectorId"] == "completed"
    with pytest.raises(ClientError) as error:
        sns.create_topic(Name="not a name")
    assert error.value.response["Error"]["Code"] == "InvalidParameter"


def test_bytes_pass_through_to_moto_unchanged(clients: Clients) -> None:
    s3 = clients.get("s3", ACCOUNT, REGION)
    bucket = f"bytes-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="all", Body=bytes(range(256)))
    assert s3.get_object(Bucket=bucket, Key="all")["Body"].read() == bytes(range(256))


def test_the_rehearsals_own_pages_are_beside_the_services(clients: Clients) -> None:
    with urllib.request.urlopen(f"{clients.url}/kiln/hello", timeout=5) as answer:
        assert answer.read() == b'{"hello": "world"}'


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("answers/one/key", b"text", 200), ("answers/another", b"text", 404), ("nobody/one/key", b"text", 404)],
)
def test_what_is_put_to_a_receiver_is_taken_only_if_somebody_waits_for_it(
    clients: Clients, path: str, body: bytes, status: int
) -> None:
    request = urllib.request.Request(f"{clients.url}/kiln/{path}", data=body, method="PUT")
    try:
        found = urllib.request.urlopen(request, timeout=5).status
    except urllib.error.HTTPError as error:
        found = error.code
    assert found == status
