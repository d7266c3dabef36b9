"""SNS, SQS, SSM and ECR: attributes that are calls of their own, and calls that differ between make and change."""

from typing import Any

from rehearsal.resources.cast import text_of
from rehearsal.resources.kind import Computed, Properties, prepare, step
from rehearsal.resources.resource import Resource
from rehearsal.resources.special.structures import only, pick, without

TOPIC = (
    "DisplayName",
    "KmsMasterKeyId",
    "FifoTopic",
    "ContentBasedDeduplication",
    "SignatureVersion",
    "TracingConfig",
    "ArchivePolicy",
    "FifoThroughputScope",
)
SUBSCRIPTION = (
    "RawMessageDelivery",
    "FilterPolicy",
    "FilterPolicyScope",
    "RedrivePolicy",
    "DeliveryPolicy",
    "SubscriptionRoleArn",
    "ReplayPolicy",
)
QUEUE = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)
# What a queue does that is not told otherwise (API_SetQueueAttributes); the others have no value then.
QUEUE_DEFAULTS = {
    "DelaySeconds": "0",
    "KmsDataKeyReusePeriodSeconds": "300",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}


@prepare(*TOPIC, "Subscription")
def topic(resource: Resource, properties: Properties) -> Properties:
    """A topic's settings are one map of texts."""
    attributes = {k: text_of(v) for k, v in pick(properties, *TOPIC).items()}
    return {
        **without(properties, *TOPIC, "Subscription"),
        **({"Attributes": attributes} if attributes else {}),
    }


@step(*(name for name in TOPIC if name != "FifoTopic"))
def topic_attributes(resource: Resource, before: Properties | None) -> None:
    if before is None:
        return
    for name in TOPIC:
        if before.get(name) != resource.properties.get(name):
            resource.api.call(
                "set_topic_attributes",
                TopicArn=resource.physical_id,
                AttributeName=name,
                AttributeValue=text_of(resource.properties.get(name, "")),
            )


@prepare(*SUBSCRIPTION)
def subscription(resource: Resource, properties: Properties) -> Properties:
    attributes = {k: text_of(v) for k, v in pick(properties, *SUBSCRIPTION).items()}
    return {
        **without(properties, *SUBSCRIPTION),
        "Attributes": attributes,
        "ReturnSubscriptionArn": True,
    }


@step(*SUBSCRIPTION)
def subscription_attributes(resource: Resource, before: Properties | None) -> None:
    if before is None:
        return
    for name in SUBSCRIPTION:
        if resource.unsure or before.get(name) != resource.properties.get(name):
            resource.api.call(
                "set_subscription_attributes",
                SubscriptionArn=resource.physical_id,
                AttributeName=name,
                AttributeValue=text_of(resource.properties.get(name, "")),
            )


def _default_policy(resource: Resource, topic: Any) -> str:
    """What SNS gives a topic to which nobody has given a policy: its own account may do everything with it."""
    actions = "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe"
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{name}" for name in (*actions.split(), "ListSubscriptionsByTopic", "Publish")],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": resource.place.account}},
    }
    return text_of({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


default_policy = Computed(_default_policy)


@prepare("QueueName", *QUEUE)
def queue(resource: Resource, properties: Properties) -> Properties:
    """A queue's settings are one map of texts. A queue that keeps the order has a name that says so."""
    attributes = {k: text_of(v) for k, v in pick(properties, *QUEUE).items()}
    if attributes.get("FifoQueue") == "true" and not properties["QueueName"].endswith(".fifo"):
        name = f"{properties['QueueName'][:75]}.fifo"
        properties = resource.properties = {**properties, "QueueName": name}
    return {**without(properties, *QUEUE), "Attributes": attributes}


@step(*(name for name in QUEUE if name != "FifoQueue"))
def queue_attributes(resource: Resource, before: Properties | None) -> None:
    if before is None:
        return
    now = resource.properties
    changed = [n for n in QUEUE if n != "FifoQueue" and (before.get(n) != now.get(n) or (resource.unsure and n in now))]
    if changed:
        attributes = {n: text_of(now.get(n, QUEUE_DEFAULTS.get(n, ""))) for n in changed}
        resource.api.call("set_queue_attributes", QueueUrl=resource.physical_id, Attributes=attributes)


def document(resource: Resource) -> str:
    """The text of a policy document."""
    return text_of(resource.properties["PolicyDocument"])


@prepare()
def parameter(resource: Resource, properties: Properties) -> Properties:
    """PutParameter makes and changes; it takes tags only when it makes."""
    if not resource.physical_id:
        return {**properties, "Overwrite": False}
    return {**without(properties, "Tags"), "Overwrite": True}


def _lifecycle_text(resource: Resource, _: Any) -> str:
    policy = only(resource.properties["LifecyclePolicy"], "LifecyclePolicy", "LifecyclePolicyText")
    return str(policy["LifecyclePolicyText"])


lifecycle_text = Computed(_lifecycle_text, ("LifecyclePolicy",))
