"""AWS::SQS, AWS::AmazonMQ."""

from rehearsal.resources.kind import Computed, Each, Kind, Name, Tagging, op
from rehearsal.resources.special import brokers, messages

POLICY = Computed(lambda resource, _: {"Policy": messages.document(resource)}, ("PolicyDocument",))


def mq_tags(arn: str) -> Tagging:
    return Tagging(op("create_tags", ResourceArn=arn), op("delete_tags", ResourceArn=arn))


TABLE = {
    "AWS::SQS::Queue": Kind(
        service="sqs",
        create=op("create_queue"),
        delete=op("delete_queue", QueueUrl="{id}"),
        ref="{QueueUrl}",
        attributes={"Arn": "arn:aws:sqs:{Region}:{Account}:{QueueName}", "QueueName": "{QueueName}"},
        name=Name("QueueName", 80),
        tagging=Tagging(op("tag_queue", QueueUrl="{id}"), op("untag_queue", QueueUrl="{id}")),
        prepare=messages.queue,
        steps=(messages.queue_attributes,),
    ),
    "AWS::SQS::QueuePolicy": Kind(
        service="sqs",
        steps=(
            Each(
                "Queues",
                op("set_queue_attributes", QueueUrl="$item", Attributes=POLICY),
                op("set_queue_attributes", QueueUrl="$item", Attributes={"Policy": ""}),
                also=("PolicyDocument",),
            ),
        ),
        remark="Kept and described; nobody is refused because of it.",
    ),
    "AWS::AmazonMQ::Broker": Kind(
        service="mq",
        create=op("create_broker"),
        update=(op("update_broker", BrokerId="{id}"),),
        delete=op("delete_broker", BrokerId="{id}"),
        ref="{BrokerId}",
        attributes={
            "Id": "{id}",
            "Arn": "{BrokerArn}",
            "AmqpEndpoints": brokers.endpoints,
            "ConsoleURLs": brokers.consoles,
            "ConfigurationId": brokers.of_broker("Configurations", "Current", "Id"),
            "ConfigurationRevision": brokers.of_broker("Configurations", "Current", "Revision"),
            "EngineVersionCurrent": brokers.of_broker("EngineVersion"),
        },
        refused=dict.fromkeys(
            ("DataReplicationMode", "DataReplicationPrimaryBrokerArn", "LdapServerMetadata", "ResourceShareArns"),
            "RabbitMQ has no such thing here",
        ),
        tagging=mq_tags("{BrokerArn}"),
        prepare=brokers.in_capitals,
        steps=(brokers.reboot,),
        remark="Its API is Kiln's own; no broker stands behind it yet. RabbitMQ only; ActiveMQ is refused.",
    ),
    "AWS::AmazonMQ::Configuration": Kind(
        service="mq",
        create=op("create_configuration"),
        delete=op("delete_configuration", ConfigurationId="{id}"),
        ref="{Id}",
        attributes={"Id": "{id}", "Revision": "{LatestRevision.Revision}"},
        tagging=mq_tags("{Arn}"),
        prepare=brokers.in_capitals,
        steps=(brokers.revision,),
        before_delete=brokers.unused,
    ),
    "AWS::AmazonMQ::ConfigurationAssociation": Kind(
        service="mq",
        create=op("update_broker"),
        put=True,
        ref="{Stack}-{Logical}",
        prepare=brokers.association,
        steps=(brokers.associated,),
        remark="Its deletion leaves the broker with the configuration, as on AWS.",
    ),
}
