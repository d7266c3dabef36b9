"""A bucket that keeps what is in it, for those who may have it, over TLS 1.2 or later.

Every bucket blocks public access, has no ACLs, keeps old versions for a while, encrypts with a key of ours and outlives
its stack. What a service cannot work with is switched off by a reason, which lands in the exceptions ledger.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from kiln.exemption import exempt
from kiln.refusal import refuse, require_between

OLD_VERSION_DAYS = 90
UNFINISHED_UPLOAD_DAYS = 7
MOST_DAYS = 2**31 - 1
LONGEST_LOCK_DAYS = 36_500
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html (100 years)"""

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Encryption:
    """With what a bucket encrypts. Make it by `with_key` or `without_key`."""

    key_arn: str | None
    reason: str

    @classmethod
    def with_key(cls, key_arn: str) -> "Encryption":
        """With a KMS key, which may be a token."""
        return cls(key_arn, "")

    @classmethod
    def without_key(cls, *, reason: str) -> "Encryption":
        """With a key of S3, where the service that writes cannot use KMS."""
        return cls(None, reason)


class Bucket(Construct):
    """A bucket and its policy; `.arn`, `.name` and `.domain_name` are tokens.

    Args:
        encryption: see `Encryption`.
        keep_days: after which an object expires; for ever by default. May be a token.
        passing: beginning of a key → days after which an object with it expires, however long the others are kept.
        lock_days: for which nobody, root included, can delete a version (Object Lock, compliance mode). May be a token.
        access_logs: the bucket that is told of each request.
        acl_reason: why a service must write objects with an ACL; without it there are no ACLs.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        encryption: Encryption,
        keep_days: float | None = None,
        passing: Mapping[str, int] | None = None,
        lock_days: float | None = None,
        access_logs: "Bucket | None" = None,
        acl_reason: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        _require_sense(self, keep_days, lock_days)
        for prefix, days in (passing or {}).items():
            require_between(self, f"passing[{prefix!r}]", days, 1, MOST_DAYS, "days")
        key = encryption.key_arn and kms.Key.from_key_arn(self, "Key", encryption.key_arn)
        # "Default" is not part of logical ids, so that a plain bucket can become one of these and stay the same.
        self._bucket = s3.Bucket(
            self,
            "Default",
            versioned=True,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=_ownership(acl_reason),
            enforce_ssl=True,
            minimum_tls_version=1.2,
            lifecycle_rules=[*_lifecycle(keep_days), *_of_prefixes(passing or {})],
            object_lock_enabled=True if lock_days else None,
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        self.resource: s3.CfnBucket = self._bucket.node.default_child
        """What an exemption is said of."""
        self.policy: s3.BucketPolicy = self._bucket.policy  # a writer has to wait for it
        self.name: str = self._bucket.bucket_name
        self.arn: str = self._bucket.bucket_arn
        self.domain_name: str = self._bucket.bucket_regional_domain_name
        if lock_days:
            rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": lock_days}}
            lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
            self.resource.add_property_override("ObjectLockConfiguration", lock)
        if access_logs:
            access_logs.take_access_logs_of(self)
        if not key:
            exempt(self.resource, "bucket-encrypted-with-own-key", encryption.reason)
        if acl_reason:
            exempt(self.resource, "bucket-without-acls", acl_reason)

    def allow(
        self,
        sid: str,
        *,
        principal: iam.IPrincipal,
        actions: list[str],
        objects: str | None = None,
        conditions: Json | None = None,
    ) -> None:
        """Let a principal do something with the bucket or, with `objects` such as `logs/*`, with these objects."""
        resource = self.arn if objects is None else f"{self.arn}/{objects}"
        self._bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=sid, principals=[principal], actions=actions, resources=[resource], conditions=conditions
            )
        )

    def take_access_logs_of(self, other: "Bucket") -> None:
        """Keep a line for each request to the other bucket, under `access/<its name>/`."""
        other.resource.add_property_override(
            "LoggingConfiguration", {"DestinationBucketName": self.name, "LogFilePrefix": "access/"}
        )
        self.allow(
            f"AccessLogsOf{other.node.id}",
            principal=iam.ServicePrincipal("logging.s3.amazonaws.com"),
            actions=["s3:PutObject"],
            objects="access/*",
            conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
        )
        # S3 refuses logging to a bucket that does not admit it yet; so the policy cannot name the other bucket.
        for policy in filter(s3.CfnBucketPolicy.is_cfn_bucket_policy, self.node.find_all()):
            other.resource.add_resource_dependency(policy)


def _require_sense(bucket: Construct, keep_days: float | None, lock_days: float | None) -> None:
    if keep_days is not None:
        require_between(bucket, "keep_days", keep_days, 1, MOST_DAYS, "days")
    if lock_days is not None:
        require_between(bucket, "lock_days", lock_days, 1, LONGEST_LOCK_DAYS, "days")
    if cdk.Token.is_unresolved(keep_days) or cdk.Token.is_unresolved(lock_days) or not keep_days or not lock_days:
        return
    if keep_days < lock_days:
        raise refuse(bucket, "keep_days", found=keep_days, expected=f"at least the {lock_days} days of the lock")


def _ownership(acl_reason: str | None) -> s3.ObjectOwnership:
    return s3.ObjectOwnership.BUCKET_OWNER_PREFERRED if acl_reason else s3.ObjectOwnership.BUCKET_OWNER_ENFORCED


def _lifecycle(keep_days: float | None) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="Tidy",
            abort_incomplete_multipart_upload_after=cdk.Duration.days(UNFINISHED_UPLOAD_DAYS),
            noncurrent_version_expiration=cdk.Duration.days(OLD_VERSION_DAYS),
            expiration=None if keep_days is None else cdk.Duration.days(keep_days),
        )
    ]


def _of_prefixes(passing: Mapping[str, int]) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(id=f"Pass{number}", prefix=prefix, expiration=cdk.Duration.days(days))
        for number, (prefix, days) in enumerate(passing.items(), 1)
    ]
