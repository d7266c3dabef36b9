"""The values of one environment: the only stack whose template differs from environment to environment."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from constructs import Construct

from infra.parameters import Environment
from infra.parameters.values import NONE, Value, values
from infra.stacks.values import PAYROLL
from kiln.account.account_guard import AccountGuard

VAULT = "payroll-copies"
"""The name of the vault that takes the copies of all backups: it is named in other accounts, so nobody generates it."""


class Parameters(cdk.Stack):
    """Writes the values of an environment's parameter file, what follows from the other files, and the image ids.

    Args:
        environment: whose values they are.
        environments: all of them.
        image_ids: by tier; a tier without an image is left out, and with it the parameter that names it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        environments: Sequence[Environment],
        image_ids: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        AccountGuard(
            self, "Guard", environment=environment.name, account=environment.account, region=environment.region
        )
        derived = _from_its_own(environment) | _from_other_files(environment, environments)
        for name, value in (values(environment) | derived).items():
            PAYROLL.write(self, name, value)
        for tier, image_id in image_ids.items():
            PAYROLL.write(self, image_name(tier), image_id, is_image=True)


def image_name(tier: str) -> str:
    """The name of the value that says which image a tier runs: `worker-mq/image-id`."""
    return f"{tier}/image-id"


def _from_its_own(environment: Environment) -> dict[str, Value]:
    """What templates need and cannot calculate: they have no arithmetic."""
    tiers = {
        "web": environment.web,
        "worker": environment.worker,
        "worker-mq": environment.worker_mq,
        "worker-calculation": environment.worker_calculation,
    }
    found: dict[str, Value] = {
        f"{name}/on-demand-percent": str(100 - tier.spot_percent) for name, tier in tiers.items() if tier
    }
    if environment.function:
        found["function/new-version-weight"] = f"{environment.function.new_version_percent / 100:g}"
    return found


def _from_other_files(environment: Environment, environments: Sequence[Environment]) -> dict[str, Value]:
    found: dict[str, Value] = {"url": f"https://{environment.dns.domain_name}/" if environment.dns else NONE}
    has_network = environment.network or environment.tooling
    found["account/internet"] = "block-ingress" if has_network else "block-bidirectional"
    vaults = [other for other in environments if other.vault]
    # The keys stack of every environment reads it, so that it is there without a backup, too.
    found["backup/copy-account"] = vaults[0].account if environment.backup else NONE
    if environment.backup:
        [owner] = vaults
        found["backup/copy-vault-arn"] = (
            f"arn:aws:backup:{owner.region}:{owner.account}:backup-vault:{VAULT}"  # no partition: accounts share one
        )
    if environment.vault:
        found["vault/source-accounts"] = tuple(sorted(other.account for other in environments if other.backup))
    return found
