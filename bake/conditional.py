"""Writing an object of S3 only where it is as it was seen; S3 checks the condition and writes in one.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from typing import Any

from console.aws import code_of

# The condition is not met; another write of the same key is under way; what had to be unchanged is gone. What became of
# a write whose answer was lost is not known either: the client tries again, and is refused because of its own write.
REFUSALS = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


def put(client: Any, bucket: str, key: str, body: bytes, over: str | None) -> str | None:
    """Write JSON in the place of the object with the ETag `over`, or where there is none; its ETag.

    None where S3 refuses: look at what is there now, it may even be what was to be written.
    """
    condition = {"IfMatch": over} if over else {"IfNoneMatch": "*"}
    try:
        answer = client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", **condition)
    except client.exceptions.ClientError as problem:
        if code_of(problem) not in REFUSALS:
            raise
        return None
    return str(answer["ETag"])


def delete(client: Any, bucket: str, key: str, etag: str) -> None:
    """Delete the object if it is unchanged; what another has put in its place stays."""
    try:
        client.delete_object(Bucket=bucket, Key=key, IfMatch=etag)
    except client.exceptions.ClientError as problem:
        if code_of(problem) not in REFUSALS:
            raise
