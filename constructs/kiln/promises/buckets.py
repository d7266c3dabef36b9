"""Promises about buckets."""

from kiln.promises import policies
from kiln.promises.checks import every
from kiln.promises.controls import asked
from kiln.promises.demands import meets
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise
from kiln.promises.values import Json

S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
BUCKET = every("AWS::S3::Bucket")
POLICY = every("AWS::S3::BucketPolicy")
BLOCK = "PublicAccessBlockConfiguration"
ALGORITHM = "BucketEncryption.ServerSideEncryptionConfiguration[].ServerSideEncryptionByDefault"


def _ends_something(rules: Json) -> bool:
    return isinstance(rules, list) and any(rule.get("Status") == "Enabled" for rule in rules)


PROMISES = (
    Promise(
        id="bucket-blocks-public-access",
        title="Buckets block public access in all four ways",
        reason="A policy or an ACL written by mistake publishes nothing.",
        controls=asked("S3.8", "S3.2", "S3.3"),
        source=f"{S3}/access-control-block-public-access.html",
        check=BUCKET.has(f"{BLOCK}.BlockPublicAcls", True)
        .has(f"{BLOCK}.BlockPublicPolicy", True)
        .has(f"{BLOCK}.IgnorePublicAcls", True)
        .has(f"{BLOCK}.RestrictPublicBuckets", True),
    ),
    Promise(
        id="bucket-without-acls",
        title="Buckets have no ACLs",
        reason="Who may read is said in one place, the policy, also for objects that another account wrote.",
        controls=asked("S3.12"),
        source=f"{S3}/about-object-ownership.html",
        check=BUCKET.has("OwnershipControls.Rules[].ObjectOwnership", "BucketOwnerEnforced"),
    ),
    Promise(
        id="bucket-refuses-plain-http",
        title="Buckets refuse requests without TLS",
        reason="A signed request that somebody records can be played again.",
        controls=asked("S3.5"),
        source=f"{S3}/security-best-practices.html",
        check=BUCKET.beside(
            POLICY.asks(policies.denies_plain_http("PolicyDocument", "s3:GetObject", "s3:PutObject")), via="Bucket"
        ),
    ),
    Promise(
        id="bucket-refuses-old-tls",
        title="Buckets refuse TLS before 1.2",
        reason="Older versions have known weaknesses.",
        controls=(),
        source=f"{S3}/amazon-s3-policy-keys.html",
        check=BUCKET.beside(POLICY.asks(policies.denies_old_tls("PolicyDocument")), via="Bucket"),
    ),
    Promise(
        id="bucket-policy-is-not-public",
        title="No bucket's policy allows anything to everybody",
        reason="With a condition forgotten, what is inside is on the Internet.",
        controls=asked("S3.2", "S3.3"),
        source=f"{S3}/bucket-policies.html",
        check=POLICY.asks(policies.refuses_anybody("PolicyDocument")),
    ),
    Promise(
        id="bucket-encrypted",
        title="Buckets encrypt what is in them",
        reason="S3 does by default today; the template says so whatever the default becomes.",
        controls=(),
        source=f"{S3}/bucket-encryption.html",
        check=BUCKET.one_of(f"{ALGORITHM}.SSEAlgorithm", "aws:kms", "aws:kms:dsse", "AES256", weak="none"),
    ),
    Promise(
        id="bucket-encrypted-with-own-key",
        title="Buckets encrypt with a key of our own",
        reason="Who may read is then said by a key policy as well as by the bucket's.",
        controls=asked("S3.17"),
        source=f"{S3}/UsingKMSEncryption.html",
        check=BUCKET.present(f"{ALGORITHM}.KMSMasterKeyID"),
    ),
    Promise(
        id="bucket-keeps-versions",
        title="Buckets keep old versions",
        reason="What was overwritten or deleted by mistake can be had back.",
        controls=asked("S3.14"),
        source=f"{S3}/Versioning.html",
        check=BUCKET.has("VersioningConfiguration.Status", "Enabled"),
    ),
    Promise(
        id="bucket-tidies-up",
        title="Buckets have a lifecycle",
        reason="Old versions and unfinished uploads cost for ever and are seen by nobody.",
        controls=asked("S3.13", "S3.10"),
        source=f"{S3}/object-lifecycle-mgmt.html",
        check=BUCKET.asks(
            meets(
                "LifecycleConfiguration.Rules",
                _ends_something,
                "a rule that is enabled",
                lambda rules: ([rule | {"Status": "Disabled"} for rule in rules], MISSING),
                judges=False,
            )
        ),
    ),
    Promise(
        id="bucket-outlives-its-stack",
        title="A bucket stays when its stack goes or wants to replace it",
        reason="Logs and images are wanted just when something was taken down.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=BUCKET.retained(),
    ),
    Promise(
        id="locked-bucket-keeps-its-lock",
        title="A bucket with Object Lock locks every object from the start, so that nobody can shorten it",
        reason="A lock without a default locks nothing; in governance mode an administrator opens it.",
        controls=asked("S3.15"),
        source=f"{S3}/object-lock.html",
        check=BUCKET.where("ObjectLockEnabled", True)
        .has("ObjectLockConfiguration.Rule.DefaultRetention.Mode", "COMPLIANCE")
        .present("ObjectLockConfiguration.Rule.DefaultRetention.Days"),
    ),
)
