"""What can be read of stacks: templates, resources, events, summaries."""

import json
from typing import Any

from tests.rehearsal.cloudformation.pieces import broken, parameter, topic


def test_the_template_comes_back_as_the_text_that_was_given(embedded: Any, name: str) -> None:
    text = "# a comment\nResources:\n  T: {Type: AWS::SNS::Topic}\n"
    embedded.create(name, text)
    assert embedded.cloudformation.get_template(StackName=name)["TemplateBody"] == text


def test_a_template_in_s3_is_read_from_there(embedded: Any, name: str) -> None:
    s3 = embedded.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    body = json.dumps({"Resources": {"T": topic()}})
    s3.put_object(Bucket=name, Key="a/b.json", Body=body.encode())
    stack = embedded.cloudformation.create_stack(StackName=name, TemplateURL=f"{embedded.url}/{name}/a/b.json")
    assert embedded.settled(stack["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    missing = embedded.refusal("create_stack", StackName=f"{name}-2", TemplateURL=f"{embedded.url}/{name}/none")
    assert "S3 error" in missing


def test_a_secret_parameter_is_never_told(embedded: Any, name: str) -> None:
    template = {
        "Parameters": {"P": {"Type": "String", "NoEcho": True}},
        "Resources": {"T": topic()},
    }
    stack = embedded.create(name, template, Parameters=[{"ParameterKey": "P", "ParameterValue": "hidden"}])
    assert stack["Parameters"][0]["ParameterValue"] == "****"


def test_resources_are_found_by_their_physical_id(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"P": parameter(f"/{name}", "x")}})
    found = embedded.cloudformation.describe_stack_resources(PhysicalResourceId=f"/{name}")["StackResources"]
    assert [(r["StackName"], r["LogicalResourceId"]) for r in found] == [(name, "P")]


def test_failed_events_can_be_asked_for_alone(embedded: Any, name: str) -> None:
    stack = embedded.create(name, {"Resources": {"T": topic(), "S": broken(DependsOn="T")}})
    found = embedded.cloudformation.describe_events(StackName=stack["StackId"], Filters={"FailedEvents": True})
    assert [(e["LogicalResourceId"], e["EventType"]) for e in found["OperationEvents"]] == [("S", "PROVISIONING_ERROR")]


def test_a_deleted_stack_is_found_by_its_id_only(embedded: Any, name: str) -> None:
    stack = embedded.create(name, {"Resources": {"T": topic()}})
    embedded.delete(name)
    assert "does not exist" in embedded.refusal("describe_stacks", StackName=name)
    found = embedded.cloudformation.describe_stacks(StackName=stack["StackId"])["Stacks"][0]
    assert found["StackStatus"] == "DELETE_COMPLETE"
    statuses = embedded.cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert name in [s["StackName"] for s in statuses]


def test_a_summary_tells_parameters_and_types(embedded: Any) -> None:
    body = json.dumps({"Parameters": {"P": {"Type": "Number", "Default": 1}}, "Resources": {"T": topic()}})
    found = embedded.cloudformation.get_template_summary(TemplateBody=body)
    assert found["ResourceTypes"] == ["AWS::SNS::Topic"]
    assert (found["Parameters"][0]["ParameterType"], found["Parameters"][0]["DefaultValue"]) == ("Number", "1")
