"""IAM: whose an access key is. Nothing is changed; moto's own look-up gives unknown keys the default account."""

from moto.iam.models import iam_backends


def account_of(access_key: str) -> str | None:
    """The account that issued the key, or None where nobody did."""
    for account, partitions in list(iam_backends.items()):
        if access_key in partitions["aws"].access_keys:
            return str(account)
    return None
