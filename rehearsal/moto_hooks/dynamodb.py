"""DynamoDB: a tag has one value. moto 5.2.5.

Hook:
- DynamoDBBackend.tag_resource: moto adds a tag that is there already once more, so that its old value stays beside the
  new one.
"""

from typing import Any

from moto.dynamodb.models import DynamoDBBackend

tag_in_moto = DynamoDBBackend.tag_resource


def install() -> None:
    """Let a tag replace the one of the same key."""

    def tag_resource(self: Any, arn: str, tags: dict[str, str]) -> None:
        self.untag_resource(arn, list(tags))
        tag_in_moto(self, arn, tags)

    setattr(DynamoDBBackend, tag_resource.__name__, tag_resource)
