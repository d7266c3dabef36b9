"""Topics, queues and brokers, read back."""

from tests.readback.expected import at_least, denies_plain_http, is_, many, own_key, present, refuses_anybody, text
from tests.readback.reading import ID, Ask, Expected, read

TOPIC, QUEUE, BROKER = "AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::AmazonMQ::Broker"
TWO_WEEKS = 14 * 24 * 60 * 60
SOURCES = ("sqs list_dead_letter_source_queues", {"QueueUrl": ID})
FOR_WORK, FOR_DEAD_LETTERS = "length(queueUrls) == `0` && ['{0}']", "length(queueUrls) > `0` && ['{0}']"


def _topic(name: str, expected: Expected) -> Ask:
    return Ask(TOPIC, "sns get_topic_attributes", {"TopicArn": ID}, f"Attributes.{name}", expected)


def _queue(name: str, expected: Expected, which: str = "") -> Ask:
    """`which`: only queues for work, or only those that take what nobody could work on."""
    request = {"QueueUrl": ID, "AttributeNames": ["All"]}
    each = (*SOURCES, which) if which else None
    return Ask(QUEUE, "sqs get_queue_attributes", request, f"Attributes.{name}", expected, each=each)


def _broker(path: str, expected: Expected, only: str = "") -> Ask:
    return Ask(BROKER, "mq describe_broker", {"BrokerId": ID}, path, expected, only)


_SET_ASIDE = text(
    "a dead-letter queue and a count",
    lambda found: "deadLetterTargetArn" in str(found) and "maxReceiveCount" in str(found),
)

READINGS = (
    read("topic-encrypted-with-own-key", _topic("KmsMasterKeyId", own_key())),
    read("topic-refuses-plain-http", _topic("Policy", denies_plain_http("sns:Publish"))),
    read("topic-is-not-public", _topic("Policy", refuses_anybody())),
    read(
        "topic-is-read-by-somebody",
        Ask(TOPIC, "sns list_subscriptions_by_topic", {"TopicArn": ID}, "Subscriptions[].Endpoint", present()),
    ),
    read("queue-encrypted-with-own-key", _queue("KmsMasterKeyId", own_key())),
    read("queue-refuses-plain-http", _queue("Policy", denies_plain_http("sqs:SendMessage"))),
    read("queue-is-not-public", _queue("Policy", refuses_anybody())),
    read("queue-sets-poison-aside", _queue("RedrivePolicy", _SET_ASIDE, FOR_WORK)),
    read("dead-letters-are-kept", _queue("MessageRetentionPeriod", at_least(TWO_WEEKS), FOR_DEAD_LETTERS)),
    read(
        "broker-encrypted-with-own-key",
        _broker("EncryptionOptions.UseAwsOwnedKey", is_(False)),
        _broker("EncryptionOptions.KmsKeyId", own_key()),
    ),
    read("broker-is-not-public", _broker("PubliclyAccessible", is_(False))),
    read("broker-takes-minor-versions", _broker("AutoMinorVersionUpgrade", is_(True))),
    read("broker-logs", _broker("Logs.General", is_(True))),
    read(
        "broker-spans-zones",
        _broker("DeploymentMode", is_("CLUSTER_MULTI_AZ")),
        _broker("SubnetIds", many(3)),
    ),
)

UNREADABLE = {
    "queue-outlives-its-stack": "a deletion policy is CloudFormation's own: the service has no such setting",
    "broker-password-is-in-no-template": "about where a template has it from: no answer of Amazon MQ has a password",
}
