"""Promises about keys and secrets."""

from kiln.promises import policies
from kiln.promises.checks import every
from kiln.promises.controls import asked
from kiln.promises.demands import meets, number
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise

KMS = "https://docs.aws.amazon.com/kms/latest/developerguide"
KEY = every("AWS::KMS::Key")
SECRET = every("AWS::SecretsManager::Secret")

PROMISES = (
    Promise(
        id="key-rotates",
        title="Keys rotate each year",
        reason="What one version of a key has encrypted is bounded; older data stays readable.",
        controls=asked("KMS.4"),
        source=f"{KMS}/rotate-keys.html",
        check=KEY.unless("KeySpec", "RSA_2048", "ECC_NIST_P256", "HMAC_256").has("EnableKeyRotation", True),
    ),
    Promise(
        id="key-outlives-its-stack",
        title="A key stays when its stack goes",
        reason="With a key goes everything that it has encrypted, backups too.",
        controls=asked("KMS.3"),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        check=KEY.retained(),
    ),
    Promise(
        id="key-can-be-saved",
        title="A key that is deleted can be saved for thirty days, the longest there is",
        reason="Whoever misses it finds out in the monthly job.",
        controls=asked("KMS.3"),
        source=f"{KMS}/deleting-keys.html",
        check=KEY.asks(
            meets(
                "PendingWindowInDays",
                lambda days: days is MISSING or number(days) >= 30,
                "30 days, which is the default",
                lambda _: (7,),
            )
        ),
    ),
    Promise(
        id="key-is-not-public",
        title="Not everybody may use a key",
        reason="A key for everybody encrypts nothing.",
        controls=asked("KMS.5"),
        source=f"{KMS}/key-policies.html",
        check=KEY.asks(policies.refuses_anybody("KeyPolicy")),
    ),
    Promise(
        id="secret-encrypted-with-own-key",
        title="Secrets are encrypted with a key of our own",
        reason="Under the AWS managed key whoever may read the secret needs no right to the key.",
        controls=(),
        source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html",
        check=SECRET.present("KmsKeyId"),
    ),
    Promise(
        id="secret-is-made-at-random",
        title="No template has a secret in it",
        reason="A template is read by everybody who can see the stack, and kept for ever.",
        controls=(),
        source="https://docs.aws.amazon.com/secretsmanager/latest/userguide/best-practices.html",
        check=SECRET.absent("SecretString", such_as="secret").present("GenerateSecretString"),
    ),
)
