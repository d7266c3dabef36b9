"""AWS::SNS, AWS::SQS, AWS::AmazonMQ, AWS::Events: read back from the services."""

import base64
import json
from typing import Any

import pytest

from tests.rehearsal.cloudformation.cases import Case, live, of, some
from tests.rehearsal.cloudformation.pieces import Json

KEY = "arn:aws:kms:eu-west-1:123400000001:key/0a1b2c3d"
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def policy(sid: str) -> Json:
    return {**TLS_ONLY, "Statement": [{**TLS_ONLY["Statement"][0], "Sid": sid}]}  # type: ignore[dict-item]


def read_topic(client: Any, identifier: str) -> Any:
    found = client.get_topic_attributes(TopicArn=identifier)["Attributes"]
    return some(found, "KmsMasterKeyId", "SignatureVersion", "TracingConfig")


def read_queue(client: Any, identifier: str) -> Any:
    found = client.get_queue_attributes(QueueUrl=identifier, AttributeNames=["All"])["Attributes"]
    names = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "MessageRetentionPeriod", "VisibilityTimeout")
    return some(found, *names, "RedriveAllowPolicy"), client.list_queue_tags(QueueUrl=identifier).get("Tags", {})


def statement_of_queue(client: Any, identifier: str) -> Any:
    url = client.get_queue_url(QueueName="policed")["QueueUrl"]
    found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    return json.loads(found["Policy"])["Statement"][0]["Sid"]


def read_rule(client: Any, identifier: str) -> Any:
    found = client.describe_rule(Name=identifier)
    targets = client.list_targets_by_rule(Rule=identifier)["Targets"]
    return found["State"], json.loads(found["EventPattern"]), {t["Id"]: t["Arn"].rsplit(":", 1)[1] for t in targets}


def event_rule(state: str, *targets: str) -> Json:
    return of(
        "Events::Rule",
        EventPattern={"source": ["aws.guardduty"]},
        State=state,
        Targets=[{"Id": t, "Arn": {"Ref": t}, "RetryPolicy": {"MaximumRetryAttempts": 3}} for t in targets],
    )


def configuration(text: str) -> Json:
    return of(
        "AmazonMQ::Configuration",
        EngineType="RABBITMQ",
        EngineVersion="3.13",
        Name="payroll",
        Data=base64.b64encode(text.encode()).decode(),
    )


def broker(**more: Any) -> Json:
    properties = {
        "BrokerName": "payroll",
        "EngineType": "RabbitMQ",
        "EngineVersion": "3.13",
        "DeploymentMode": "CLUSTER_MULTI_AZ",
        "HostInstanceType": "mq.m7g.large",
        "PubliclyAccessible": False,
        "AutoMinorVersionUpgrade": True,
        "AuthenticationStrategy": "simple",
        "EncryptionOptions": {"UseAwsOwnedKey": False, "KmsKeyId": KEY},
        "Logs": {"General": True},
        "MaintenanceWindowStartTime": {"DayOfWeek": "SUNDAY", "TimeOfDay": "03:00", "TimeZone": "UTC"},
        "SecurityGroups": ["sg-1"],
        "SubnetIds": ["subnet-1", "subnet-2"],
        "Users": [{"Username": "payroll", "Password": "not so secret 1"}],
        **more,
    }
    return of("AmazonMQ::Broker", **properties)


def read_broker(client: Any, identifier: str) -> Any:
    found = client.describe_broker(BrokerId=identifier)
    names = ("HostInstanceType", "EngineVersion", "PubliclyAccessible", "DeploymentMode", "AutoMinorVersionUpgrade")
    assert found["EncryptionOptions"] == {"UseAwsOwnedKey": False, "KmsKeyId": KEY}
    assert "Password" not in str(found["Users"])
    return some(found, *names, "Tags"), found["Logs"]["General"]


def read_configuration(client: Any, identifier: str) -> Any:
    number = client.describe_configuration(ConfigurationId=identifier)["LatestRevision"]["Revision"]
    found = client.describe_configuration_revision(ConfigurationId=identifier, ConfigurationRevision=str(number))
    return number, base64.b64decode(found["Data"]).decode()


CASES = {
    "a topic": Case(
        "sns",
        of("SNS::Topic", KmsMasterKeyId=KEY, SignatureVersion="2", TracingConfig="Active"),
        of("SNS::Topic", KmsMasterKeyId=f"{KEY}9", SignatureVersion="1", TracingConfig="PassThrough"),
        read_topic,
        {"KmsMasterKeyId": KEY, "SignatureVersion": "2", "TracingConfig": "Active"},
        {"KmsMasterKeyId": f"{KEY}9", "SignatureVersion": "1", "TracingConfig": "PassThrough"},
    ),
    "a queue": Case(
        "sqs",
        of(
            "SQS::Queue",
            KmsMasterKeyId=KEY,
            KmsDataKeyReusePeriodSeconds=600,
            MessageRetentionPeriod=1209600,
            VisibilityTimeout=60,
            RedriveAllowPolicy={"redrivePermission": "denyAll"},
            Tags=[{"Key": "a", "Value": "1"}],
        ),
        of(
            "SQS::Queue",
            KmsMasterKeyId=f"{KEY}9",
            VisibilityTimeout=90,
            RedriveAllowPolicy={"redrivePermission": "allowAll"},
            Tags=[{"Key": "b", "Value": "2"}],
        ),
        read_queue,
        (
            {
                "KmsMasterKeyId": KEY,
                "KmsDataKeyReusePeriodSeconds": "600",
                "MessageRetentionPeriod": "1209600",
                "VisibilityTimeout": "60",
                "RedriveAllowPolicy": '{"redrivePermission": "denyAll"}',
            },
            {"a": "1"},
        ),
        (
            {
                "KmsMasterKeyId": f"{KEY}9",
                "KmsDataKeyReusePeriodSeconds": "300",
                "MessageRetentionPeriod": "345600",
                "VisibilityTimeout": "90",
                "RedriveAllowPolicy": '{"redrivePermission": "allowAll"}',
            },
            {"b": "2"},
        ),
    ),
    "a queue's policy": Case(
        "sqs",
        of("SQS::QueuePolicy", Queues=[{"Ref": "Q"}], PolicyDocument=policy("One")),
        of("SQS::QueuePolicy", Queues=[{"Ref": "Q"}], PolicyDocument=policy("Two")),
        statement_of_queue,
        "One",
        "Two",
        {"Q": of("SQS::Queue", QueueName="policed")},
    ),
    "a rule and its targets": Case(
        "events",
        event_rule("ENABLED", "T1", "T2"),
        event_rule("DISABLED", "T2", "T3"),
        read_rule,
        ("ENABLED", {"source": ["aws.guardduty"]}, {"T1": "target-1", "T2": "target-2"}),
        ("DISABLED", {"source": ["aws.guardduty"]}, {"T2": "target-2", "T3": "target-3"}),
        {f"T{n}": of("SNS::Topic", TopicName=f"target-{n}") for n in (1, 2, 3)},
    ),
    "a configuration's revisions": Case(
        "mq",
        configuration("consumer_timeout = 1800000"),
        configuration("consumer_timeout = 900000"),
        lambda c, i: read_configuration(c, i)[1],
        "consumer_timeout = 1800000",
        "consumer_timeout = 900000",
    ),
    "a broker, which has restarted when its update is complete": Case(
        "mq",
        broker(Tags=[{"Key": "a", "Value": "1"}]),
        broker(
            HostInstanceType="mq.m7g.xlarge",
            EngineVersion="4.2",
            Logs={"General": False},
            AutoMinorVersionUpgrade=False,
            Tags=[{"Key": "b", "Value": "2"}],
        ),
        read_broker,
        (
            {
                "HostInstanceType": "mq.m7g.large",
                "EngineVersion": "3.13",
                "PubliclyAccessible": False,
                "DeploymentMode": "CLUSTER_MULTI_AZ",
                "AutoMinorVersionUpgrade": True,
                "Tags": {"a": "1"},
            },
            True,
        ),
        (
            {
                "HostInstanceType": "mq.m7g.xlarge",
                "EngineVersion": "4.2",
                "PubliclyAccessible": False,
                "DeploymentMode": "CLUSTER_MULTI_AZ",
                "AutoMinorVersionUpgrade": False,
                "Tags": {"b": "2"},
            },
            False,
        ),
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_made_read_back_changed_in_place_gone_back_to_and_deleted(embedded: Any, name: str, title: str) -> None:
    live(embedded, name, CASES[title])


def test_a_broker_has_its_configuration_and_its_address(embedded: Any, name: str) -> None:
    association = of(
        "AmazonMQ::ConfigurationAssociation",
        Broker={"Ref": "B"},
        Configuration={"Id": {"Ref": "C"}, "Revision": {"Fn::GetAtt": ["C", "Revision"]}},
    )
    outputs = {
        "Endpoint": {"Value": {"Fn::Select": ["0", {"Fn::GetAtt": ["B", "AmqpEndpoints"]}]}},
        "Revision": {"Value": {"Fn::GetAtt": ["C", "Revision"]}},
    }

    def template(text: str) -> Json:
        return {"Resources": {"C": configuration(text), "B": broker(), "X": association}, "Outputs": outputs}

    stack = embedded.create(name, template("a = 1"))
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    given = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    assert given["Endpoint"].startswith(f"amqps://{embedded.physical_id(name, 'B')}.mq.")
    assert given["Revision"] == "2"

    def current() -> Any:
        return embedded.client("mq").describe_broker(BrokerId=embedded.physical_id(name, "B"))["Configurations"]

    assert current()["Current"]["Revision"] == 2
    stack = embedded.update(name, template("a = 2"))
    assert stack["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert current()["Current"] == {"Id": embedded.physical_id(name, "C"), "Revision": 3}
    assert "Pending" not in current()
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE", embedded.reasons(stack["StackId"])
    assert embedded.client("mq").list_configurations()["Configurations"] == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"EngineType": "ACTIVEMQ"}, "ACTIVEMQ is not emulated"),
        ({"DeploymentMode": "ACTIVE_STANDBY_MULTI_AZ"}, "does not support deployment mode"),
        ({"Users": []}, "exactly one user"),
        ({"Logs": {"Audit": True}}, "Audit logging is not supported"),
        ({"Configuration": {"Id": "c-1", "Revision": 1}}, "does not exist"),
    ],
)
def test_a_broker_that_amazon_mq_would_refuse_fails_the_stack(embedded: Any, name: str, more: Json, said: str) -> None:
    stack = embedded.create(name, {"Resources": {"X": broker(**more)}})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert said in embedded.reasons(stack["StackId"])


def test_a_mail_address_has_to_confirm_and_a_queue_has_not(embedded: Any, name: str) -> None:
    def template(raw: bool) -> Json:
        queue = {"Fn::GetAtt": ["Q", "Arn"]}
        resources = {
            "T": of("SNS::Topic"),
            "Q": of("SQS::Queue"),
            "M": of("SNS::Subscription", TopicArn={"Ref": "T"}, Protocol="email", Endpoint="a@example.com"),
            "S": of("SNS::Subscription", TopicArn={"Ref": "T"}, Protocol="sqs", Endpoint=queue, RawMessageDelivery=raw),
        }
        return {"Resources": resources}

    embedded.create(name, template(False))
    sns = embedded.client("sns")

    def attributes(logical: str) -> Any:
        found = sns.get_subscription_attributes(SubscriptionArn=embedded.physical_id(name, logical))["Attributes"]
        return found["PendingConfirmation"], found["RawMessageDelivery"]

    assert attributes("M") == ("true", "false")
    assert attributes("S") == ("false", "false")
    listed = sns.list_subscriptions_by_topic(TopicArn=embedded.physical_id(name, "T"))["Subscriptions"]
    assert {s["Protocol"]: s["SubscriptionArn"] == "PendingConfirmation" for s in listed} == {
        "email": True,
        "sqs": False,
    }
    assert embedded.update(name, template(True))["StackStatus"] == "UPDATE_COMPLETE", embedded.reasons(name)
    assert attributes("S") == ("false", "true")
    assert embedded.delete(name)["StackStatus"] == "DELETE_COMPLETE"


def test_a_topic_goes_back_to_its_own_policy_when_the_templates_goes(embedded: Any, name: str) -> None:
    both = {
        "T": of("SNS::Topic"),
        "X": of("SNS::TopicPolicy", Topics=[{"Ref": "T"}], PolicyDocument=policy("One")),
    }
    embedded.create(name, {"Resources": both})

    def sid() -> str:
        found = embedded.client("sns").get_topic_attributes(TopicArn=embedded.physical_id(name, "T"))["Attributes"]
        return str(json.loads(found["Policy"])["Statement"][0]["Sid"])

    assert sid() == "One"
    embedded.update(name, {"Resources": {"T": both["T"]}})
    assert sid() == "__default_statement_ID"
    embedded.delete(name)


def test_an_event_reaches_the_topic_behind_a_rule(embedded: Any, name: str) -> None:
    resources = {
        "T": of("SNS::Topic"),
        "Q": of("SQS::Queue"),
        "S": of(
            "SNS::Subscription",
            TopicArn={"Ref": "T"},
            Protocol="sqs",
            Endpoint={"Fn::GetAtt": ["Q", "Arn"]},
            RawMessageDelivery=True,
        ),
        "R": of("Events::Rule", EventPattern={"source": ["payroll"]}, Targets=[{"Id": "a", "Arn": {"Ref": "T"}}]),
    }
    stack = embedded.create(name, {"Resources": resources})
    assert stack["StackStatus"] == "CREATE_COMPLETE", embedded.reasons(stack["StackId"])
    event = {"Source": "payroll", "DetailType": "done", "Detail": '{"run": 7}'}
    embedded.client("events").put_events(Entries=[event])
    queue = embedded.physical_id(name, "Q")
    found = embedded.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    assert [json.loads(m["Body"])["detail"] for m in found] == [{"run": 7}]
    embedded.delete(name)
