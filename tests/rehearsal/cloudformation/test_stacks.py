"""Stacks over the API: creation, update, failure and the way back, deletion."""

import json
from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.cloudformation.pieces import Json, broken, parameter, topic, vpc


def exists(embedded: Any, parameter_name: str) -> bool:
    try:
        embedded.parameter(parameter_name)
    except ClientError:
        return False
    return True


# creation -----------------------------------------------------------------------------------------------------------


def test_a_stack_gives_its_outputs_and_every_resource_its_events(embedded: Any, name: str) -> None:
    template = {
        "Resources": {"T": topic(TopicName=name), "P": parameter(f"/{name}", {"Fn::GetAtt": ["T", "TopicName"]})},
        "Outputs": {"Arn": {"Value": {"Ref": "T"}, "Description": "of the topic"}},
    }
    stack = embedded.create(name, template)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"].endswith(f":{name}")
    assert embedded.parameter(f"/{name}") == name
    told = [(e["LogicalResourceId"], e["ResourceStatus"]) for e in reversed(embedded.events(name))]
    assert told == [
        (name, "CREATE_IN_PROGRESS"),
        ("T", "CREATE_IN_PROGRESS"),
        ("T", "CREATE_COMPLETE"),
        ("P", "CREATE_IN_PROGRESS"),
        ("P", "CREATE_COMPLETE"),
        (name, "CREATE_COMPLETE"),
    ]


def test_a_failed_creation_removes_what_was_made_and_says_why(embedded: Any, name: str) -> None:
    stack = embedded.create(name, {"Resources": {"P": parameter(f"/{name}", "x"), "S": broken(DependsOn="P")}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "vpc-0" in embedded.reasons(stack["StackId"])
    assert not exists(embedded, f"/{name}")


def test_a_failed_creation_can_be_left_standing_and_rolled_back_later(embedded: Any, name: str) -> None:
    template = {"Resources": {"P": parameter(f"/{name}", "x"), "S": broken(DependsOn="P")}}
    stack = embedded.create(name, template, OnFailure="DO_NOTHING")
    assert (stack["StackStatus"], exists(embedded, f"/{name}")) == ("CREATE_FAILED", True)
    embedded.cloudformation.rollback_stack(StackName=name)
    assert embedded.settled(stack["StackId"])["StackStatus"] == "ROLLBACK_COMPLETE"
    assert not exists(embedded, f"/{name}")


def test_a_failed_creation_can_be_left_standing_and_mended(embedded: Any, name: str) -> None:
    template = {"Resources": {"P": parameter(f"/{name}", "x"), "S": broken(DependsOn="P")}}
    embedded.create(name, template, DisableRollback=True)
    del template["Resources"]["S"]
    stack = embedded.update(name, template)
    assert (stack["StackStatus"], embedded.parameter(f"/{name}")) == ("UPDATE_COMPLETE", "x")


def test_a_failed_creation_can_delete_the_stack(embedded: Any, name: str) -> None:
    stack = embedded.create(name, {"Resources": {"S": broken()}}, OnFailure="DELETE")
    assert stack["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_that_was_rolled_back_cannot_be_updated(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"S": broken()}})
    refusal = embedded.refusal("update_stack", StackName=name, TemplateBody='{"Resources": {"T": {"Type": "X"}}}')
    assert "ROLLBACK_COMPLETE state and can not be updated" in refusal


def test_retain_outlives_a_failed_creation_and_retain_except_on_create_does_not(embedded: Any, name: str) -> None:
    resources = {
        "A": {**parameter(f"/{name}/kept", "x"), "DeletionPolicy": "Retain"},
        "B": {**parameter(f"/{name}/gone", "x"), "DeletionPolicy": "RetainExceptOnCreate"},
        "S": broken(DependsOn=["A", "B"]),
    }
    embedded.create(name, {"Resources": resources})
    assert (exists(embedded, f"/{name}/kept"), exists(embedded, f"/{name}/gone")) == (True, False)


# update -------------------------------------------------------------------------------------------------------------


def test_an_update_that_changes_nothing_is_refused(embedded: Any, name: str) -> None:
    template = {"Resources": {"T": topic()}}
    embedded.create(name, template)
    assert "No updates are to be performed" in embedded.refusal(
        "update_stack", StackName=name, UsePreviousTemplate=True
    )


def test_a_value_from_ssm_that_has_changed_is_an_update_though_the_template_is_the_same(
    embedded: Any, name: str
) -> None:
    ssm = embedded.client("ssm")
    ssm.put_parameter(Name=f"/{name}/from", Value="one", Type="String")
    template = {
        "Parameters": {"From": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{name}/from"}},
        "Resources": {"P": parameter(f"/{name}/to", {"Ref": "From"})},
    }
    embedded.create(name, template)
    ssm.put_parameter(Name=f"/{name}/from", Value="two", Type="String", Overwrite=True)
    stack = embedded.update(name, template, Parameters=[{"ParameterKey": "From", "UsePreviousValue": True}])
    assert (stack["StackStatus"], embedded.parameter(f"/{name}/to")) == ("UPDATE_COMPLETE", "two")
    assert stack["Parameters"][0]["ResolvedValue"] == "two"


def test_many_values_from_ssm_are_read_whatever_their_version_and_those_that_are_missing_are_all_named(
    embedded: Any, name: str
) -> None:
    ssm, names = embedded.client("ssm"), [f"/{name}/{number}" for number in range(12)]
    for one in names:
        ssm.put_parameter(Name=one, Value=f"value of {one}", Type="String")
    ssm.put_parameter(Name=names[0], Value="newer", Type="String", Overwrite=True)
    asked = {**{f"P{number}": one for number, one in enumerate(names)}, "Old": f"{names[0]}:1"}

    def template() -> Json:
        value = {"Fn::Join": ["|", [{"Ref": key} for key in asked]]}
        of_ssm = {key: {"Type": "AWS::SSM::Parameter::Value<String>", "Default": one} for key, one in asked.items()}
        return {"Parameters": of_ssm, "Resources": {"P": parameter(f"/{name}/all", value)}}

    embedded.create(name, template())
    expected = ["newer", *(f"value of {one}" for one in names[1:]), f"value of {names[0]}"]
    assert embedded.parameter(f"/{name}/all").split("|") == expected
    asked |= {"Gone": f"/{name}/gone", "Lost": f"/{name}/lost", "Later": f"{names[0]}:3"}
    refusal = embedded.refusal("update_stack", StackName=name, TemplateBody=json.dumps(template()))
    assert f"Unable to fetch parameters [{names[0]}:3,/{name}/gone,/{name}/lost]" in refusal


def test_of_many_values_of_a_type_the_one_that_names_nothing_is_named(embedded: Any, name: str) -> None:
    first, second = (one["SubnetId"] for one in embedded.client("ec2").describe_subnets()["Subnets"][:2])
    given = {"One": first, "Two": second, "Three": "subnet-0123456789abcdef0"}
    template = {
        "Parameters": {key: {"Type": "AWS::EC2::Subnet::Id", "Default": one} for key, one in given.items()},
        "Resources": {"P": parameter(f"/{name}", {"Ref": "One"})},
    }
    refusal = embedded.refusal("create_stack", StackName=name, TemplateBody=json.dumps(template))
    assert "parameter value subnet-0123456789abcdef0 for parameter name Three does not exist" in refusal
    embedded.create(name, {**template, "Parameters": {k: v for k, v in template["Parameters"].items() if k != "Three"}})


def test_a_replaced_resource_goes_after_its_successor_and_its_dependents_follow(embedded: Any, name: str) -> None:
    def template(cidr: str) -> Json:
        return {"Resources": {"V": vpc(cidr), "P": parameter(f"/{name}", {"Ref": "V"})}}

    embedded.create(name, template("10.1.0.0/16"))
    old = embedded.physical_id(name, "V")
    assert embedded.update(name, template("10.2.0.0/16"))["StackStatus"] == "UPDATE_COMPLETE"
    new = embedded.physical_id(name, "V")
    known = {v["VpcId"] for v in embedded.client("ec2").describe_vpcs()["Vpcs"]}
    assert (old in known, new in known, embedded.parameter(f"/{name}")) == (False, True, new)
    statuses = [e["ResourceStatus"] for e in reversed(embedded.events(name)) if e["LogicalResourceId"] == "V"]
    assert statuses[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_update_replace_policy_retain_keeps_the_one_that_was_replaced(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"V": {**vpc("10.1.0.0/16"), "UpdateReplacePolicy": "Retain"}}})
    old = embedded.physical_id(name, "V")
    embedded.update(name, {"Resources": {"V": {**vpc("10.2.0.0/16"), "UpdateReplacePolicy": "Retain"}}})
    assert embedded.client("ec2").describe_vpcs(VpcIds=[old])["Vpcs"]


def test_a_failed_update_goes_back_to_the_old_properties_and_the_old_resources(embedded: Any, name: str) -> None:
    def template(cidr: str, value: str, **more: Any) -> Json:
        return {"Resources": {"V": vpc(cidr), "P": parameter(f"/{name}", value), **more}}

    embedded.create(name, template("10.1.0.0/16", "old"))
    before = embedded.physical_id(name, "V")
    made = {"N": parameter(f"/{name}/new", "x"), "S": broken(DependsOn=["N", "P", "V"])}
    stack = embedded.update(name, template("10.2.0.0/16", "new", **made))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.physical_id(name, "V") == before
    assert embedded.parameter(f"/{name}") == "old"
    assert not exists(embedded, f"/{name}/new")
    blocks = [v["CidrBlock"] for v in embedded.client("ec2").describe_vpcs(VpcIds=[before])["Vpcs"]]
    assert blocks == ["10.1.0.0/16"]
    assert len({e["OperationId"] for e in embedded.events(name)}) == 3  # creation, update, rollback


def test_a_rollback_uses_the_values_that_were_in_force_and_not_those_in_ssm_now(embedded: Any, name: str) -> None:
    ssm = embedded.client("ssm")
    ssm.put_parameter(Name=f"/{name}/from", Value="old", Type="String")
    template: Json = {
        "Parameters": {"From": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{name}/from"}},
        "Resources": {"P": parameter(f"/{name}/to", {"Ref": "From"})},
    }
    embedded.create(name, template)
    ssm.put_parameter(Name=f"/{name}/from", Value="new", Type="String", Overwrite=True)
    template["Resources"]["S"] = broken(DependsOn="P")
    assert embedded.update(name, template)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.parameter(f"/{name}/to") == "old"


def test_a_failed_update_can_be_left_standing_and_rolled_back_later(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"P": parameter(f"/{name}", "old")}})
    changed = {"Resources": {"P": parameter(f"/{name}", "new"), "S": broken(DependsOn="P")}}
    stack = embedded.update(name, changed, DisableRollback=True)
    assert (stack["StackStatus"], embedded.parameter(f"/{name}")) == ("UPDATE_FAILED", "new")
    embedded.cloudformation.rollback_stack(StackName=name)
    assert embedded.settled(name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.parameter(f"/{name}") == "old"


def test_a_condition_takes_a_resource_out_and_in_again(embedded: Any, name: str) -> None:
    template = {
        "Parameters": {"With": {"Type": "String"}},
        "Conditions": {"With": {"Fn::Equals": [{"Ref": "With"}, "yes"]}},
        "Resources": {"T": topic(), "P": {**parameter(f"/{name}", "x"), "Condition": "With"}},
    }

    def given(text: str) -> list[Json]:
        return [{"ParameterKey": "With", "ParameterValue": text}]

    embedded.create(name, template, Parameters=given("yes"))
    embedded.update(name, template, Parameters=given("no"))
    assert not exists(embedded, f"/{name}")
    embedded.update(name, template, Parameters=given("yes"))
    assert exists(embedded, f"/{name}")


def test_a_resource_with_a_name_of_its_own_cannot_be_replaced(embedded: Any, name: str) -> None:
    def template(vpc_name: str) -> Json:
        group = {"GroupName": name, "GroupDescription": "d", "VpcId": {"Ref": vpc_name}}
        resources = {"A": vpc("10.1.0.0/16"), "B": vpc("10.2.0.0/16")}
        return {"Resources": {**resources, "G": {"Type": "AWS::EC2::SecurityGroup", "Properties": group}}}

    embedded.create(name, template("A"))
    assert embedded.update(name, template("B"))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert f"Rename {name}" in embedded.reasons(name)


# tags -----------------------------------------------------------------------------------------------------------------


def test_the_stacks_tags_reach_the_resources_and_change_with_it(embedded: Any, name: str) -> None:
    template = {"Resources": {"V": vpc("10.1.0.0/16", Tags=[{"Key": "own", "Value": "1"}])}}
    embedded.create(name, template, Tags=[{"Key": "of", "Value": "stack"}, {"Key": "team", "Value": "a"}])
    identifier = embedded.physical_id(name, "V")

    def tags() -> dict[str, str]:
        found = embedded.client("ec2").describe_vpcs(VpcIds=[identifier])["Vpcs"][0]["Tags"]
        return {t["Key"]: t["Value"] for t in found}

    assert tags() == {"own": "1", "of": "stack", "team": "a"}
    stack = embedded.update(name, template, Tags=[{"Key": "team", "Value": "b"}])
    assert (stack["StackStatus"], tags()) == ("UPDATE_COMPLETE", {"own": "1", "team": "b"})
    assert embedded.physical_id(name, "V") == identifier


# deletion -----------------------------------------------------------------------------------------------------------


def test_deletion_goes_against_the_dependencies(embedded: Any, name: str) -> None:
    subnet = {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "V"}, "CidrBlock": "10.1.0.0/24"}}
    stack = embedded.create(name, {"Resources": {"V": vpc("10.1.0.0/16"), "S": subnet}})
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"
    gone = [
        e["LogicalResourceId"] for e in embedded.events(stack["StackId"]) if e["ResourceStatus"] == "DELETE_COMPLETE"
    ]
    assert gone == [name, "V", "S"]  # newest first


def test_retained_resources_outlive_their_stack(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"P": {**parameter(f"/{name}", "x"), "DeletionPolicy": "Retain"}}})
    embedded.delete(name)
    assert embedded.parameter(f"/{name}") == "x"


def test_what_somebody_has_deleted_by_hand_does_not_stop_a_deletion(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"P": parameter(f"/{name}", "x"), "T": topic(TopicName=name)}})
    embedded.client("ssm").delete_parameter(Name=f"/{name}")
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_full_bucket_stops_a_deletion_until_it_is_retained(embedded: Any, name: str) -> None:
    stack = embedded.create(name, {"Resources": {"B": {"Type": "AWS::S3::Bucket"}, "T": topic()}})
    s3 = embedded.client("s3")
    s3.put_object(Bucket=embedded.physical_id(name, "B"), Key="k", Body=b"x")
    failed = embedded.delete(name)
    assert failed["StackStatus"] == "DELETE_FAILED"
    assert "failed to delete: [B]" in failed["StackStatusReason"]
    assert [
        r["LogicalResourceId"]
        for r in embedded.cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
    ] == ["B"]
    embedded.cloudformation.delete_stack(StackName=name, RetainResources=["B"])
    assert embedded.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_termination_protection_protects(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"T": topic()}}, EnableTerminationProtection=True)
    assert "TerminationProtection is enabled" in embedded.refusal("delete_stack", StackName=name)
    embedded.cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


# exports ------------------------------------------------------------------------------------------------------------


def test_an_export_that_is_imported_can_neither_change_nor_go(embedded: Any, name: str) -> None:
    def exporting(value: str) -> Json:
        outputs = {"O": {"Value": value, "Export": {"Name": f"{name}-export"}}}
        return {"Resources": {"T": topic()}, "Outputs": outputs}

    embedded.create(name, exporting("one"))
    importing = {"Resources": {"P": parameter(f"/{name}", {"Fn::ImportValue": f"{name}-export"})}}
    embedded.create(f"{name}-user", importing)
    assert embedded.parameter(f"/{name}") == "one"
    assert embedded.cloudformation.list_imports(ExportName=f"{name}-export")["Imports"] == [f"{name}-user"]
    stack = embedded.update(name, exporting("two"))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any(f"in use by {name}-user" in e.get("ResourceStatusReason", "") for e in embedded.events(name))
    assert f"in use by {name}-user" in embedded.refusal("delete_stack", StackName=name)
    embedded.delete(f"{name}-user")
    assert embedded.update(name, exporting("two"))["StackStatus"] == "UPDATE_COMPLETE"


def test_two_stacks_cannot_export_the_same_name(embedded: Any, name: str) -> None:
    outputs = {"O": {"Value": "x", "Export": {"Name": f"{name}-export"}}}
    embedded.create(name, {"Resources": {"T": topic()}, "Outputs": outputs})
    second = embedded.create(f"{name}-2", {"Resources": {"T": topic()}, "Outputs": outputs})
    assert second["StackStatus"] == "ROLLBACK_COMPLETE"
