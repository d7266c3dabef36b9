"""Which rules an account is held against all the time: what a template promised, and what nobody may undo by hand.

Managed rule → its parameters. Security Hub has many more; these are the ones for which a warning is sent at once.
https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html
"""

from collections.abc import Mapping

RULES: Mapping[str, Mapping[str, str]] = {
    "ACCESS_KEYS_ROTATED": {"maxAccessKeyAge": "90"},
    "ALB_HTTP_TO_HTTPS_REDIRECTION_CHECK": {},
    "CLOUD_TRAIL_LOG_FILE_VALIDATION_ENABLED": {},
    "CMK_BACKING_KEY_ROTATION_ENABLED": {},
    "EBS_SNAPSHOT_PUBLIC_RESTORABLE_CHECK": {},
    "EC2_EBS_ENCRYPTION_BY_DEFAULT": {},
    "EC2_IMDSV2_CHECK": {},
    "EC2_INSTANCE_NO_PUBLIC_IP": {},
    "EC2_MANAGEDINSTANCE_PATCH_COMPLIANCE_STATUS_CHECK": {},
    "ENCRYPTED_VOLUMES": {},
    "IAM_ROOT_ACCESS_KEY_CHECK": {},
    "INCOMING_SSH_DISABLED": {},
    "MULTI_REGION_CLOUD_TRAIL_ENABLED": {},
    "RDS_INSTANCE_PUBLIC_ACCESS_CHECK": {},
    "RDS_STORAGE_ENCRYPTED": {},
    "ROOT_ACCOUNT_MFA_ENABLED": {},
    "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC": {},
    "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED": {},
    "S3_BUCKET_SSL_REQUESTS_ONLY": {},
    "VPC_DEFAULT_SECURITY_GROUP_CLOSED": {},
    "VPC_FLOW_LOGS_ENABLED": {},
}
