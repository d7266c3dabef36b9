"""EC2's volumes: the account's key for those that nobody names one for. moto 5.2.5.

Hooks:
- EC2Response.get_ebs_default_kms_key_id: moto takes the key (ModifyEbsDefaultKmsKeyId) and does not tell which it is.
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.responses import EC2Response

AWS_MANAGED = "alias/aws/ebs"
"""What AWS tells of an account that has chosen none:
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetEbsDefaultKmsKeyId.html"""


def install() -> None:
    """Install the hook; twice does nothing more."""
    setattr(EC2Response, get_ebs_default_kms_key_id.__name__, get_ebs_default_kms_key_id)


def get_ebs_default_kms_key_id(self: Any) -> ActionResult:
    self.error_on_dryrun()
    return ActionResult({"KmsKeyId": self.ec2_backend.default_kms_key_id or AWS_MANAGED})
