"""The admin's password where the account manages it: a secret in Secrets Manager, made, rotated and removed by RDS.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
"""

import json
import secrets
import uuid
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError
from rehearsal.recorded_services.shelf import Members
from rehearsal.recorded_services.verbs import Ask

PASSWORD_BYTES = 21


def _client(clients: Clients, ask: Ask) -> Any:
    return clients.get("secretsmanager", ask.caller.account, ask.caller.region)


def _value(members: Members) -> str:
    return json.dumps({"username": members["MasterUsername"], "password": secrets.token_urlsafe(PASSWORD_BYTES)})


def make(clients: Clients, ask: Ask, members: Members, key: str | None) -> dict[str, str]:
    """The structure MasterUserSecret of a new secret. Raises AwsError."""
    more = {"KmsKeyId": key} if key else {}
    try:
        made = _client(clients, ask).create_secret(
            Name=f"rds!cluster-{uuid.uuid4()}",
            Description=f"The secret associated with the primary RDS DB cluster: {members['DBClusterArn']}",
            SecretString=_value(members),
            Tags=[
                {"Key": "aws:rds:primaryDBClusterArn", "Value": members["DBClusterArn"]},
                {"Key": "aws:secretsmanager:owningService", "Value": "rds"},
            ],
            **more,
        )
    except ClientError as error:
        raise AwsError("InvalidParameterValue", f"The admin's secret: {error}") from error
    return {"SecretArn": made["ARN"], "SecretStatus": "active", "KmsKeyId": key or "alias/aws/secretsmanager"}


def rotate(clients: Clients, ask: Ask, members: Members) -> None:
    """Another password."""
    _client(clients, ask).put_secret_value(
        SecretId=members["MasterUserSecret"]["SecretArn"], SecretString=_value(members)
    )


def remove(clients: Clients, ask: Ask, members: Members) -> None:
    """Without a time to recover it, as RDS does."""
    _client(clients, ask).delete_secret(
        SecretId=members["MasterUserSecret"]["SecretArn"], ForceDeleteWithoutRecovery=True
    )
