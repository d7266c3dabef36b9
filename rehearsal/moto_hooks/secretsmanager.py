"""Secrets Manager: a version that is labelled AWSCURRENT is what GetSecretValue gives. moto 5.2.5.

Hook:
- SecretsManagerBackend.update_secret_version_stage: moto moves the label and goes on giving the old version's value, so
  that a rotation, which ends with this call, would change nothing.
"""

from typing import Any

from moto.secretsmanager.models import SecretsManagerBackend

move_stage_in_moto = SecretsManagerBackend.update_secret_version_stage
CURRENT = "AWSCURRENT"


def install() -> None:
    """Let the current version be the default one."""

    def update_secret_version_stage(
        self: Any, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> tuple[str, str]:
        moved: tuple[str, str] = move_stage_in_moto(
            self, secret_id, version_stage, remove_from_version_id, move_to_version_id
        )
        if version_stage == CURRENT and move_to_version_id:
            self.secrets[secret_id].set_default_version_id(move_to_version_id)
        return moved

    setattr(SecretsManagerBackend, update_secret_version_stage.__name__, update_secret_version_stage)
