"""AWS::S3, AWS::SSM, AWS::SNS."""

from rehearsal.resources.kind import Call, Each, Kind, Name, Operation, Tagging, op
from rehearsal.resources.special import messages, storage


def setting(operation: str, member: str, prop: str, undo: str | None = None) -> Call:
    """A setting of a bucket that is a call of its own."""
    put = op(operation, Bucket="{id}", **{member: f"${prop}"})
    return Call(put, undo=op(undo, Bucket="{id}") if undo else None)


def put(operation: str, **arguments: object) -> Operation:
    return op(operation, Bucket="{id}", **arguments)


TABLE = {
    "AWS::S3::Bucket": Kind(
        service="s3",
        create=op("create_bucket"),
        delete=op("delete_bucket", Bucket="{id}"),
        attributes={
            "Arn": "arn:aws:s3:::{id}",
            "DomainName": "{id}.s3.amazonaws.com",
            "RegionalDomainName": "{id}.s3.{Region}.amazonaws.com",
            "DualStackDomainName": "{id}.s3.dualstack.{Region}.amazonaws.com",
            "WebsiteURL": "http://{id}.s3-website-{Region}.amazonaws.com",
        },
        name=Name("BucketName", 63, lower=True),
        rename={"BucketName": "Bucket"},
        prepare=storage.bucket,
        steps=(
            setting(
                "put_bucket_versioning",
                "VersioningConfiguration",
                "VersioningConfiguration",
            ),
            setting(
                "put_public_access_block",
                "PublicAccessBlockConfiguration",
                "PublicAccessBlockConfiguration",
                undo="delete_public_access_block",
            ),
            setting(
                "put_bucket_ownership_controls",
                "OwnershipControls",
                "OwnershipControls",
                undo="delete_bucket_ownership_controls",
            ),
            Call(
                put(
                    "put_bucket_encryption",
                    ServerSideEncryptionConfiguration=storage.encryption,
                ),
                undo=put("delete_bucket_encryption"),
            ),
            Call(
                put(
                    "put_bucket_lifecycle_configuration",
                    LifecycleConfiguration=storage.lifecycle,
                ),
                undo=put("delete_bucket_lifecycle"),
            ),
            Call(
                put("put_object_lock_configuration", ObjectLockConfiguration="$ObjectLockConfiguration"),
            ),
            Call(
                put("put_bucket_logging", BucketLoggingStatus=storage.access_log),
                undo=put("put_bucket_logging", BucketLoggingStatus={}),
            ),
            storage.tags,
        ),
        remark="Like CloudFormation, it deletes only an empty bucket.",
    ),
    "AWS::S3::BucketPolicy": Kind(
        service="s3",
        create=op("put_bucket_policy", Bucket="$Bucket"),
        put=True,
        delete=op("delete_bucket_policy", Bucket="$Bucket"),
        rename={"PolicyDocument": "Policy"},
        ref="{Bucket}",
        remark="Kept and described as it is; statements with a Condition are not enforced.",
    ),
    "AWS::SSM::Parameter": Kind(
        service="ssm",
        create=op("put_parameter"),
        put=True,
        delete=op("delete_parameter", Name="{id}"),
        tagging=Tagging(
            op("add_tags_to_resource", ResourceType="Parameter", ResourceId="{id}"),
            op("remove_tags_from_resource", ResourceType="Parameter", ResourceId="{id}"),
        ),
        attributes={"Type": "{Type}", "Value": "{Value}"},
        prepare=messages.parameter,
    ),
    "AWS::SNS::Topic": Kind(
        service="sns",
        create=op("create_topic"),
        delete=op("delete_topic"),
        tagging=Tagging(
            op("tag_resource", ResourceArn="{id}"),
            op("untag_resource", ResourceArn="{id}"),
        ),
        attributes={"TopicName": "{TopicName}"},
        name=Name("TopicName", 256),
        rename={"TopicName": "Name"},
        prepare=messages.topic,
        steps=(
            messages.topic_attributes,
            Each(
                "Subscription",
                op(
                    "subscribe",
                    TopicArn="{id}",
                    Protocol="$item.Protocol",
                    Endpoint="$item.Endpoint",
                ),
            ),
        ),
    ),
    "AWS::SNS::TopicPolicy": Kind(
        service="sns",
        steps=(
            Each(
                "Topics",
                op(
                    "set_topic_attributes",
                    TopicArn="$item",
                    AttributeName="Policy",
                    AttributeValue="$PolicyDocument",
                ),
                op(
                    "set_topic_attributes",
                    TopicArn="$item",
                    AttributeName="Policy",
                    AttributeValue=messages.default_policy,
                ),
                also=("PolicyDocument",),
            ),
        ),
    ),
    "AWS::SNS::Subscription": Kind(
        service="sns",
        create=op("subscribe"),
        delete=op("unsubscribe", SubscriptionArn="{id}"),
        ref="{SubscriptionArn}",
        prepare=messages.subscription,
        steps=(messages.subscription_attributes,),
        remark="A mail or an HTTP endpoint stays pending: nobody confirms.",
    ),
}
