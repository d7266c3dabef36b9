"""Buckets, read back."""

from tests.readback.expected import at_least, denies, denies_plain_http, is_, own_key, present, refuses_anybody
from tests.readback.reading import ID, Ask, Expected, read

BUCKET = "AWS::S3::Bucket"
OBJECTS = ("s3:GetObject", "s3:PutObject")
ENCRYPTION = "ServerSideEncryptionConfiguration.Rules[].ApplyServerSideEncryptionByDefault"
WAYS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")


def bucket(call: str, path: str, expected: Expected) -> Ask:
    return Ask(BUCKET, f"s3 {call}", {"Bucket": ID}, path, expected)


def locked(path: str, expected: Expected) -> Ask:
    """Of the bucket that each trail writes into."""
    return Ask(
        "AWS::CloudTrail::Trail",
        "s3 get_object_lock_configuration",
        {"Bucket": ID},
        f"ObjectLockConfiguration.{path}",
        expected,
        each=("cloudtrail describe_trails", {"trailNameList": [ID]}, "trailList[].S3BucketName"),
    )


READINGS = (
    read(
        "bucket-blocks-public-access",
        *(bucket("get_public_access_block", f"PublicAccessBlockConfiguration.{way}", is_(True)) for way in WAYS),
    ),
    read(
        "bucket-without-acls",
        bucket(
            "get_bucket_ownership_controls",
            "OwnershipControls.Rules[].ObjectOwnership",
            is_("BucketOwnerEnforced"),
        ),
    ),
    read("bucket-refuses-plain-http", bucket("get_bucket_policy", "Policy", denies_plain_http(*OBJECTS))),
    read(
        "bucket-refuses-old-tls",
        bucket("get_bucket_policy", "Policy", denies(OBJECTS, "NumericLessThan", "s3:TlsVersion", "1.2")),
    ),
    read("bucket-policy-is-not-public", bucket("get_bucket_policy", "Policy", refuses_anybody())),
    read(
        "bucket-encrypted",
        bucket("get_bucket_encryption", f"{ENCRYPTION}.SSEAlgorithm", is_("aws:kms", "aws:kms:dsse", "AES256")),
    ),
    read(
        "bucket-encrypted-with-own-key",
        bucket("get_bucket_encryption", f"{ENCRYPTION}.SSEAlgorithm", is_("aws:kms", "aws:kms:dsse")),
        bucket("get_bucket_encryption", f"{ENCRYPTION}.KMSMasterKeyID", own_key()),
    ),
    read("bucket-keeps-versions", bucket("get_bucket_versioning", "Status", is_("Enabled"))),
    read(
        "bucket-tidies-up",
        bucket("get_bucket_lifecycle_configuration", "Rules[?Status=='Enabled'].Status", present()),
    ),
    read(
        "locked-bucket-keeps-its-lock",
        locked("Rule.DefaultRetention.Mode", is_("COMPLIANCE")),
        locked("Rule.DefaultRetention.Days", at_least(1)),
    ),
)

UNREADABLE = {
    "bucket-outlives-its-stack": "a deletion policy is CloudFormation's own: the service has no such setting",
}
