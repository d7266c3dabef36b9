"""{{resolve:…}}: read by the engine, never seen by anybody who reads the stack."""

import json
from typing import Any

import pytest

from tests.rehearsal.cloudformation.cases import of
from tests.rehearsal.cloudformation.pieces import Json, parameter

SECRET = '{"username": "payroll", "password": "not-to-be-seen-1"}'


def resolve(*parts: str) -> str:
    return "{{resolve:" + ":".join(parts) + "}}"


def everything_told(embedded: Any, name: str) -> str:
    """All that a reader of the stack sees: the stack, its resources, its events, its template."""
    cloudformation = embedded.cloudformation
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    seen = [
        stack,
        cloudformation.describe_stack_resources(StackName=stack["StackId"])["StackResources"],
        embedded.events(stack["StackId"]),
        cloudformation.get_template(StackName=stack["StackId"])["TemplateBody"],
    ]
    return json.dumps(seen, default=str)


def broker(reference: str, instance: str = "mq.m7g.large") -> Json:
    return of(
        "AmazonMQ::Broker",
        BrokerName="resolved",
        EngineType="RABBITMQ",
        DeploymentMode="SINGLE_INSTANCE",
        HostInstanceType=instance,
        PubliclyAccessible=False,
        Users=[{"Username": "payroll", "Password": reference}],
    )


def key_of(secret: str) -> str:
    return resolve("secretsmanager", secret, "SecretString", "password")


def test_a_secrets_value_reaches_the_service_and_no_reader_of_the_stack(embedded: Any, name: str) -> None:
    secrets = embedded.client("secretsmanager")
    arn = secrets.create_secret(Name=f"{name}/broker", SecretString=SECRET)["ARN"]
    for reference in (arn, f"{name}/broker"):
        stack = embedded.create(name, {"Resources": {"B": broker(key_of(reference))}})
        assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
        told = everything_told(embedded, name)
        assert "not-to-be-seen-1" not in told
        assert key_of(reference) in told
        embedded.delete(name)
    secrets.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def test_a_secret_that_a_failure_quotes_is_masked(embedded: Any, name: str) -> None:
    secrets = embedded.client("secretsmanager")
    secrets.create_secret(Name=f"{name}/bad", SecretString="a,b,not-to-be-seen-2")
    stack = embedded.create(name, {"Resources": {"B": broker(resolve("secretsmanager", f"{name}/bad"))}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "does not match pattern" in embedded.reasons(stack["StackId"])
    assert "not-to-be-seen-2" not in everything_told(embedded, stack["StackId"])


def test_a_rotated_secret_changes_nothing_until_the_template_says_something_else(embedded: Any, name: str) -> None:
    secrets = embedded.client("secretsmanager")
    secrets.create_secret(Name=f"{name}/s", SecretString="one")

    def template(description: str) -> Json:
        text = resolve("secretsmanager", f"{name}/s")
        copied = of("SecretsManager::Secret", Name=f"{name}/copy", Description=description, SecretString=text)
        return {"Resources": {"X": copied}}

    def copy() -> str:
        return str(secrets.get_secret_value(SecretId=f"{name}/copy")["SecretString"])

    embedded.create(name, template("a"))
    secrets.put_secret_value(SecretId=f"{name}/s", SecretString="two")
    assert embedded.change_set(name, template("a"))["Status"] == "FAILED"
    assert copy() == "one"
    stack = embedded.update(name, template("b"))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert copy() == "two"
    embedded.delete(name)


def test_a_failed_update_goes_back_to_what_the_old_template_says(embedded: Any, name: str) -> None:
    ssm = embedded.client("ssm")
    ssm.put_parameter(Name=f"/{name}/one", Value="one", Type="String")
    ssm.put_parameter(Name=f"/{name}/two", Value="two", Type="String")

    def template(which: str, **more: Json) -> Json:
        return {"Resources": {"X": parameter(f"/{name}/x", resolve("ssm", f"/{name}/{which}")), **more}}

    embedded.create(name, template("one"))
    broken = {**of("EC2::Subnet", VpcId="vpc-0", CidrBlock="1.2.3.0/24"), "DependsOn": "X"}
    stack = embedded.update(name, template("two", Y=broken))
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert embedded.parameter(f"/{name}/x") == "one"
    embedded.delete(name)


def test_a_version_of_a_parameter_and_a_stage_of_a_secret_can_be_named(embedded: Any, name: str) -> None:
    ssm, secrets = embedded.client("ssm"), embedded.client("secretsmanager")
    ssm.put_parameter(Name=f"/{name}/p", Value="first", Type="String")
    ssm.put_parameter(Name=f"/{name}/p", Value="second", Type="String", Overwrite=True)
    secrets.create_secret(Name=f"{name}/s", SecretString="old")
    secrets.put_secret_value(SecretId=f"{name}/s", SecretString="new")
    resources = {
        "V": parameter(f"/{name}/v", resolve("ssm", f"/{name}/p", "1")),
        "S": of(
            "SecretsManager::Secret",
            Name=f"{name}/copy",
            SecretString=resolve("secretsmanager", f"{name}/s", "SecretString", "", "AWSPREVIOUS"),
        ),
    }
    stack = embedded.create(name, {"Resources": resources})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    assert embedded.parameter(f"/{name}/v") == "first"
    assert secrets.get_secret_value(SecretId=f"{name}/copy")["SecretString"] == "old"
    embedded.delete(name)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("{{resolve:ssm:/secure}}", "use ssm-secure"),
        ("{{resolve:ssm-secure:/plain}}", "use ssm"),
        ("{{resolve:ssm:/nope}}", "cannot be found"),
        ("{{resolve:secretsmanager:nope}}", "Could not read the secret nope"),
        ("{{resolve:vault:x}}", "a dynamic reference is"),
    ],
)
def test_a_reference_to_nothing_fails_the_resource(embedded: Any, name: str, reference: str, said: str) -> None:
    ssm = embedded.client("ssm")
    ssm.put_parameter(Name="/secure", Value="s", Type="SecureString", Overwrite=True)
    ssm.put_parameter(Name="/plain", Value="p", Type="String", Overwrite=True)
    stack = embedded.create(name, {"Resources": {"X": parameter(f"/{name}", reference)}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in embedded.reasons(stack["StackId"])


def test_an_output_may_not_have_a_secret(embedded: Any, name: str) -> None:
    embedded.client("secretsmanager").create_secret(Name=f"{name}/s", SecretString="not-to-be-seen-3")
    outputs = {"O": {"Value": resolve("secretsmanager", f"{name}/s")}}
    stack = embedded.create(name, {"Resources": {"T": of("SNS::Topic")}, "Outputs": outputs})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "not-to-be-seen-3" not in everything_told(embedded, stack["StackId"])
