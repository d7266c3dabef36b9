"""Who this instance is: image and instance from the metadata service (IMDSv2), environment from Parameter Store.

Policy: nothing about a place is baked into the image, so the same image says something different in each account.
The service answers before it knows: what cannot be read yet is "unknown", is logged with its reason, and is asked
for again. A machine outside AWS is therefore a working machine with an unknown identity.
"""

import logging
import threading
from dataclasses import dataclass, fields, replace

from payroll_common.metadata import Metadata

UNKNOWN = "unknown"
NAMES = "/kiln/payroll"  # below which the environment's values stand in Parameter Store
ENVIRONMENT_PARAMETER = f"{NAMES}/environment"
PATIENCE_SECONDS = 2  # per call: Parameter Store is a network hop away
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 30.0
FIRST_ATTEMPT_SECONDS = 5.0  # how long a page may wait for the first attempt; it takes half a second

log = logging.getLogger("payroll.identity")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the page says of the machine; each field is "unknown" until it has been read."""

    image_id: str = UNKNOWN
    instance_id: str = UNKNOWN
    region: str = UNKNOWN
    environment: str = UNKNOWN

    @property
    def complete(self) -> bool:
        return all(getattr(self, field.name) != UNKNOWN for field in fields(self))


def read_metadata(known: Identity) -> Identity:
    """`known` with image, instance and region. Raises OSError where there is no metadata service."""
    service = Metadata()
    return replace(
        known,
        image_id=service.need("ami-id"),
        instance_id=service.need("instance-id"),
        region=service.need("placement/region"),
    )


def read_environment(known: Identity) -> Identity:
    """`known` with the environment's name, read with the credentials of the instance's role.

    Raises botocore's errors where the role, the parameter or the endpoint is missing.
    """
    import boto3  # 0.3 s to import: the service must be listening before that
    from botocore.config import Config

    limits = Config(connect_timeout=PATIENCE_SECONDS, read_timeout=PATIENCE_SECONDS, retries={"max_attempts": 1})
    client = boto3.client("ssm", region_name=known.region, config=limits)
    return replace(known, environment=client.get_parameter(Name=ENVIRONMENT_PARAMETER)["Parameter"]["Value"])


class IdentityKeeper:
    """Reads the identity in a thread of its own, again and again until it is complete."""

    def __init__(self) -> None:
        self.current = Identity()
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read_until_complete, name="identity", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def after_first_attempt(self) -> Identity:
        """What is known once the first attempt has ended, well or not; waits for it if it is under way."""
        self._tried.wait(FIRST_ATTEMPT_SECONDS)
        return self.current

    def _read_until_complete(self) -> None:
        pause_seconds = FIRST_RETRY_SECONDS
        while not self._stop.is_set():
            try:
                if self.current.instance_id == UNKNOWN:
                    self.current = read_metadata(self.current)
                self.current = read_environment(self.current)
                log.info("this is %s", self.current)
                return
            except Exception as problem:
                log.warning("identity not known yet: %s; again in %.1f s", problem, pause_seconds)
            finally:
                self._tried.set()
            self._stop.wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, LAST_RETRY_SECONDS)
