"""What baking needs and what keeps the images: network, builders' role, key of the images, bucket of their records.

Images are encrypted with a key of their own, because a snapshot under the AWS managed key cannot be shared. The key's
policy lets the environments' accounts start instances from them; nobody outside may encrypt with it or manage it.
"""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from kiln.bake_network import BakeNetwork

ACTIONS_TO_LAUNCH = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*")
"""https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/share-amis-with-cmk.html (as few as launching needs)"""


class ImageFactory(Construct):
    """Bake network, instance profile, key and bucket.

    Args:
        cidr: of the bake network.
        key_alias: such as `shop/images`.
        account_ids: the accounts that launch instances from the images, besides this one; there may be none.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, cidr: str, key_alias: str, account_ids: Sequence[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self.network = BakeNetwork(self, "Network", cidr=cidr)
        # A builder gets its files over SSH and asks nothing of AWS: a role without any permission. A recipe that
        # needs one grants it to this role.
        self.builder_role = iam.Role(
            self, "BuilderRole", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), description="Builders of images"
        )
        self.instance_profile = iam.InstanceProfile(self, "BuilderProfile", role=self.builder_role)
        self.key = _key(self, key_alias, account_ids)
        self.bucket = s3.Bucket(
            self,
            "Images",
            versioned=True,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )


def _key(scope: Construct, alias: str, account_ids: Sequence[str]) -> kms.Key:
    key = kms.Key(
        scope,
        "Key",
        alias=alias,
        description="Images and their records",
        enable_key_rotation=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
    )
    accounts = [iam.AccountPrincipal(account) for account in account_ids]
    if not accounts:
        return key
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="LaunchFromImages", principals=accounts, actions=list(ACTIONS_TO_LAUNCH), resources=["*"]
        )
    )
    # Without a condition on AWS resources: the account itself grants the key to its Auto Scaling role, once.
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    key.add_to_resource_policy(
        iam.PolicyStatement(sid="GrantToAutoScaling", principals=accounts, actions=["kms:CreateGrant"], resources=["*"])
    )
    return key
