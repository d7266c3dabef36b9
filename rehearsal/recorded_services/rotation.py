"""Rotation of secrets: Secrets Manager's four steps, carried out by the rotation function.

moto (5.2.5) runs the function by itself, past the Lambda that the rehearsal has, in the thread of who asks; it marks
the new version current whatever comes of it, knows no schedule but days, and forgets the function at the next call.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

import json
import logging
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.front.clients import Clients
from rehearsal.front.models import service_model
from rehearsal.front.service import AwsError, Caller
from rehearsal.recorded_services.shapes import check, without_none

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
MANAGED = {"Key": "aws:secretsmanager:owningService", "Value": "rds"}
Structure = dict[str, Any]
WEEKLY = {"AutomaticallyAfterDays": 7}  # how often RDS rotates what it manages

log = logging.getLogger("rehearsal.recorded_services")


class Rotations:
    """Service of RotateSecret and CancelRotateSecret, and Completion of what describes a secret.

    A rotation goes on in a thread of its own, as on AWS; what comes of it is in DescribeSecret and the log.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._kept: dict[str, Structure] = {}
        self.service = _Asked(self)
        self.completion = _Described(self)

    def rotate(self, caller: Caller, request: Structure) -> Structure:
        """RotateSecret. Raises AwsError where nobody could rotate."""
        secret = self._secret(caller, request["SecretId"])
        arn, before = secret["ARN"], self._kept.get(secret["ARN"], {})
        function = request.get("RotationLambdaARN", before.get("RotationLambdaARN"))
        managed = MANAGED in secret.get("Tags", [])
        if function is None and not managed:
            raise AwsError(
                "InvalidRequestException",
                "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured "
                "and you didn't include such an ARN as a parameter in this call.",
            )
        if function is not None:
            self._require(caller, function)
        rules: Structure = request.get("RotationRules") or before.get("RotationRules") or dict(WEEKLY)
        kept = {**before, "RotationEnabled": True, "RotationRules": rules}
        if function is not None:
            kept["RotationLambdaARN"] = function
        if "AutomaticallyAfterDays" in rules:
            kept["NextRotationDate"] = datetime.now(UTC) + timedelta(days=rules["AutomaticallyAfterDays"])
        self._kept[arn] = kept
        answer = {"ARN": arn, "Name": secret["Name"]}
        if function is None or not request.get("RotateImmediately", True):
            return answer
        version = request.get("ClientRequestToken") or str(uuid.uuid4())
        threading.Thread(target=self._run, args=(caller, arn, function, version), daemon=True, name="rotation").start()
        return {**answer, "VersionId": version}

    def cancel(self, caller: Caller, request: Structure) -> Structure:
        """CancelRotateSecret: off, and the function is kept for the next time."""
        secret = self._secret(caller, request["SecretId"])
        kept = self._kept.get(secret["ARN"])
        if not kept:
            raise AwsError("InvalidRequestException", f"Rotation of {secret['Name']} is not enabled.")
        kept["RotationEnabled"] = False
        kept.pop("NextRotationDate", None)
        return {"ARN": secret["ARN"], "Name": secret["Name"]}

    def describe(self, secret: Structure) -> None:
        """Put into a description what is known of the rotation; the tag of RDS says who owns it."""
        secret.update(self._kept.get(secret["ARN"], {}))
        if MANAGED in secret.get("Tags", []):
            secret["OwningService"] = "rds"
            secret.setdefault("RotationEnabled", True)
            secret.setdefault("RotationRules", dict(WEEKLY))

    def forget(self, arn: str) -> None:
        self._kept.pop(arn, None)

    def _client(self, service: str, caller: Caller) -> Any:
        return self._clients.get(service, caller.account, caller.region)

    def _secret(self, caller: Caller, secret_id: str) -> Structure:
        try:
            found: Structure = self._client("secretsmanager", caller).describe_secret(SecretId=secret_id)
            return found
        except ClientError as error:
            raise AwsError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from None

    def _require(self, caller: Caller, function: str) -> None:
        try:
            self._client("lambda", caller).get_function(FunctionName=function)
        except ClientError as error:
            words = f"Secrets Manager cannot invoke the specified Lambda function {function}: {error}"
            raise AwsError("AccessDeniedException", words) from None

    def _run(self, caller: Caller, arn: str, function: str, version: str) -> None:
        for step in STEPS:
            event = {"Step": step, "SecretId": arn, "ClientRequestToken": version}
            try:
                client = self._client("lambda", caller)
                answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            except (ClientError, BotoCoreError) as error:
                log.error("rotation of %s: %s: %s", arn, step, error)
                return
            if "FunctionError" in answer:
                log.error("rotation of %s: %s: %s", arn, step, answer["Payload"].read().decode())
                return
        self._kept.setdefault(arn, {})["LastRotatedDate"] = datetime.now(UTC)


class _Asked:
    """The Service."""

    name = "secretsmanager"
    operations: frozenset[str] | None = frozenset({"RotateSecret", "CancelRotateSecret"})

    def __init__(self, rotations: Rotations) -> None:
        self._rotations = rotations

    def answer(self, caller: Caller, operation: str, request: Structure) -> Structure:
        asked = without_none(request)
        check(service_model(self.name).operation_model(operation).input_shape, asked, "InvalidParameterException")
        act = self._rotations.rotate if operation == "RotateSecret" else self._rotations.cancel
        return act(caller, asked)


class _Described:
    """The Completion."""

    name = "secretsmanager"
    operations = frozenset({"DescribeSecret", "ListSecrets", "DeleteSecret"})

    def __init__(self, rotations: Rotations) -> None:
        self._rotations = rotations

    def complete(self, caller: Caller, operation: str, request: Structure, answer: Structure) -> Structure:
        if operation == "DeleteSecret":
            self._rotations.forget(answer["ARN"])
        elif operation == "DescribeSecret":
            self._rotations.describe(answer)
        else:
            for secret in answer["SecretList"]:
                self._rotations.describe(secret)
        return answer
