"""Where the broker is and who Payroll is to it, as the stack of the broker says: an address and a secret.

Both are asked for anew before each connection: a broker that was replaced and a password that was changed are no
faults, and what was in force a minute ago is not worth a guess.
"""

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from payroll_common.aws import Aws, NotKnown

ENDPOINT, SECRET = "broker/endpoint", "broker/secret-arn"
TLS_PORT = 5671


@dataclass(frozen=True, slots=True)
class Broker:
    """An address, and who we are; the password is in no text that is made of this."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)


def find(aws: Aws) -> Broker:
    """Raises NotKnown where the environment has no broker, botocore's errors where AWS cannot be asked."""
    aws.forget(ENDPOINT, SECRET)
    address = aws.value(ENDPOINT)
    parts = urlsplit(address)
    if parts.scheme != "amqps" or not parts.hostname:
        raise NotKnown(f"{ENDPOINT} is {address}; expected amqps://HOST:PORT")
    answer = aws.client("secretsmanager").get_secret_value(SecretId=aws.value(SECRET))
    secret = json.loads(answer["SecretString"])
    return Broker(parts.hostname, parts.port or TLS_PORT, secret["username"], secret["password"])
