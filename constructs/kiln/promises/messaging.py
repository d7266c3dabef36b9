"""Promises about topics, queues and brokers."""

from collections.abc import Iterator

from kiln.promises import policies
from kiln.promises.checks import Breach, Mutation, Own, both, every, shown
from kiln.promises.controls import asked
from kiln.promises.demands import count_at_least, meets, number, own_key
from kiln.promises.paths import MISSING, put
from kiln.promises.promise import Promise
from kiln.promises.template import Environment, Resource
from kiln.promises.values import Json, is_known

SNS = "https://docs.aws.amazon.com/sns/latest/dg"
SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
MQ = "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide"

TOPIC = every("AWS::SNS::Topic")
QUEUE = every("AWS::SQS::Queue")
BROKER = every("AWS::AmazonMQ::Broker")
TWO_WEEKS = 14 * 24 * 60 * 60


def _from_a_secret(value: Json) -> bool:
    return isinstance(value, str) and value.startswith("{{resolve:secretsmanager:")


def _dead_letter_queues(environment: Environment) -> list[Resource]:
    """Queues to which another one sends what nobody can work on."""
    queues = environment.of_type("AWS::SQS::Queue")
    return [one for one in queues if any(one.is_in(other.properties.get("RedrivePolicy", "")) for other in queues)]


def _without_dead_letters(environment: Environment) -> Iterator[Breach]:
    aside = _dead_letter_queues(environment)
    for queue in environment.of_type("AWS::SQS::Queue"):
        for name in ("deadLetterTargetArn", "maxReceiveCount"):
            if queue not in aside and not queue.properties.get("RedrivePolicy", {}).get(name):
                yield Breach(queue, f"Properties.RedrivePolicy.{name}", "nothing", "a dead-letter queue and a count")


def _take_dead_letters(environment: Environment) -> Iterator[Mutation]:
    for queue in environment.of_type("AWS::SQS::Queue"):
        if "RedrivePolicy" in queue.properties:
            for name in ("RedrivePolicy", "RedrivePolicy.maxReceiveCount"):
                body = put(queue.body, ("Properties", *name.split(".")), MISSING)
                yield Mutation(f"{queue.stack}/{queue.logical_id}: take away {name}", ((queue, body),))


def _short_lived(environment: Environment) -> Iterator[Breach]:
    for queue in _dead_letter_queues(environment):
        kept = queue.properties.get("MessageRetentionPeriod", "nothing")
        if is_known(kept) and not number(kept) >= TWO_WEEKS:
            yield Breach(queue, "Properties.MessageRetentionPeriod", shown(kept), f"at least {TWO_WEEKS}")


def _shorten(environment: Environment) -> Iterator[Mutation]:
    for queue in _dead_letter_queues(environment):
        for days in (4 * 24 * 60 * 60, MISSING):
            body = put(queue.body, ("Properties", "MessageRetentionPeriod"), days)
            yield Mutation(f"{queue.stack}/{queue.logical_id}: keep messages for {shown(days)}", ((queue, body),))


PROMISES = (
    Promise(
        id="topic-encrypted-with-own-key",
        title="Topics are encrypted with a key of our own",
        reason="Under the AWS managed key CloudWatch and EventBridge cannot publish: alarms are lost in silence.",
        controls=asked("SNS.1"),
        source=f"{SNS}/sns-server-side-encryption.html",
        check=TOPIC.asks(own_key("KmsMasterKeyId", "alias/aws/sns")),
    ),
    Promise(
        id="topic-refuses-plain-http",
        title="Topics refuse messages that come without TLS",
        reason="An alarm says what is wrong where; so does whoever reads it on the way.",
        controls=(),
        source=f"{SNS}/sns-security-best-practices.html",
        check=TOPIC.beside(
            every("AWS::SNS::TopicPolicy").asks(policies.denies_plain_http("PolicyDocument", "sns:Publish")),
            via="Topics",
        ),
    ),
    Promise(
        id="topic-is-not-public",
        title="Not everybody may publish to a topic or read it",
        reason="Whoever publishes to an alarm's topic wakes people; whoever subscribes learns what is broken.",
        controls=asked("SNS.4"),
        source=f"{SNS}/sns-security-best-practices.html",
        check=every("AWS::SNS::TopicPolicy").asks(policies.refuses_anybody("PolicyDocument")),
    ),
    Promise(
        id="topic-is-read-by-somebody",
        title="Every topic has a subscriber",
        reason="An alarm that nobody gets is none.",
        controls=(),
        source=f"{SNS}/sns-create-subscribe-endpoint-to-topic.html",
        check=TOPIC.beside(every("AWS::SNS::Subscription").present("Endpoint"), via="TopicArn"),
    ),
    Promise(
        id="queue-encrypted-with-own-key",
        title="Queues are encrypted with a key of our own",
        reason="Messages are people's data; who may read them is said by a key policy as well.",
        controls=asked("SQS.1"),
        source=f"{SQS}/sqs-server-side-encryption.html",
        check=QUEUE.asks(own_key("KmsMasterKeyId", "alias/aws/sqs")),
    ),
    Promise(
        id="queue-refuses-plain-http",
        title="Queues refuse requests that come without TLS",
        reason="Messages are people's data.",
        controls=(),
        source=f"{SQS}/sqs-security-best-practices.html",
        check=QUEUE.beside(
            every("AWS::SQS::QueuePolicy").asks(policies.denies_plain_http("PolicyDocument", "sqs:SendMessage")),
            via="Queues",
        ),
    ),
    Promise(
        id="queue-is-not-public",
        title="Not everybody may send to a queue or read it",
        reason="A stranger's message is work that the service does.",
        controls=asked("SQS.3"),
        source=f"{SQS}/sqs-security-best-practices.html",
        check=every("AWS::SQS::QueuePolicy").asks(policies.refuses_anybody("PolicyDocument")),
    ),
    Promise(
        id="queue-sets-poison-aside",
        title="A message that cannot be worked on is set aside in a dead-letter queue",
        reason="Otherwise it comes back until it expires, and each time costs a worker.",
        controls=(),
        source=f"{SQS}/sqs-dead-letter-queues.html",
        check=Own(_without_dead_letters, _take_dead_letters),
    ),
    Promise(
        id="dead-letters-are-kept",
        title="Dead-letter queues keep messages for fourteen days, the most there is",
        reason="What was set aside over a holiday is still there afterwards.",
        controls=(),
        source=f"{SQS}/sqs-dead-letter-queues.html",
        check=Own(_short_lived, _shorten),
    ),
    Promise(
        id="queue-outlives-its-stack",
        title="A queue stays when its stack goes or wants to replace it",
        reason="The messages in it are work that somebody has been promised.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=QUEUE.retained(),
    ),
    Promise(
        id="broker-encrypted-with-own-key",
        title="Brokers are encrypted with a key of our own",
        reason="Messages at rest are people's data; the key cannot be changed later.",
        controls=(),
        source=f"{MQ}/data-protection-encryption-at-rest.html",
        check=BROKER.has("EncryptionOptions.UseAwsOwnedKey", False).present("EncryptionOptions.KmsKeyId"),
    ),
    Promise(
        id="broker-is-not-public",
        title="Brokers have no public address",
        reason="A broker on the Internet is one password away from all its messages.",
        controls=(),
        source=f"{MQ}/using-amazon-mq-securely.html",
        check=BROKER.has("PubliclyAccessible", False),
    ),
    Promise(
        id="broker-takes-minor-versions",
        title="Brokers take minor versions in their maintenance window",
        reason="Security fixes arrive as minor versions.",
        controls=(),
        source=f"{MQ}/upgrading-brokers.html",
        check=BROKER.has("AutoMinorVersionUpgrade", True),
    ),
    Promise(
        id="broker-logs",
        title="Brokers publish their log",
        reason="Why a connection was refused is only there.",
        controls=(),
        source=f"{MQ}/security-logging-monitoring.html",
        check=BROKER.has("Logs.General", True),
    ),
    Promise(
        id="broker-spans-zones",
        title="The RabbitMQ broker of a protected environment is a cluster over three zones",
        reason="One node is down for each of its maintenance windows.",
        controls=asked("MQ.6"),
        source=f"{MQ}/rabbitmq-broker-architecture.html",
        check=both(
            BROKER.where("EngineType", "RABBITMQ").one_of("DeploymentMode", "CLUSTER_MULTI_AZ", weak="SINGLE_INSTANCE"),
            BROKER.where("DeploymentMode", "CLUSTER_MULTI_AZ").asks(count_at_least("SubnetIds", 3)),
        ),
        protected_only=True,
    ),
    Promise(
        id="broker-password-is-in-no-template",
        title="A broker's password comes from a secret",
        reason="A template is read by everybody who can see the stack, and kept for ever.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html",
        check=BROKER.asks(
            meets(
                "Users[].Password",
                _from_a_secret,
                "a dynamic reference to a secret",
                lambda _: ("secret", MISSING),
                judges=False,
            )
        ),
    ),
)
