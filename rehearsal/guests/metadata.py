"""The instance metadata service, without its sockets: facts → paths, tokens, answers.

What an SDK or an agent reads on EC2, with EC2's status codes; both versions, as the instance's options say.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

LONGEST_TOKEN_SECONDS = 21600  # six hours, EC2's limit
VERSION = re.compile(r"/(?:latest|1\.0|20\d\d-\d\d-\d\d)(?=/|$)")
RENEW_BEFORE = timedelta(minutes=15)  # EC2 has new role credentials ready at least five minutes before the old ones end


@dataclass(frozen=True, slots=True)
class Role:
    """The role of an instance profile, and the profile."""

    name: str
    arn: str
    profile_arn: str
    profile_id: str


@dataclass(frozen=True, slots=True)
class Options:
    """MetadataOptions of an instance."""

    enabled: bool = True
    token_required: bool = True
    hop_limit: int = 1
    tags: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What an instance is told about itself."""

    instance_id: str
    account: str
    region: str
    zone: str
    zone_id: str
    image_id: str
    instance_type: str
    address: str
    hostname: str
    mac: str
    vpc_id: str
    vpc_block: str
    subnet_id: str
    subnet_block: str
    launched: datetime
    security_groups: tuple[str, ...] = ()
    reservation_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    user_data: str | None = None
    public_keys: tuple[str, ...] = ()
    role: Role | None = None
    target_lifecycle_state: str | None = None  # only of a member of an Auto Scaling group
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Temporary keys of a role."""

    access_key_id: str
    secret_access_key: str
    token: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `hop_limit`: how many network hops it may travel, None: no limit."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    hop_limit: int | None = None


def documents(facts: Facts) -> dict[str, str]:
    """Every path below /latest/ that is known without asking anybody, and its text."""
    interface = f"meta-data/network/interfaces/macs/{facts.mac}"
    known = {
        "meta-data/ami-id": facts.image_id,
        "meta-data/ami-launch-index": "0",
        "meta-data/hostname": facts.hostname,
        "meta-data/instance-action": "none",
        "meta-data/instance-id": facts.instance_id,
        "meta-data/instance-life-cycle": "on-demand",
        "meta-data/instance-type": facts.instance_type,
        "meta-data/local-hostname": facts.hostname,
        "meta-data/local-ipv4": facts.address,
        "meta-data/mac": facts.mac,
        "meta-data/placement/availability-zone": facts.zone,
        "meta-data/placement/availability-zone-id": facts.zone_id,
        "meta-data/placement/region": facts.region,
        "meta-data/reservation-id": facts.reservation_id,
        "meta-data/security-groups": "\n".join(facts.security_groups),
        "meta-data/services/domain": "amazonaws.com",
        "meta-data/services/partition": "aws",
        f"{interface}/device-number": "0",
        f"{interface}/local-ipv4s": facts.address,
        f"{interface}/mac": facts.mac,
        f"{interface}/owner-id": facts.account,
        f"{interface}/subnet-id": facts.subnet_id,
        f"{interface}/subnet-ipv4-cidr-block": facts.subnet_block,
        f"{interface}/vpc-id": facts.vpc_id,
        f"{interface}/vpc-ipv4-cidr-block": facts.vpc_block,
        "dynamic/instance-identity/document": identity_document(facts),
    }
    for index, key in enumerate(facts.public_keys):
        known[f"meta-data/public-keys/{index}/openssh-key"] = key
    if facts.options.tags:
        known |= {f"meta-data/tags/instance/{key}": value for key, value in facts.tags.items()}
    if facts.target_lifecycle_state:
        known["meta-data/autoscaling/target-lifecycle-state"] = facts.target_lifecycle_state
    if facts.user_data is not None:
        known["user-data"] = facts.user_data
    if facts.role:
        known["meta-data/iam/info"] = _json(
            Code="Success",
            LastUpdated=_stamp(facts.launched),
            InstanceProfileArn=facts.role.profile_arn,
            InstanceProfileId=facts.role.profile_id,
        )
    return known


def identity_document(facts: Facts) -> str:
    """The instance identity document; unsigned, as the embedded AWS has no key that anybody trusts."""
    return _json(
        accountId=facts.account,
        architecture="x86_64",
        availabilityZone=facts.zone,
        imageId=facts.image_id,
        instanceId=facts.instance_id,
        instanceType=facts.instance_type,
        pendingTime=_stamp(facts.launched),
        privateIp=facts.address,
        region=facts.region,
        version="2017-09-30",
    )


def listing(paths: list[str], folder: str) -> str | None:
    """What EC2 answers for a folder: its entries, folders with a slash; None where there is no such folder."""
    prefix = f"{folder}/" if folder else ""
    entries = set()
    for path in paths:
        if path.startswith(prefix):
            name, *deeper = path.removeprefix(prefix).split("/")
            entries.add(f"{name}/" if deeper else name)
    return "\n".join(sorted(entries)) or None


class Metadata:
    """The metadata service of one instance.

    Args:
        facts: what the API has on record now; asked for each request.
        assume: temporary keys of a role by its ARN.
    """

    def __init__(self, facts: Callable[[], Facts], assume: Callable[[str], Credentials]) -> None:
        self._facts = facts
        self._assume = assume
        self._tokens: dict[str, float] = {}
        self._credentials: dict[str, Credentials] = {}

    def answer(self, method: str, path: str, headers: Mapping[str, str]) -> Answer:
        """The answer to a request; header names are in lower case."""
        facts = self._facts()
        if not facts.options.enabled:
            return Answer(403)
        if method == "PUT":
            return self._token(path, headers, facts.options.hop_limit)
        if method not in ("GET", "HEAD"):
            return Answer(405)
        token = headers.get("x-aws-ec2-metadata-token")
        if token is None and facts.options.token_required:
            return Answer(401)
        if token is not None and self._tokens.get(token, 0.0) < time.monotonic():
            return Answer(401)
        text = self._read(facts, path)
        return Answer(404) if text is None else Answer(200, text)

    def _token(self, path: str, headers: Mapping[str, str], hop_limit: int) -> Answer:
        if path != "/latest/api/token":
            return Answer(404)
        if "x-forwarded-for" in headers:
            return Answer(403)  # EC2 gives no token to what came through a proxy
        asked = headers.get("x-aws-ec2-metadata-token-ttl-seconds", "")
        if not asked.isdecimal() or not 1 <= int(asked) <= LONGEST_TOKEN_SECONDS:
            return Answer(400)
        now = time.monotonic()
        self._tokens = {t: end for t, end in self._tokens.items() if end >= now}
        token = secrets.token_urlsafe(40)
        self._tokens[token] = now + int(asked)
        return Answer(200, token, {"X-Aws-Ec2-Metadata-Token-Ttl-Seconds": asked}, hop_limit)

    def _read(self, facts: Facts, path: str) -> str | None:
        if path in ("", "/"):
            return "latest"
        version = VERSION.match(path)
        if version is None:
            return None
        asked = path[version.end() :].strip("/")
        known = documents(facts)
        if asked in known:
            return known[asked]
        paths = [*known]
        if facts.role:
            own = f"meta-data/iam/security-credentials/{facts.role.name}"
            if asked == own:
                return self._role_credentials(facts.role)
            paths.append(own)
        return listing(paths, asked)

    def _role_credentials(self, role: Role) -> str:
        now = datetime.now(UTC)
        held = self._credentials.get(role.arn)
        if held is None or held.expires - now < RENEW_BEFORE:
            held = self._credentials[role.arn] = self._assume(role.arn)
        return _json(
            Code="Success",
            LastUpdated=_stamp(now),
            Type="AWS-HMAC",
            AccessKeyId=held.access_key_id,
            SecretAccessKey=held.secret_access_key,
            Token=held.token,
            Expiration=_stamp(held.expires),
        )


def _json(**fields: str) -> str:
    return json.dumps(fields, indent=2)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
