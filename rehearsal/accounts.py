"""The accounts of a rehearsal: those that the parameter files name, each with an administrator and an AWS profile."""

from dataclasses import replace
from pathlib import Path

from rehearsal.front.clients import Clients
from rehearsal.identity import Account, Identity

ADMINISTRATOR = "administrator"
ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


def declared() -> tuple[tuple[Account, ...], str]:
    """The accounts without keys, and the profile from which people work: that of the environment with the tooling."""
    from infra.parameters import load_all  # here: reading the model takes longer than all that `status` and `env` do

    environments = load_all()
    accounts = tuple(Account(e.slug, e.account, e.region) for e in environments)
    return accounts, next(e.slug for e in environments if e.tooling)


def issue(clients: Clients, account: Account) -> Account:
    """Make the administrator of an account, as an organization's account factory would, and give out its keys."""
    iam = clients.get("iam", account.id, account.region)
    iam.create_user(UserName=ADMINISTRATOR)
    iam.attach_user_policy(UserName=ADMINISTRATOR, PolicyArn=ADMINISTRATOR_POLICY)
    key = iam.create_access_key(UserName=ADMINISTRATOR)["AccessKey"]
    return replace(account, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


def write_profiles(folder: Path, accounts: tuple[Account, ...]) -> None:
    """AWS's two configuration files, one profile for each environment."""
    folder.mkdir(exist_ok=True)
    config = folder / "config"
    config.write_text("".join(f"[profile {a.environment}]\nregion = {a.region}\n\n" for a in accounts))
    credentials = folder / "credentials"
    credentials.touch(mode=0o600)
    credentials.write_text(
        "".join(
            f"[{a.environment}]\n"
            f"aws_access_key_id = {a.access_key_id}\n"
            f"aws_secret_access_key = {a.secret_access_key}\n\n"
            for a in accounts
        )
    )


def variables(identity: Identity, accounts: tuple[Account, ...], profile: str) -> dict[str, str | None]:
    """The environment in which the tools find this rehearsal; None: a variable that must not be set."""
    region = next(a.region for a in accounts if a.environment == profile)
    folder = identity.folder
    return {
        "AWS_ENDPOINT_URL": identity.url,
        "AWS_CONFIG_FILE": str(folder / "aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "aws" / "credentials"),
        "AWS_PROFILE": profile,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": None,
        "AWS_SECRET_ACCESS_KEY": None,
        "AWS_SESSION_TOKEN": None,
        # The CLI remembers the account of an access key in its home: one home per rehearsal.
        "CDK_HOME": str(folder / "cdk"),
        "CDK_REQUIRE_APPROVAL": "never",
        "CDK_DISABLE_VERSION_CHECK": "1",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "KILN_IMAGES": str(identity.images),
        # .curlrc there knows the certificate authority and where each load balancer's names lead.
        "CURL_HOME": str(folder / "curl"),
        "KILN_REHEARSAL": identity.name,
    }
