"""Whatever nobody would honour is refused, with the reason: types, properties, policies, options of requests."""

import json
from typing import Any

import pytest

from tests.rehearsal.cloudformation.pieces import Json, topic

BODY = json.dumps({"Resources": {"T": topic()}})


def failure(embedded: Any, name: str, resource: Json) -> str:
    """The reasons of a stack of one resource, which must fail and be rolled back."""
    stack = embedded.create(name, {"Resources": {"X": resource}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    return str(embedded.reasons(stack["StackId"]))


def test_a_type_that_is_not_emulated_fails_the_stack(embedded: Any, name: str) -> None:
    assert "resource type AWS::Neptune::DBCluster is not emulated" in failure(
        embedded, name, {"Type": "AWS::Neptune::DBCluster", "Properties": {}}
    )


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        (topic(Colour="red"), "extraneous key [Colour]"),
        (topic(DeliveryStatusLogging=[]), "DeliveryStatusLogging: not emulated"),
        ({"Type": "AWS::EC2::VPC", "Properties": {"VpcId": "vpc-1"}}, "VpcId is read-only"),
        ({"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicRead"}}, "PublicRead is not emulated"),
        (
            {"Type": "AWS::S3::Bucket", "Properties": {"AccelerateConfiguration": {"AccelerationStatus": "Enabled"}}},
            "AccelerateConfiguration: not emulated",
        ),
        (
            {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "LifecycleConfiguration": {
                        "Rules": [{"Status": "Enabled", "TagFilters": [{"Key": "a", "Value": "b"}]}]
                    }
                },
            },
            "TagFilters: not emulated",
        ),
        ({**topic(), "UpdatePolicy": {"UseOnlineResharding": True}}, "UpdatePolicy"),
    ],
)
def test_a_property_that_nobody_would_honour_fails_the_stack(
    embedded: Any, name: str, resource: Json, said: str
) -> None:
    assert said in failure(embedded, name, resource)


def test_nothing_is_made_before_a_property_is_refused(embedded: Any, name: str) -> None:
    failure(embedded, name, topic(TopicName=name, DeliveryStatusLogging=[]))
    assert name not in str(embedded.client("sns").list_topics()["Topics"])


def test_an_update_that_nobody_would_carry_out_fails_and_names_the_property(embedded: Any, name: str) -> None:
    def template(everywhere: bool) -> Json:
        return {"Resources": {"K": {"Type": "AWS::KMS::Key", "Properties": {"MultiRegion": everywhere}}}}

    embedded.create(name, template(False))
    assert embedded.update(name, template(True))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "an update of AWS::KMS::Key's MultiRegion is not emulated" in embedded.reasons(name)


@pytest.mark.parametrize("policy", ["AutoScalingRollingUpdate", "AutoScalingReplacingUpdate"])
def test_the_older_update_policies_of_groups_are_refused_from_the_start(embedded: Any, name: str, policy: str) -> None:
    body = {"WillReplace": True} if "Replacing" in policy else {"MinInstancesInService": 1}
    group = {"Type": "AWS::AutoScaling::AutoScalingGroup", "UpdatePolicy": {policy: body}}
    properties = {"MinSize": "0", "MaxSize": "0", "LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "1"}}
    said = failure(embedded, name, {**group, "Properties": properties})
    assert f"UpdatePolicy {policy}" in said
    assert "AutoScalingInstanceRefresh" in said


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("NotificationARNs", ["arn:aws:sns:eu-west-1:123400000001:t"]),
        ("StackPolicyBody", "{}"),
        ("ResourceTypes", ["AWS::SNS::Topic"]),
        ("TimeoutInMinutes", 1),
        ("DeploymentConfig", {"Mode": "EXPRESS"}),
    ],
)
def test_options_that_nobody_would_honour_are_refused(embedded: Any, name: str, option: str, value: Any) -> None:
    refusal = embedded.refusal("create_stack", StackName=name, TemplateBody=BODY, **{option: value})
    assert refusal.startswith("ValidationError")
    assert "not emulated" in refusal


def test_an_operation_that_is_not_emulated_is_refused_and_never_a_server_error(embedded: Any) -> None:
    assert embedded.refusal("detect_stack_drift", StackName="x").startswith("InvalidAction")


def test_a_stack_that_is_not_there_is_refused(embedded: Any) -> None:
    assert "Stack with id nope does not exist" in embedded.refusal("describe_stacks", StackName="nope")
    assert "does not exist" in embedded.refusal("update_stack", StackName="nope", TemplateBody=BODY)


def test_iam_has_to_be_acknowledged(embedded: Any, name: str) -> None:
    document = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role: Json = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}
    body = json.dumps({"Resources": {"R": role}})
    assert "[CAPABILITY_IAM]" in embedded.refusal("create_stack", StackName=name, TemplateBody=body)
    role["Properties"]["RoleName"] = name
    refusal = embedded.refusal(
        "create_stack",
        StackName=name,
        TemplateBody=json.dumps({"Resources": {"R": role}}),
        Capabilities=["CAPABILITY_IAM"],
    )
    assert "[CAPABILITY_NAMED_IAM]" in refusal


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({"Parameters": {"P": {"Type": "String"}}}, "Parameters: [P] must have values"),
        ({"Parameters": {"P": {"Type": "AWS::EC2::Image::Id", "Default": "ami-gone"}}}, "ami-gone"),
        ({"Rules": {"R": {"Assertions": [{"Assert": {"Fn::Equals": ["a", "b"]}}]}}}, "Rule R failed"),
        ({"Outputs": {"O": {"Value": {"Ref": "Nope"}}}}, "Unresolved resource dependencies [Nope]"),
    ],
)
def test_mistakes_of_a_template_are_errors_of_the_call_and_make_no_stack(
    embedded: Any, name: str, template: Json, said: str
) -> None:
    body = json.dumps({"Resources": {"T": topic()}, **template})
    assert said in embedded.refusal("create_stack", StackName=name, TemplateBody=body)
    assert "does not exist" in embedded.refusal("describe_stacks", StackName=name)
