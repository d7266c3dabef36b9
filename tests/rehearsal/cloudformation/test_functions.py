"""AWS::Lambda: functions, versions, aliases, permissions, asynchronous invocation, through templates."""

import io
import json
import time
import zipfile
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.moto_hooks.awslambda import weighted
from tests.rehearsal.cloudformation.pieces import Json

TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}}


def of(kind: str, /, **properties: Any) -> Json:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def source(says: str) -> str:
    return f"def handler(event, context):\n    return [{says!r}, context.invoked_function_arn, event]\n"


def function(says: str = "one", **more: Any) -> Json:
    standard = {"Runtime": "python3.12", "Handler": "index.handler", "Code": {"ZipFile": source(says)}, "Timeout": 20}
    return of("Lambda::Function", **{**standard, "Role": {"Fn::GetAtt": ["R", "Arn"]}, **more})


def stack(embedded: Any, name: str, function: Json, **others: Json) -> Json:
    template = {"Resources": {"R": ROLE, "F": function, **others}}
    there = embedded.cloudformation.list_stacks(StackStatusFilter=["CREATE_COMPLETE", "UPDATE_COMPLETE"])
    exists = any(s["StackName"] == name for s in there["StackSummaries"])
    made: Json = embedded.update(name, template) if exists else embedded.create(name, template)
    return made


def invoke(embedded: Any, function_name: str, event: Any = None, **more: Any) -> Any:
    answer = embedded.client("lambda").invoke(FunctionName=function_name, Payload=json.dumps(event), **more)
    return json.loads(answer["Payload"].read() or "null")


def test_inline_code_runs_changes_in_place_and_is_removed(embedded: Any, name: str) -> None:
    settings = {"MemorySize": 256, "TracingConfig": {"Mode": "Active"}, "Environment": {"Variables": {"A": "1"}}}
    made = stack(embedded, name, function("one", ReservedConcurrentExecutions=5, **settings))
    assert made["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(name)
    identifier = embedded.physical_id(name, "F")
    arn = f"arn:aws:lambda:eu-west-1:123400000001:function:{identifier}"
    assert invoke(embedded, identifier, {"a": 1}) == ["one", arn, {"a": 1}]
    logging = {"LoggingConfig": {"LogGroup": f"/own/{name}"}, "TracingConfig": {"Mode": "PassThrough"}}
    made = stack(embedded, name, function("two", Description="d", Tags=[{"Key": "a", "Value": "b"}], **logging))
    assert made["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert embedded.physical_id(name, "F") == identifier
    assert invoke(embedded, identifier)[0] == "two"
    found = embedded.client("lambda").get_function(FunctionName=identifier)
    configuration = found["Configuration"]
    assert configuration["TracingConfig"]["Mode"] == "PassThrough"
    assert configuration["LoggingConfig"]["LogGroup"] == f"/own/{name}"
    assert configuration["Description"] == "d"
    assert found["Tags"] == {"a": "b"}
    assert "Concurrency" not in found
    assert embedded.client("logs").filter_log_events(logGroupName=f"/own/{name}")["events"]
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(made["StackId"])
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        embedded.client("lambda").get_function(FunctionName=identifier)


def test_a_package_from_s3_runs(embedded: Any, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("deep/module.py", "from deep.other import WORD\ndef main(e, c): return WORD")
        archive.writestr("deep/other.py", "WORD = 'word'")
    s3 = embedded.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=name, Key="code.zip", Body=buffer.getvalue())
    stack(embedded, name, function(Code={"S3Bucket": name, "S3Key": "code.zip"}, Handler="deep/module.main"))
    assert invoke(embedded, embedded.physical_id(name, "F")) == "word"


def test_a_function_acts_in_its_own_account_as_its_role(embedded: Any, name: str) -> None:
    code = "import boto3\ndef handler(e, c): return boto3.client('sts').get_caller_identity()['Arn']"
    stack(embedded, name, function(Code={"ZipFile": code}))
    function_name, role = embedded.physical_id(name, "F"), embedded.physical_id(name, "R")
    found = invoke(embedded, function_name)
    assert found == f"arn:aws:sts::123400000001:assumed-role/{role}/{function_name}"


def test_a_name_of_one_letter_is_long_enough(embedded: Any, name: str) -> None:
    stack(embedded, name, function("one", FunctionName="f"))
    assert invoke(embedded, "f")[0] == "one"
    embedded.delete(name)


def test_an_error_of_the_function_is_no_error_of_the_call(embedded: Any, name: str) -> None:
    stack(embedded, name, function(Code={"ZipFile": "def handler(e, c): raise ValueError('no')"}))
    answer = embedded.client("lambda").invoke(FunctionName=embedded.physical_id(name, "F"), LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorMessage"] == "no"
    assert answer["LogResult"]


def test_other_runtimes_are_made_and_refused_when_they_are_invoked(embedded: Any, name: str) -> None:
    made = stack(embedded, name, function(Runtime="nodejs22.x", Code={"ZipFile": "exports.handler = async () => 1"}))
    assert made["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match=r"runtime nodejs22.x: a rehearsal runs python3.\* only"):
        invoke(embedded, embedded.physical_id(name, "F"))


@pytest.mark.parametrize(
    ("property_name", "value"), [("RecursiveLoop", "Allow"), ("RuntimeManagementConfig", {"UpdateRuntimeOn": "Auto"})]
)
def test_a_setting_that_nobody_would_keep_is_refused(embedded: Any, name: str, property_name: str, value: Any) -> None:
    made = stack(embedded, name, function(**{property_name: value}))
    assert f"{property_name}: not emulated" in embedded.reasons(made["StackId"])


def alias(**more: Any) -> Json:
    standard = {"FunctionName": {"Ref": "F"}, "Name": "live", "FunctionVersion": {"Fn::GetAtt": ["V", "Version"]}}
    return of("Lambda::Alias", **{**standard, **more})


VERSION = of("Lambda::Version", FunctionName={"Ref": "F"})


def test_an_alias_leads_to_its_version_and_is_moved_in_place(embedded: Any, name: str) -> None:
    others = {"V": VERSION, "A": alias()}
    made = stack(embedded, name, function("one"), **others)
    assert made["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(name)
    live = embedded.physical_id(name, "A")
    assert invoke(embedded, live)[:2] == ["one", live]
    later = {**others, "V2": VERSION, "A": alias(FunctionVersion={"Fn::GetAtt": ["V2", "Version"]})}
    stack(embedded, name, function("two"), **others)
    assert invoke(embedded, live)[0] == "one"
    made = stack(embedded, name, function("two"), **later)
    assert made["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert invoke(embedded, live)[0] == "two"
    weights = {
        "AdditionalVersionWeights": [{"FunctionVersion": {"Fn::GetAtt": ["V2", "Version"]}, "FunctionWeight": 1}]
    }
    stack(embedded, name, function("two"), **{**later, "A": alias(RoutingConfig=weights)})
    assert invoke(embedded, live)[0] == "two"
    shown = embedded.client("lambda").get_alias(FunctionName=embedded.physical_id(name, "F"), Name="live")
    assert shown["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 1.0}
    stack(embedded, name, function("two"), **{**later, "A": alias()})
    assert invoke(embedded, live)[0] == "one"
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(made["StackId"])


def test_weights_share_the_invocations_out() -> None:
    routing = {"AdditionalVersionWeights": {"2": 0.25}}
    chosen = Counter(weighted("1", routing, dice / 100) for dice in range(100))
    assert chosen == {"1": 75, "2": 25}
    assert weighted("1", None) == "1"


def test_a_permission_is_in_the_policy_until_it_is_taken_away(embedded: Any, name: str) -> None:
    allowed = of(
        "Lambda::Permission",
        FunctionName={"Ref": "F"},
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn="arn:aws:events:eu-west-1:123400000001:rule/r",
    )
    stack(embedded, name, function(), P=allowed)
    client, function_name = embedded.client("lambda"), embedded.physical_id(name, "F")
    statement = json.loads(client.get_policy(FunctionName=function_name)["Policy"])["Statement"][0]
    assert statement["Sid"] == embedded.physical_id(name, "P")
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    changed = {**allowed, "Properties": {**allowed["Properties"], "Principal": "sns.amazonaws.com"}}
    assert stack(embedded, name, function(), P=changed)["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    statements = json.loads(client.get_policy(FunctionName=function_name)["Policy"])["Statement"]
    assert [s["Principal"] for s in statements] == [{"Service": "sns.amazonaws.com"}]
    assert stack(embedded, name, function())["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        client.get_policy(FunctionName=function_name)


def test_a_topic_invokes_the_function_that_subscribes_to_it(embedded: Any, name: str) -> None:
    topic = of("SNS::Topic")
    subscription = of(
        "SNS::Subscription", TopicArn={"Ref": "T"}, Protocol="lambda", Endpoint={"Fn::GetAtt": ["F", "Arn"]}
    )
    code = {"ZipFile": "def handler(e, c): print('told:', e['Records'][0]['Sns']['Message'])"}
    stack(embedded, name, function(Code=code, LoggingConfig={"LogGroup": f"/own/{name}"}), T=topic, S=subscription)
    embedded.client("sns").publish(TopicArn=embedded.physical_id(name, "T"), Message="hello")
    events = embedded.client("logs").filter_log_events(logGroupName=f"/own/{name}")["events"]
    assert "told: hello" in [e["message"] for e in events]
    embedded.delete(name)


def test_an_asynchronous_invocation_that_fails_is_tried_again_and_its_record_sent(embedded: Any, name: str) -> None:
    sqs = embedded.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    config = of(
        "Lambda::EventInvokeConfig",
        FunctionName={"Ref": "F"},
        Qualifier="$LATEST",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:sqs:eu-west-1:123400000001:{name}"}},
    )
    code = {"ZipFile": "def handler(e, c): raise ValueError('no')"}
    made = stack(embedded, name, function(Code=code), C=config)
    assert made["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(name)
    client, function_name = embedded.client("lambda"), embedded.physical_id(name, "F")
    shown = client.get_function_event_invoke_config(FunctionName=function_name, Qualifier="$LATEST")
    assert shown["MaximumRetryAttempts"] == 1
    assert client.invoke(FunctionName=function_name, InvocationType="Event", Payload="{}")["StatusCode"] == 202
    end = time.monotonic() + 20
    messages: list[Json] = []
    while not messages:
        assert time.monotonic() < end
        messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages", [])
    record = json.loads(messages[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"]["errorMessage"] == "no"
    config["Properties"]["MaximumRetryAttempts"] = 0
    assert stack(embedded, name, function(Code=code), C=config)["StackStatus"] == "UPDATE_COMPLETE"
    shown = client.get_function_event_invoke_config(FunctionName=function_name, Qualifier="$LATEST")
    assert shown["MaximumRetryAttempts"] == 0
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(made["StackId"])


def test_a_failed_update_goes_back_to_the_code_of_before(embedded: Any, name: str) -> None:
    stack(embedded, name, function("one"))
    bad = {**of("EC2::Subnet", VpcId="vpc-0", CidrBlock="1.2.3.0/24"), "DependsOn": "F"}
    made = stack(embedded, name, function("two"), B=bad)
    assert made["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert invoke(embedded, embedded.physical_id(name, "F"))[0] == "one"
