"""A RabbitMQ broker on Amazon MQ: inside the network, TLS only, with an admin whose password is in no template.

Amazon MQ offers no key of one's own for RabbitMQ (it refuses `EncryptionOptions`; storage is encrypted with a key that
AWS owns), no change of the admin's password by its API, and makes the broker's log group itself. So both exceptions are
said here, once, and not by every user. See
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-amazonmq-broker-encryptionoptions.html
"""

import json
from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_amazonmq as mq
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from kiln.data.broker_alarms import BrokerAlarms, BrokerLimits
from kiln.exemption import exempt
from kiln.operations.topics import Topics
from kiln.optional import is_true, value_if
from kiln.refusal import refuse
from kiln.stack_unique import short_unique_name

ENGINE, VERSION = "RABBITMQ", "4.2"
PORT = 5671
"""AMQP over TLS; there is no other listener for clients."""
LONGEST_NAME = 41
"""50 for a broker's name, without the 9 that make it unique."""
PASSWORD_LENGTH = 48
NOT_IN_A_PASSWORD = " ,:=\"'\\/@%"
"""The first four are refused by Amazon MQ, the others are in the way in a URL."""

CONFIGURATION = {
    "consumer_timeout": "1800000",
    "management.restrictions.operator_policy_changes.disabled": "true",
    "secure.management.http.headers.enabled": "true",
}
"""Milliseconds; a consumer that is silent for half an hour loses its message to another one.
https://docs.aws.amazon.com/amazon-mq/latest/developer-guide/configurable-values.html"""


class MqBroker(Construct):
    """One node, or a cluster of three nodes in three zones.

    `.arn`, `.endpoint` (`amqps://HOST:5671`), `.host`, `.secret_arn` (keys `username` and `password`) and `.name` are
    tokens. A client opens the way from its own security group to `PORT` of `.security_group`; nothing else leads in.

    Args:
        name: such as "broker", at most 41 characters.
        vpc: where it is.
        subnet_ids: one per zone; one node uses the first of them. May be a list token.
        instance_type: such as mq.m7g.medium; may be a token.
        cluster: "true" or "false" as text; may be a token. Once made, CloudFormation refuses a change: it would replace
            the broker, whose name is taken, and its messages would be lost.
        key_arn: of the secret; may be a token.
        topics: that are told of alarms.
        configuration: of RabbitMQ, beside `CONFIGURATION`.
        limits: of the alarms.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        vpc: ec2.IVpc,
        subnet_ids: Sequence[str],
        instance_type: str,
        cluster: str,
        key_arn: str,
        topics: Topics,
        configuration: Mapping[str, str] | None = None,
        limits: BrokerLimits | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        own = configuration or {}
        if len(name) > LONGEST_NAME:
            raise refuse(self, "name", found=name, expected=f"at most {LONGEST_NAME} characters")
        if taken := sorted(own.keys() & (CONFIGURATION.keys() - {"consumer_timeout"})):
            raise refuse(self, "configuration", found=", ".join(taken), expected="only what the construct does not set")
        self.name = short_unique_name(name)
        self.security_group = ec2.SecurityGroup(
            self, "SecurityGroup", vpc=vpc, description=f"Clients of {name} in, nothing out", allow_all_outbound=False
        )
        secret = self._secret(name, key_arn)
        is_cluster = is_true(self, "IsCluster", cluster)
        broker = mq.CfnBroker(
            self,
            "Broker",
            broker_name=self.name,
            engine_type=ENGINE,
            engine_version=VERSION,
            host_instance_type=instance_type,
            deployment_mode=cdk.Token.as_string(value_if(is_cluster, "CLUSTER_MULTI_AZ", "SINGLE_INSTANCE")),
            publicly_accessible=False,
            security_groups=[self.security_group.security_group_id],
            auto_minor_version_upgrade=True,
            logs=mq.CfnBroker.LogListProperty(general=True),
            maintenance_window_start_time=mq.CfnBroker.MaintenanceWindowProperty(
                day_of_week="SUNDAY", time_of_day="04:00", time_zone="UTC"
            ),
            configuration=self._configuration({**CONFIGURATION, **own}),
            users=[_admin(secret.ref)],
        )
        one_subnet = [cdk.Fn.select(0, list(subnet_ids))]
        broker.add_property_override("SubnetIds", value_if(is_cluster, list(subnet_ids), one_subnet))
        exempt(
            broker,
            "broker-encrypted-with-own-key",
            "Amazon MQ refuses encryption options for RabbitMQ; storage is encrypted with a key that AWS owns",
        )
        BrokerAlarms(self, "Alarms", broker_name=self.name, limits=limits or BrokerLimits(), topics=topics)
        self.arn: str = broker.attr_arn
        self.secret_arn: str = secret.ref
        self.endpoint: str = cdk.Fn.select(0, broker.attr_amqp_endpoints)
        # amqps://HOST:5671
        self.host: str = cdk.Fn.select(0, cdk.Fn.split(":", cdk.Fn.select(1, cdk.Fn.split("//", self.endpoint))))

    def _secret(self, name: str, key_arn: str) -> secrets.CfnSecret:
        generated = secrets.CfnSecret.GenerateSecretStringProperty(
            secret_string_template=json.dumps({"username": "kilnadmin"}),
            generate_string_key="password",
            password_length=PASSWORD_LENGTH,
            exclude_characters=NOT_IN_A_PASSWORD,
            require_each_included_type=True,
        )
        return secrets.CfnSecret(
            self,
            "Admin",
            description=f"The administrator of {name}",
            kms_key_id=key_arn,
            generate_secret_string=generated,
        )

    def _configuration(self, settings: Mapping[str, str]) -> mq.CfnBroker.ConfigurationIdProperty:
        text = "".join(f"{key} = {value}\n" for key, value in sorted(settings.items()))
        configuration = mq.CfnConfiguration(
            self,
            "Configuration",
            name=self.name,
            engine_type=ENGINE,
            engine_version=VERSION,
            data=cdk.Fn.base64(text),
        )
        return mq.CfnBroker.ConfigurationIdProperty(
            id=configuration.ref, revision=cdk.Token.as_number(configuration.attr_revision)
        )


def _admin(secret_arn: str) -> mq.CfnBroker.UserProperty:
    secret = f"{{{{resolve:secretsmanager:{secret_arn}:SecretString:"
    return mq.CfnBroker.UserProperty(username=f"{secret}username}}}}", password=f"{secret}password}}}}")
