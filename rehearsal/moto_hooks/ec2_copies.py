"""EC2's CopyImage: encrypted anew, tagged, under way for a moment, once for each token. moto 5.2.5.

Hooks, and what goes wrong without each:
- AmisResponse.copy_image: moto drops ClientToken, so that a repeated call makes a second image; it drops tags and
  encryption; the copy is available at once, and does not say what it is a copy of.
- Snapshot.progress: it would be 100% from the first moment on.

As on EC2 the key is looked at after the answer: a copy under a key that is not there fails later.
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CopyImage.html
"""

import threading
import time
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import Snapshot
from moto.ec2.responses.amis import AmisResponse

COPY_SECONDS = 2.0  # EC2 takes minutes, by the size of what is copied


def install(seconds: float = COPY_SECONDS) -> None:
    """Install the hooks; copies take so many seconds. Twice does nothing more."""

    def copy_image(self: Any) -> ActionResult:
        self.error_on_dryrun()
        backend, token = self.ec2_backend, self._get_param("ClientToken")
        names = ("SourceImageId", "SourceRegion", "Name", "Description", "KmsKeyId")
        asked = {name: self._get_param(name) for name in names}
        known = backend.__dict__.setdefault("copies_by_token", {})
        with _lock:
            if token in known:
                image_id, before = known[token]
                if before != asked:
                    text = "The client token you have provided is associated with a different request."
                    raise EC2ClientError("IdempotentParameterMismatch", text)
                return ActionResult({"ImageId": image_id})
            image = backend.copy_image(*(asked[name] for name in names[:4]))
            if token:
                known[token] = image.id, asked
        source = _source(backend, asked)
        tags = _tags(self._get_param("TagSpecifications", []))
        source_tags = {tag["key"]: tag["value"] for tag in source.get_tags()}
        if self._get_bool_param("CopyImageTags"):
            image.add_tags({key: value for key, value in source_tags.items() if not key.startswith("aws:")})
        image.add_tags(tags["image"])
        image.ebs_snapshot.add_tags(tags["snapshot"])
        encrypted = self._get_bool_param("Encrypted") or bool(source.ebs_snapshot.encrypted)
        _begin(image, source, asked["SourceRegion"], encrypted, seconds)
        finish = threading.Timer(seconds, _end, (backend, image, asked["KmsKeyId"]))
        finish.daemon = True
        finish.start()
        return ActionResult({"ImageId": image.id})

    def progress(self: Any) -> str:
        began, takes = getattr(self, "copied_from", (0.0, 0.0))
        return f"{min(100, int(100 * (time.monotonic() - began) / takes)) if takes else 100}%"

    setattr(AmisResponse, copy_image.__name__, copy_image)
    setattr(Snapshot, progress.__name__, property(progress))


_lock = threading.Lock()


def _source(backend: Any, asked: dict[str, Any]) -> Any:
    from moto.ec2.models import ec2_backends

    there = ec2_backends[backend.account_id][asked["SourceRegion"]]
    return next(iter(there.describe_images(ami_ids=[asked["SourceImageId"]])))


def _tags(specifications: list[dict[str, Any]]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"image": {}, "snapshot": {}}
    for one in specifications:
        found[one["ResourceType"]] |= {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    return found


def _begin(image: Any, source: Any, region: str, encrypted: bool, seconds: float) -> None:
    image.state = "pending"
    image.source_image_id, image.source_image_region = source.id, region
    snapshot = image.ebs_snapshot
    snapshot.status, snapshot.encrypted, snapshot.copied_from = "pending", encrypted, (time.monotonic(), seconds)
    snapshot.description = (
        f"Copied for DestinationAmi {image.id} from SourceAmi {source.id} for SourceSnapshot {source.ebs_snapshot.id}."
    )
    if device := getattr(image, "root_device", None):
        device["Encrypted"] = encrypted


def _end(backend: Any, image: Any, key: str | None) -> None:
    """The copy is done, or has failed for want of its key."""
    from moto.kms import kms_backends

    if backend.amis.get(image.id) is not image:
        return  # deregistered, or the account is another one by now
    snapshot = image.ebs_snapshot
    if key and snapshot.encrypted:
        keys = kms_backends[backend.account_id][backend.region_name]
        found = keys.keys.get(keys.any_id_to_key_id(key))
        if found is None or not found.enabled:
            text = f"The key {key} does not exist, is not enabled or you do not have permissions to access it"
            image.state, image.state_reason = "failed", {"Code": "Client.InvalidKmsKey.NotFound", "Message": text}
            snapshot.status = "error"
            return
        snapshot.kms_key_id = found.arn
    image.state, snapshot.status = "available", "completed"
