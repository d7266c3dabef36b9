import re
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from kiln.data.bucket import Bucket, Encryption
from kiln.promises.template import EXEMPTIONS
from kiln.refusal import WrongProperty

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
WITH_KEY = Encryption.with_key(KEY)
Templates = Callable[..., Any]


def one(template: Any, resource_type: str) -> Any:
    [resource] = template.find_resources(resource_type).values()
    return resource


def test_a_bucket_is_private_without_acls_versioned_encrypted_and_outlives_its_stack(template: Templates) -> None:
    bucket = one(template(lambda stack: Bucket(stack, "Files", encryption=WITH_KEY)), "AWS::S3::Bucket")
    found = bucket["Properties"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert "BucketName" not in found
    assert found["VersioningConfiguration"] == {"Status": "Enabled"}
    assert found["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert set(found["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(found["PublicAccessBlockConfiguration"]) == 4
    [rule] = found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    assert rule["BucketKeyEnabled"] is True
    assert EXEMPTIONS not in bucket["Metadata"]


def test_anything_but_modern_tls_is_refused(template: Templates) -> None:
    policy = one(template(lambda stack: Bucket(stack, "Files", encryption=WITH_KEY)), "AWS::S3::BucketPolicy")
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    assert [(s["Effect"], s["Principal"], s["Condition"]) for s in statements] == [
        ("Deny", {"AWS": "*"}, {"Bool": {"aws:SecureTransport": "false"}}),
        ("Deny", {"AWS": "*"}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}),
    ]


def test_objects_stay_unless_days_are_given_and_leftovers_go(template: Templates) -> None:
    bucket = one(template(lambda stack: Bucket(stack, "Files", encryption=WITH_KEY)), "AWS::S3::Bucket")
    [rule] = bucket["Properties"]["LifecycleConfiguration"]["Rules"]
    assert "ExpirationInDays" not in rule
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 7}


def test_what_passes_goes_earlier_than_the_rest_and_only_that(template: Templates) -> None:
    made = template(lambda stack: Bucket(stack, "Files", encryption=WITH_KEY, keep_days=90, passing={"leases/": 1}))
    _, rule = one(made, "AWS::S3::Bucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rule == {"Id": "Pass1", "Prefix": "leases/", "ExpirationInDays": 1, "Status": "Enabled"}


def test_days_and_lock_are_values_of_deployment(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        keep, lock = (cdk.Token.as_number(cdk.CfnParameter(stack, name).value) for name in ("Keep", "Lock"))
        Bucket(stack, "Files", encryption=WITH_KEY, keep_days=keep, lock_days=lock)

    found = one(template(build), "AWS::S3::Bucket")["Properties"]
    assert found["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == {"Ref": "Keep"}
    assert found["ObjectLockEnabled"] is True
    assert found["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": {"Ref": "Lock"}}},
    }


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ({"keep_days": 0}, "keep_days is 0; expected 1 to"),
        ({"passing": {"leases/": 0}}, "passing['leases/'] is 0; expected 1 to"),
        ({"lock_days": 36_501}, "lock_days is 36501; expected 1 to 36500 days"),
        ({"keep_days": 10, "lock_days": 30}, "keep_days is 10; expected at least the 30 days of the lock"),
    ],
)
def test_days_that_cannot_be_are_refused(template: Templates, days: Any, text: str) -> None:
    with pytest.raises(WrongProperty, match=re.escape(f"Stack/Files: {text}")):
        template(lambda stack: Bucket(stack, "Files", encryption=WITH_KEY, **days))


def test_what_a_service_cannot_work_with_is_switched_off_by_a_reason_that_is_kept(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        encryption = Encryption.without_key(reason="its writer cannot use KMS")
        Bucket(stack, "Logs", encryption=encryption, acl_reason="its writer sets an ACL on each object")

    bucket = one(template(build), "AWS::S3::Bucket")
    [rule] = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["Properties"]["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    reasons = {entry["promise"]: entry["reason"] for entry in bucket["Metadata"][EXEMPTIONS]}
    assert reasons == {
        "bucket-encrypted-with-own-key": "its writer cannot use KMS",
        "bucket-without-acls": "its writer sets an ACL on each object",
    }


def test_a_reason_that_says_nothing_is_refused(template: Templates) -> None:
    with pytest.raises(WrongProperty, match="reason is 'no'"):
        template(lambda stack: Bucket(stack, "Logs", encryption=Encryption.without_key(reason="no")))


def test_whom_it_allows_gets_what_is_named_and_no_more(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        writer = iam.ServicePrincipal("writer.amazonaws.com")
        bucket = Bucket(stack, "Files", encryption=WITH_KEY)
        bucket.allow("Write", principal=writer, actions=["s3:PutObject"], objects="logs/*")

    allowed = one(template(build), "AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"]["Statement"][-1]
    assert (allowed["Sid"], allowed["Effect"], allowed["Action"]) == ("Write", "Allow", "s3:PutObject")
    assert allowed["Resource"]["Fn::Join"][1][-1] == "/logs/*"
    assert allowed["Principal"] == {"Service": "writer.amazonaws.com"}


def test_access_logs_come_from_the_bucket_that_was_named_and_from_no_other(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        logs = Bucket(stack, "Logs", encryption=Encryption.without_key(reason="its writer cannot use KMS"))
        Bucket(stack, "Files", encryption=WITH_KEY, access_logs=logs)

    made = template(build)
    (logs_id, logs), (_, files) = sorted(
        made.find_resources("AWS::S3::Bucket").items(), key=lambda item: "LoggingConfiguration" in item[1]["Properties"]
    )
    assert "LoggingConfiguration" not in logs["Properties"]
    assert files["Properties"]["LoggingConfiguration"]["DestinationBucketName"] == {"Ref": logs_id}
    [allowed] = [
        statement
        for policy in made.find_resources("AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_a_bucket_is_made_after_the_policy_that_lets_its_access_logs_in(template: Templates) -> None:
    def build(stack: cdk.Stack) -> None:
        logs = Bucket(stack, "Logs", encryption=Encryption.without_key(reason="its writer cannot use KMS"))
        Bucket(stack, "Files", encryption=WITH_KEY, access_logs=logs)

    made = template(build)
    [files] = [b for b in made.find_resources("AWS::S3::Bucket").values() if "LoggingConfiguration" in b["Properties"]]
    [policy] = [name for name in made.find_resources("AWS::S3::BucketPolicy") if name.startswith("Logs")]
    assert files["DependsOn"] == [policy]


def test_a_plain_bucket_keeps_its_logical_id_when_it_becomes_one_of_these(template: Templates) -> None:
    plain = template(lambda stack: s3.Bucket(stack, "Files", enforce_ssl=True))
    ours = template(lambda stack: Bucket(stack, "Files", encryption=WITH_KEY))
    for resource_type in ("AWS::S3::Bucket", "AWS::S3::BucketPolicy"):
        assert [*plain.find_resources(resource_type)] == [*ours.find_resources(resource_type)]
