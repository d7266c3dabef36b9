"""Keys and secrets, read back."""

from tests.readback.expected import is_, own_key, refuses_anybody
from tests.readback.reading import ID, Ask, read

KEY = "AWS::KMS::Key"

READINGS = (
    read(
        "key-rotates",
        Ask(KEY, "kms get_key_rotation_status", {"KeyId": ID}, "KeyRotationEnabled", is_(True)),
    ),
    read(
        "key-is-not-public",
        Ask(KEY, "kms get_key_policy", {"KeyId": ID, "PolicyName": "default"}, "Policy", refuses_anybody()),
    ),
    read(
        "secret-encrypted-with-own-key",
        Ask("AWS::SecretsManager::Secret", "secretsmanager describe_secret", {"SecretId": ID}, "KmsKeyId", own_key()),
    ),
)

UNREADABLE = {
    "key-outlives-its-stack": "a deletion policy is CloudFormation's own: the service has no such setting",
    "key-can-be-saved": "a member of ScheduleKeyDeletion, which CloudFormation keeps for that call: a key in use does "
    "not have it",
    "secret-is-made-at-random": "about a template: Secrets Manager keeps a value, not who thought of it",
}
