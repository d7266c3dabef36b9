"""What a template can ask of the world outside it: SSM, secrets, zones, other stacks' exports, templates in S3."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import unquote, urlparse

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation.errors import invalid
from rehearsal.front.clients import Clients

DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):((?:[^{}]|\{[^{}]*\})+?)\}\}")
SECRET = re.compile(
    r"(arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:[^:]+|[^:]+)(?::SecretString)?(?::([^:]*))?(?::([^:]*))?(?::([^:]*))?$"
)
AT_ONCE = (
    10  # ssm:GetParameters: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html
)
# AWS-specific parameter types whose values CloudFormation looks up: (service, operation, argument).
LOOKED_UP = {
    "AWS::EC2::Image::Id": ("ec2", "describe_images", "ImageIds"),
    "AWS::EC2::VPC::Id": ("ec2", "describe_vpcs", "VpcIds"),
    "AWS::EC2::Subnet::Id": ("ec2", "describe_subnets", "SubnetIds"),
    "AWS::EC2::SecurityGroup::Id": ("ec2", "describe_security_groups", "GroupIds"),
    "AWS::EC2::KeyPair::KeyName": ("ec2", "describe_key_pairs", "KeyNames"),
    "AWS::EC2::AvailabilityZone::Name": (
        "ec2",
        "describe_availability_zones",
        "ZoneNames",
    ),
}


class World:
    """One account and region, as seen by one operation; `imported` collects the exports that were asked for.

    `hide` is told of every secret value and of the reference that is to be shown in its place.
    """

    def __init__(
        self,
        clients: Clients,
        account: str,
        region: str,
        export: Callable[[str], Any],
        hide: Callable[[str, str], None] = lambda value, shown: None,
    ) -> None:
        self._clients = clients
        self._account = account
        self._region = region
        self._export = export
        self._hide = hide
        self.imported: set[str] = set()

    def _client(self, service: str, region: str | None = None) -> Any:
        return self._clients.get(service, self._account, region or self._region)

    def ssm_parameters(self, names: Collection[str]) -> dict[str, str]:
        """The values of parameters of SSM types by name. Raises AwsError."""
        ssm = self._client("ssm")
        # an answer does not say with which version or label its parameter was asked for: those are asked one by one
        alone = [[name] for name in names if ":" in name]
        together = sorted(name for name in names if ":" not in name)
        found: dict[str, str] = {}
        for some in [*alone, *(together[n : n + AT_ONCE] for n in range(0, len(together), AT_ONCE))]:
            answer = ssm.get_parameters(Names=some)
            found |= {some[0] if len(some) == 1 else one["Name"]: one["Value"] for one in answer["Parameters"]}
        if missing := sorted(set(names) - set(found)):
            raise invalid(f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account.")
        return found

    def require(self, kind: str, values: Mapping[str, str]) -> None:
        """Raises AwsError where a value of an AWS-specific type names nothing in this account and region.

        `values`: value → the parameter that has it.
        """
        if kind not in LOOKED_UP or self._exist(kind, values):
            return
        for value, parameter in values.items():
            if not self._exist(kind, [value]):
                what = kind.split("::", 1)[1].replace("::", " ")
                raise invalid(
                    f"Parameter validation failed: parameter value {value} for parameter name {parameter} "
                    f"does not exist ({what} in account {self._account}, {self._region})"
                )

    def _exist(self, kind: str, values: Collection[str]) -> bool:
        """Whether all values of an AWS-specific type name something."""
        service, operation, argument = LOOKED_UP[kind]
        try:
            answer = getattr(self._client(service), operation)(**{argument: list(values)})
        except ClientError:
            return False
        return len(next(found for found in answer.values() if isinstance(found, list))) == len(values)

    def zones(self, region: str) -> list[str]:
        found = self._client("ec2", region).describe_availability_zones()["AvailabilityZones"]
        return [str(z["ZoneName"]) for z in found]

    def import_value(self, name: str) -> Any:
        self.imported.add(name)
        found = self._export(name)
        if found is None:
            raise invalid(f"No export named {name} found.")
        return found

    def dynamic(self, text: str) -> str:
        """The text with its {{resolve:…}} references replaced. Raises AwsError."""
        if "{{resolve:" in DYNAMIC.sub("", text):
            raise invalid(f"{text}: a dynamic reference is {{{{resolve:ssm|ssm-secure|secretsmanager:…}}}}")
        return DYNAMIC.sub(self._resolved, text)

    def _resolved(self, match: re.Match[str]) -> str:
        kind, reference = match[1], match[2]
        if kind == "ssm":
            return self._ssm(reference, secure=False)
        value = self._secret(reference) if kind == "secretsmanager" else self._ssm(reference, secure=True)
        self._hide(value, match[0])
        return value

    def _ssm(self, reference: str, secure: bool) -> str:
        try:
            found = self._client("ssm").get_parameter(Name=reference, WithDecryption=True)["Parameter"]
        except ClientError as error:
            raise invalid(f"Parameters: [ssm:{reference}] cannot be found.") from error
        if secure != (found["Type"] == "SecureString"):
            kind, right = ("ssm-secure", "ssm") if secure else ("ssm", "ssm-secure")
            raise invalid(
                f"Dynamic reference {kind}:{reference} is of a parameter of the type {found['Type']}: use {right}"
            )
        return str(found["Value"])

    def _secret(self, reference: str) -> str:
        match = SECRET.match(reference)
        if match is None:
            raise invalid(f"{{{{resolve:secretsmanager:{reference}}}}} is no reference to a secret")
        secret, key, stage, version = match.groups()
        more = {k: v for k, v in (("VersionStage", stage), ("VersionId", version)) if v}
        try:
            text = str(self._client("secretsmanager").get_secret_value(SecretId=secret, **more)["SecretString"])
            return str(json.loads(text)[key]) if key else text
        except (ClientError, ValueError, KeyError) as error:
            raise invalid(f"Could not read the secret {secret}: {error}") from error

    def read_template(self, url: str) -> str:
        """A template in S3; both addressing styles, whatever the endpoint's host. Raises AwsError."""
        parts = urlparse(url)
        host, path = parts.netloc.split(":")[0], unquote(parts.path).lstrip("/")
        virtual = re.match(r"(.+)\.s3[.-]", host)
        bucket, _, key = (virtual[1], "", path) if virtual else path.partition("/")
        try:
            return str(self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())
        except (ClientError, BotoCoreError, UnicodeDecodeError) as error:
            raise invalid(f"S3 error: {error} ({url})") from error
