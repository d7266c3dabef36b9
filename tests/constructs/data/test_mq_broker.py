import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from kiln.data.mq_broker import CONFIGURATION, NOT_IN_A_PASSWORD, MqBroker
from kiln.network.imported_network import imported_network
from kiln.operations.topics import Topics
from kiln.refusal import WrongProperty

TOPICS = Topics(*(f"arn:aws:sns:eu-west-1:111111111111:{name}" for name in ("urgent", "warning", "info")))


def broker_of(**changed: Any) -> Callable[[cdk.Stack], None]:
    def build(stack: cdk.Stack) -> None:
        subnets = cdk.CfnParameter(stack, "Subnets", type="List<AWS::EC2::Subnet::Id>").value_as_list
        cluster = cdk.CfnParameter(stack, "Cluster").value_as_string
        properties = {"name": "broker", "instance_type": "mq.m7g.medium", "cluster": cluster} | changed
        vpc = imported_network(stack, "Vpc", vpc_id="vpc-1")
        broker = MqBroker(stack, "Broker", vpc=vpc, subnet_ids=subnets, key_arn="arn:key", topics=TOPICS, **properties)
        cdk.CfnOutput(stack, "Host", value=broker.host)

    return build


@pytest.fixture
def template_of_broker(template: Callable[..., Any]) -> Any:
    return template(broker_of())


@pytest.fixture
def properties(template_of_broker: Any) -> dict[str, Any]:
    [broker] = template_of_broker.find_resources("AWS::AmazonMQ::Broker").values()
    found: dict[str, Any] = broker["Properties"]
    return found


def test_it_is_private_logs_and_takes_minor_versions_on_sunday_night(properties: dict[str, Any]) -> None:
    assert (properties["EngineType"], properties["PubliclyAccessible"]) == ("RABBITMQ", False)
    assert properties["Logs"] == {"General": True}
    assert properties["AutoMinorVersionUpgrade"] is True
    window = properties["MaintenanceWindowStartTime"]
    assert window == {"DayOfWeek": "SUNDAY", "TimeOfDay": "04:00", "TimeZone": "UTC"}


def test_one_node_has_one_subnet_and_a_cluster_has_all(properties: dict[str, Any]) -> None:
    condition, cluster, single = properties["DeploymentMode"]["Fn::If"]
    assert (cluster, single) == ("CLUSTER_MULTI_AZ", "SINGLE_INSTANCE")
    all_subnets, one = {"Ref": "Subnets"}, [{"Fn::Select": [0, {"Ref": "Subnets"}]}]
    assert properties["SubnetIds"] == {"Fn::If": [condition, all_subnets, one]}


def test_the_admins_password_is_made_at_random_and_only_named(
    template_of_broker: Any, properties: dict[str, Any]
) -> None:
    [(secret_id, secret)] = template_of_broker.find_resources("AWS::SecretsManager::Secret").items()
    made = secret["Properties"]["GenerateSecretString"]
    assert secret["Properties"]["KmsKeyId"] == "arn:key"
    assert made["ExcludeCharacters"] == NOT_IN_A_PASSWORD
    assert set(",:= ") <= set(NOT_IN_A_PASSWORD)
    assert json.loads(made["SecretStringTemplate"])["username"] != "admin"
    [admin] = properties["Users"]
    expected = ["{{resolve:secretsmanager:", {"Ref": secret_id}, ":SecretString:password}}"]
    assert admin["Password"] == {"Fn::Join": ["", expected]}


def test_the_configuration_hardens_the_console_and_frees_messages_of_silent_consumers(template_of_broker: Any) -> None:
    [found] = template_of_broker.find_resources("AWS::AmazonMQ::Configuration").values()
    text = found["Properties"]["Data"]["Fn::Base64"]
    assert dict(line.split(" = ") for line in text.splitlines()) == CONFIGURATION


def test_amazon_mq_offers_no_own_key_for_rabbitmq_and_that_is_said(template_of_broker: Any) -> None:
    [broker] = template_of_broker.find_resources("AWS::AmazonMQ::Broker").values()
    assert "EncryptionOptions" not in broker["Properties"]
    [exception] = broker["Metadata"]["kiln:exceptions"]
    assert exception["promise"] == "broker-encrypted-with-own-key"


def test_its_security_group_opens_nothing(template_of_broker: Any) -> None:
    [group] = template_of_broker.find_resources("AWS::EC2::SecurityGroup").values()
    assert "SecurityGroupIngress" not in group["Properties"]
    assert [rule["CidrIp"] for rule in group["Properties"]["SecurityGroupEgress"]] == ["255.255.255.255/32"]


def test_its_host_is_the_middle_of_the_endpoint(template_of_broker: Any) -> None:
    [(broker_id, _)] = template_of_broker.find_resources("AWS::AmazonMQ::Broker").items()
    endpoint = {"Fn::Select": [0, {"Fn::GetAtt": [broker_id, "AmqpEndpoints"]}]}
    after_scheme = {"Fn::Select": [1, {"Fn::Split": ["//", endpoint]}]}
    template_of_broker.has_output("Host", {"Value": {"Fn::Select": [0, {"Fn::Split": [":", after_scheme]}]}})


def test_four_alarms_watch_it_and_two_of_them_wake_somebody(template_of_broker: Any) -> None:
    alarms = [a["Properties"] for a in template_of_broker.find_resources("AWS::CloudWatch::Alarm").values()]
    assert [alarm["AlarmActions"] for alarm in alarms].count([TOPICS.urgent_arn]) == 2
    assert len(alarms) == 4


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"name": "b" * 42}, "name"),
        ({"configuration": {"secure.management.http.headers.enabled": "false"}}, "configuration"),
    ],
)
def test_nonsense_is_refused(template: Callable[..., Any], changed: dict[str, Any], name: str) -> None:
    with pytest.raises(WrongProperty) as refused:
        template(broker_of(**changed))
    assert (refused.value.path, refused.value.name) == ("Stack/Broker", name)


def test_a_consumer_may_be_given_more_time(template: Callable[..., Any]) -> None:
    found = template(broker_of(configuration={"consumer_timeout": "7200000"}))
    [configuration] = found.find_resources("AWS::AmazonMQ::Configuration").values()
    assert "consumer_timeout = 7200000\n" in configuration["Properties"]["Data"]["Fn::Base64"]
