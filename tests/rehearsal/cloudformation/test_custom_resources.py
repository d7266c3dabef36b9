"""Custom resources: a function of the template makes, changes and removes them, as CloudFormation asks it to."""

import json
import time
from typing import Any

from tests.rehearsal.cloudformation.pieces import Json, broken, parameter

# Keeps every request in a parameter, and answers as its properties say.
SOURCE = """
import json, urllib.request
import boto3

def handler(event, context):
    asked = event["ResourceProperties"]
    ssm = boto3.client("ssm")
    name = asked["Journal"]
    try:
        journal = json.loads(ssm.get_parameter(Name=name)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        journal = []
    shown = {k: v for k, v in event.items() if k != "ResponseURL"}
    ssm.put_parameter(Name=name, Type="String", Overwrite=True, Tier="Advanced", Value=json.dumps([*journal, shown]))
    print("asked for", event["RequestType"])
    if asked.get("Crash") == event["RequestType"]:
        raise RuntimeError("no answer from here")
    failed = asked.get("Fail") == event["RequestType"]
    answer = {
        "Status": "FAILED" if failed else "SUCCESS",
        "Reason": "because it was asked to",
        "PhysicalResourceId": asked.get("Id") or "thing",
        "StackId": event["StackId"],
        "RequestId": "another" if asked.get("Lie") else event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": asked.get("Secret") == "true",
        "Data": {"Twice": asked.get("Word", "") * 2},
    }
    if asked.get("Silent"):
        return
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"Content-Type": ""})
    urllib.request.urlopen(request).close()
"""
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


def template(name: str, more: Json | None = None, **properties: Any) -> Json:
    """A role, a function and the custom resource X, which keeps its requests in /NAME."""
    function = {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": SOURCE},
        "Role": {"Fn::GetAtt": ["R", "Arn"]},
        "Timeout": 30,
    }
    token = {"ServiceToken": {"Fn::GetAtt": ["F", "Arn"]}}
    resources = {
        "R": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "F": {"Type": "AWS::Lambda::Function", "Properties": function},
        "X": {"Type": "Custom::Thing", "Properties": {**token, "Journal": f"/{name}", **properties}},
        **(more or {}),
    }
    return {"Resources": resources}


def journal(embedded: Any, name: str) -> list[Json]:
    found: list[Json] = json.loads(embedded.parameter(f"/{name}"))
    return found


def kinds(embedded: Any, name: str) -> list[tuple[str, str | None]]:
    return [(e["RequestType"], e.get("PhysicalResourceId")) for e in journal(embedded, name)]


def test_it_is_made_read_changed_and_removed_by_its_function(embedded: Any, name: str) -> None:
    reader = {"P": parameter(f"/{name}/read", {"Fn::GetAtt": ["X", "Twice"]})}
    stack = embedded.create(name, template(name, reader, Word="ab", Flag=True, Number=5))
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    assert embedded.physical_id(name, "X") == "thing"
    assert embedded.parameter(f"/{name}/read") == "abab"
    stack = embedded.update(name, template(name, reader, Word="cd", Flag=True, Number=5))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert embedded.parameter(f"/{name}/read") == "cdcd"
    made, changed = journal(embedded, name)
    assert made["ResourceProperties"]["Flag"] == "true"
    assert made["ResourceProperties"]["Number"] == "5"
    assert made["StackId"] == stack["StackId"]
    assert made["ResourceType"] == "Custom::Thing"
    assert changed["OldResourceProperties"] == made["ResourceProperties"]
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
    assert kinds(embedded, name) == [("Create", None), ("Update", "thing"), ("Delete", "thing")]


def test_the_type_without_a_name_of_its_own_is_the_same(embedded: Any, name: str) -> None:
    body = template(name)
    body["Resources"]["X"]["Type"] = "AWS::CloudFormation::CustomResource"
    embedded.create(name, body)
    assert journal(embedded, name)[0]["ResourceType"] == "AWS::CloudFormation::CustomResource"
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_its_log_lines_are_in_cloudwatch_logs(embedded: Any, name: str) -> None:
    embedded.create(name, template(name))
    group = f"/aws/lambda/{embedded.physical_id(name, 'F')}"
    logs = embedded.client("logs")

    def messages() -> list[str]:  # the function answers before it has ended, and its log comes after that
        groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        return [e["message"] for e in logs.filter_log_events(logGroupName=group)["events"]] if groups else []

    end = time.monotonic() + 10
    while "asked for Create" not in messages():
        assert time.monotonic() < end, messages()
        time.sleep(0.05)
    embedded.delete(name)


def test_a_refusal_fails_the_stack_with_its_reason_and_is_rolled_back(embedded: Any, name: str) -> None:
    stack = embedded.create(name, template(name, Fail="Create"))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "[FAILED] from custom resource. Message returned: because it was asked to" in embedded.reasons(
        stack["StackId"]
    )
    assert kinds(embedded, name) == [("Create", None), ("Delete", "thing")]


def test_a_function_that_crashes_fails_the_stack_at_once(embedded: Any, name: str) -> None:
    stack = embedded.create(name, template(name, Crash="Create"))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "failed without an answer: RuntimeError: no answer from here" in embedded.reasons(stack["StackId"])


def test_an_answer_to_another_request_is_refused(embedded: Any, name: str) -> None:
    stack = embedded.create(name, template(name, Lie="Create"), OnFailure="DO_NOTHING")
    assert "Invalid response: RequestId must be as in the request" in embedded.reasons(stack["StackId"])


def test_an_answer_that_does_not_come_is_waited_for_as_long_as_service_timeout_says(embedded: Any, name: str) -> None:
    stack = embedded.create(name, template(name, Silent=True, ServiceTimeout=1), OnFailure="DO_NOTHING")
    assert stack["StackStatus"] == "CREATE_FAILED"
    reasons = embedded.reasons(stack["StackId"])
    assert "CloudFormation did not receive a response from your Custom Resource" in reasons


def test_another_physical_id_replaces_it_and_the_old_one_goes_in_the_clean_up(embedded: Any, name: str) -> None:
    embedded.create(name, template(name, Id="one"))
    stack = embedded.update(name, template(name, Id="two"))
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert embedded.physical_id(name, "X") == "two"
    assert kinds(embedded, name) == [("Create", None), ("Update", "one"), ("Delete", "one")]
    assert journal(embedded, name)[-1]["ResourceProperties"]["Id"] == "one"
    embedded.delete(name)


def test_a_rollback_asks_for_the_old_properties_and_deletes_what_the_update_has_made(embedded: Any, name: str) -> None:
    embedded.create(name, template(name, Id="one"))
    stack = embedded.update(name, template(name, {"B": broken(DependsOn="X")}, Id="two"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", embedded.reasons(name)
    assert embedded.physical_id(name, "X") == "one"
    assert kinds(embedded, name) == [("Create", None), ("Update", "one"), ("Update", "two"), ("Delete", "two")]
    embedded.delete(name)
    assert kinds(embedded, name)[-1] == ("Delete", "one")


def test_no_echo_masks_what_it_gives_in_the_events_of_others(embedded: Any, name: str) -> None:
    reader = {"P": parameter(f"/{name}/read", {"Fn::GetAtt": ["X", "Twice"]})}
    embedded.create(name, template(name, reader, Word="swordfish", Secret=True))
    shown = [e["ResourceProperties"] for e in embedded.events(name) if e["LogicalResourceId"] == "P"]
    assert embedded.parameter(f"/{name}/read") == "swordfishswordfish"
    assert any("****" in properties for properties in shown if properties)
    assert all("swordfishswordfish" not in (properties or "") for properties in shown)
    embedded.delete(name)


def test_an_attribute_that_the_answer_does_not_have_fails_and_says_which_there_are(embedded: Any, name: str) -> None:
    reader = {"P": parameter(f"/{name}/read", {"Fn::GetAtt": ["X", "Thrice"]})}
    stack = embedded.create(name, template(name, reader))
    assert "doesn't contain Thrice attribute (there are: Twice)" in embedded.reasons(stack["StackId"])


def test_a_service_token_that_is_no_function_is_refused_before_anything_is_asked(embedded: Any, name: str) -> None:
    topic = "arn:aws:sns:eu-west-1:123400000001:topic"
    stack = embedded.create(name, template(name, ServiceToken=topic))
    assert "ServiceToken: expected the ARN of a function" in embedded.reasons(stack["StackId"])


def test_a_refused_deletion_keeps_it_and_fails_the_deletion_of_the_stack(embedded: Any, name: str) -> None:
    embedded.create(name, template(name, Fail="Delete"))
    stack = embedded.delete(name)
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "because it was asked to" in embedded.reasons(stack["StackId"])


def test_a_change_set_does_not_foresee_what_a_function_will_answer(embedded: Any, name: str) -> None:
    reader = {"P": parameter(f"/{name}/read", {"Fn::GetAtt": ["X", "Twice"]})}
    embedded.create(name, template(name, reader, Word="ab"))
    changes = embedded.change_set(name, template(name, reader, Word="cd"))["Changes"]
    details = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"]["Details"] for c in changes}
    assert details["P"][0]["Evaluation"] == "Dynamic"
    embedded.delete(name)


def test_inline_code_answers_with_the_module_that_cloudformation_puts_beside_it(embedded: Any, name: str) -> None:
    body = template(name)
    answers = "def handler(e, c): cfnresponse.send(e, c, cfnresponse.SUCCESS, {'A': 'b'}, reason='as asked')"
    body["Resources"]["F"]["Properties"]["Code"] = {"ZipFile": f"import cfnresponse\n{answers}"}
    body["Outputs"] = {"A": {"Value": {"Fn::GetAtt": ["X", "A"]}}}
    stack = embedded.create(name, body)
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    assert stack["Outputs"][0]["OutputValue"] == "b"
    stream = embedded.physical_id(name, "X")
    assert "[$LATEST]" in stream
    embedded.delete(name)
