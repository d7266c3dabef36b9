"""SNS, SSM and ECR: attributes that are calls of their own, and calls that differ between make and change."""

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
)
SUBSCRIPTION = (
    "RawMessageDelivery",
    "FilterPolicy",
    "FilterPolicyScope",
    "RedrivePolicy",
    "DeliveryPolicy",
)


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
