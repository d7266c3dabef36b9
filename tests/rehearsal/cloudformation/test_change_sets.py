"""Change sets: what they say a change would do; nothing is done before they are executed."""

from typing import Any

from tests.rehearsal.cloudformation.pieces import Json, parameter, topic, vpc


def changes(found: Json) -> dict[str, tuple[str, str | None]]:
    """Logical id → (action, Replacement)."""
    return {
        c["ResourceChange"]["LogicalResourceId"]: (
            c["ResourceChange"]["Action"],
            c["ResourceChange"].get("Replacement"),
        )
        for c in found["Changes"]
    }


def network(name: str, cidr: str = "10.1.0.0/16", dns: bool = True, value: str = "x") -> Json:
    group = {"GroupDescription": "d", "VpcId": {"Ref": "V"}}
    return {
        "Resources": {
            "V": vpc(cidr, EnableDnsHostnames=dns),
            "G": {"Type": "AWS::EC2::SecurityGroup", "Properties": group},
            "P": parameter(f"/{name}", {"Fn::Join": ["-", [value, {"Fn::GetAtt": ["G", "GroupId"]}]]}),
        }
    }


def test_a_new_stack_is_all_additions_and_nothing_is_made_yet(embedded: Any, name: str) -> None:
    found = embedded.change_set(name, {"Resources": {"T": topic(TopicName=name)}}, kind="CREATE")
    assert (found["Status"], found["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert changes(found) == {"T": ("Add", None)}
    stack = embedded.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert name not in str(embedded.client("sns").list_topics()["Topics"])
    embedded.cloudformation.execute_change_set(ChangeSetName=found["ChangeSetId"])
    assert embedded.settled(name)["StackStatus"] == "CREATE_COMPLETE"


def test_replacement_is_decided_by_the_provider_schemas(embedded: Any, name: str) -> None:
    embedded.create(name, network(name))
    assert changes(embedded.change_set(name, network(name, dns=False))) == {"V": ("Modify", "False")}
    assert changes(embedded.change_set(name, network(name, cidr="10.2.0.0/16"))) == {
        "V": ("Modify", "True"),
        "G": ("Modify", "Conditional"),  # only if the VPC's id changes: that is known after the change
        "P": ("Modify", "False"),
    }


def test_details_name_the_property_and_what_its_change_costs(embedded: Any, name: str) -> None:
    embedded.create(name, network(name))
    found = embedded.change_set(name, network(name, cidr="10.2.0.0/16", dns=False))
    details = next(c["ResourceChange"] for c in found["Changes"])["Details"]
    assert {d["Target"]["Name"]: d["Target"]["RequiresRecreation"] for d in details} == {
        "CidrBlock": "Always",
        "EnableDnsHostnames": "Never",
    }


def test_removals_say_what_becomes_of_the_resource(embedded: Any, name: str) -> None:
    kept = {**topic(), "DeletionPolicy": "Retain"}
    embedded.create(name, {"Resources": {"A": topic(), "B": kept, "C": topic()}})
    found = embedded.change_set(name, {"Resources": {"C": topic()}})
    policies = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"]["PolicyAction"] for c in found["Changes"]}
    assert policies == {"A": "Delete", "B": "Retain"}


def test_what_depends_on_an_attribute_that_may_change_is_a_change(embedded: Any, name: str) -> None:
    def template(image: str) -> Json:
        data = {"InstanceType": image}
        return {
            "Resources": {
                "L": {"Type": "AWS::EC2::LaunchTemplate", "Properties": {"LaunchTemplateData": data}},
                "P": parameter(f"/{name}", {"Fn::GetAtt": ["L", "LatestVersionNumber"]}),
                "Q": parameter(f"/{name}/id", {"Ref": "L"}),
            }
        }

    embedded.create(name, template("t3.micro"))
    found = changes(embedded.change_set(name, template("t3.small")))
    assert found == {"L": ("Modify", "False"), "P": ("Modify", "False")}
    embedded.update(name, template("t3.small"))
    assert embedded.parameter(f"/{name}") == "2"


def test_a_change_set_without_changes_fails_in_the_words_that_the_cdk_cli_knows(embedded: Any, name: str) -> None:
    embedded.create(name, network(name))
    found = embedded.change_set(name, network(name))
    assert (found["Status"], found["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert found["StatusReason"].startswith("The submitted information didn't contain changes.")
    refusal = embedded.refusal("execute_change_set", ChangeSetName=found["ChangeSetId"])
    assert refusal.startswith("InvalidChangeSetStatus")


def test_another_value_in_ssm_is_a_change(embedded: Any, name: str) -> None:
    ssm = embedded.client("ssm")
    ssm.put_parameter(Name=f"/{name}", Value="one", Type="String")
    template = {
        "Parameters": {"From": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{name}"}},
        "Resources": {"P": parameter(f"/{name}/to", {"Ref": "From"}), "T": topic()},
    }
    embedded.create(name, template)
    ssm.put_parameter(Name=f"/{name}", Value="two", Type="String", Overwrite=True)
    previous = [{"ParameterKey": "From", "UsePreviousValue": True}]
    assert changes(embedded.change_set(name, template, Parameters=previous)) == {"P": ("Modify", "False")}


def test_a_resource_cannot_change_its_type(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"X": topic()}})
    found = embedded.change_set(name, {"Resources": {"X": vpc("10.1.0.0/16")}})
    assert found["Status"] == "FAILED"
    assert "Update of resource type is not permitted" in found["StatusReason"]


def test_executing_one_drops_all_of_the_stack(embedded: Any, name: str) -> None:
    embedded.create(name, network(name))
    first = embedded.change_set(name, network(name, dns=False))
    embedded.change_set(name, network(name, value="y"))
    embedded.cloudformation.execute_change_set(ChangeSetName=first["ChangeSetId"])
    embedded.settled(name)
    assert embedded.cloudformation.list_change_sets(StackName=name)["Summaries"] == []


def test_deleting_one_that_is_not_there_is_no_error_and_describing_it_is(embedded: Any, name: str) -> None:
    embedded.create(name, {"Resources": {"T": topic()}})
    embedded.cloudformation.delete_change_set(StackName=name, ChangeSetName="nope")
    assert embedded.refusal("describe_change_set", StackName=name, ChangeSetName="nope").startswith("ChangeSetNotFound")
