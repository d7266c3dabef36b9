"""KMS: the period of a key's rotation. moto 5.2.5.

Hooks:
- KmsResponse.enable_key_rotation, get_key_rotation_status: moto drops the period and does not show it.
"""

import json
from typing import Any

from moto.kms.responses import KmsResponse

DEFAULT_PERIOD_DAYS = 365  # https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html

enable_in_moto = KmsResponse.enable_key_rotation
status_in_moto = KmsResponse.get_key_rotation_status


def install() -> None:
    """Install the hooks; twice does nothing more."""
    for hook in (enable_key_rotation, get_key_rotation_status):
        setattr(KmsResponse, hook.__name__, hook)


def enable_key_rotation(self: Any) -> str:
    answer: str = enable_in_moto(self)
    _key(self).rotation_period_days = int(self._get_param("RotationPeriodInDays") or DEFAULT_PERIOD_DAYS)
    return answer


def get_key_rotation_status(self: Any) -> str:
    answer = json.loads(status_in_moto(self))
    if answer.get("KeyRotationEnabled"):
        answer["RotationPeriodInDays"] = getattr(_key(self), "rotation_period_days", DEFAULT_PERIOD_DAYS)
    return json.dumps(answer)


def _key(response: Any) -> Any:
    backend = response.kms_backend
    return backend.keys[backend.any_id_to_key_id(response._get_param("KeyId"))]
