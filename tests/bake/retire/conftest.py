"""Payroll's six accounts in an AWS of this process: moto behind the front, with EC2's images as the rehearsal has them.

Machines and their file systems are not there: nobody launches anything from these images.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.ec2.models import ec2_backends
from werkzeug.serving import make_server

from bake.digest import Closure
from bake.image import ImageRecord, ImageStore
from bake.protection import protect
from console.aws import Aws
from infra import images as images_file
from rehearsal.front.app import Front
from rehearsal.guests.image_service import ImageActions
from rehearsal.moto_hooks import ec2_images, s3
from rehearsal.moto_hooks.iam import account_of
from tests.bake.recorded import BUCKET, LAYERS, PARENTS, deploy_tooling
from tests.moto_as_it_was import moto_as_it_was

DEV, STAGE, PRODUCTION = "111111111111", "444444444444", "555555555555"
OTHERS = ("222222222222", "333333333333", STAGE, PRODUCTION)
REGION = "eu-west-1"


@pytest.fixture(scope="module")
def front() -> Iterator[str]:
    """The endpoint; an access key that is an account number is that account's."""
    with moto_as_it_was():
        machines: Any = SimpleNamespace(catalogue=None, commit=lambda *_: None, remove_image=lambda *_: None)
        ec2_images.install(machines)
        s3.write_in_one_step()
        front = Front(lambda key: key if key.isdigit() else account_of(key), "nobody's")
        front.add(ImageActions(machines.catalogue))
        server = make_server("127.0.0.1", 0, front, threaded=True)
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            serving.join()


@dataclass
class World:
    """The accounts, with Tooling in Dev."""

    aws: Aws
    store: ImageStore
    endpoint: str

    def client(self, service: str, account: str, region: str = REGION) -> Any:
        import botocore.session

        session = botocore.session.get_session()
        session.set_credentials(account, "secret")
        return session.create_client(service, region_name=region)

    def bake(self, recipe: str, number: int, below: ImageRecord | None = None, **changes: Any) -> ImageRecord:
        """What a bake leaves: an image with its snapshot, shared and protected, and its record."""
        closure = Closure(
            parent=below.digest if below else "ami-00000000",
            artifact=None,
            files={f"{recipe}/provision.sh": f"{number}" * 64},
            variables={},
            tools={},
        )
        record = ImageRecord(
            application="Payroll",
            recipe=recipe,
            layer=LAYERS[recipe],
            digest=closure.digest,
            version="1.0.0" if recipe == "web" else None,
            commit="c",
            build=f"{recipe}-build-{number}",
            baked_at=datetime(2026, 1, number, tzinfo=UTC),
            owner=DEV,
            image_ids={},
            snapshot_ids={},
            parent=PARENTS[recipe],
            parent_image_ids={REGION: below.image_ids[REGION] if below else "ami-00000000"},
            closure=closure,
            shared_with=OTHERS if recipe == "web" else (),
        ).model_copy(update=changes)
        return self._with_image(record, None)

    def bake_again(self, before: ImageRecord, number: int, **changes: Any) -> ImageRecord:
        """What `bake --force` leaves: another image of the digest, with its record in the place of the other."""
        there, etag = self.store.look(before.recipe, before.digest)
        assert there
        again = {
            "commit": f"c{number}",
            "build": f"{before.recipe}-build-{number}",
            "baked_at": datetime(2026, 1, number, tzinfo=UTC),
            "shared_with": OTHERS if before.recipe == "web" else (),
            "contents": {},
            "replaced": there.as_replaced(),
        }
        return self._with_image(there.model_copy(update={**again, **changes}), etag)

    def _with_image(self, record: ImageRecord, over: str | None) -> ImageRecord:
        ec2 = self.aws.client("ec2")
        builder = ec2.run_instances(ImageId="ami-00000000", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        image = str(ec2.create_image(InstanceId=builder, Name=f"payroll-{record.build}")["ImageId"])
        ec2.terminate_instances(InstanceIds=[builder])
        ec2.create_tags(Resources=[image], Tags=[{"Key": key, "Value": value} for key, value in record.tags.items()])
        if record.shared_with:
            launch = {"Add": [{"UserId": account} for account in record.shared_with]}
            ec2.modify_image_attribute(ImageId=image, LaunchPermission=launch)
        devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
        snapshots = tuple(device["Ebs"]["SnapshotId"] for device in devices)
        record = record.model_copy(update={"image_ids": {REGION: image}, "snapshot_ids": {REGION: snapshots}})
        self.store.put(record, over=over)
        protect(self.aws, image)
        return record

    def image(self, record: ImageRecord) -> dict[str, Any] | None:
        """What EC2 says of a record's image."""
        ec2, wanted = self.aws.client("ec2"), [{"Name": "image-id", "Values": list(record.image_ids.values())}]
        found: list[dict[str, Any]] = ec2.describe_images(Filters=wanted, IncludeDisabled=True)["Images"]
        return found[0] if found else None

    def launchers(self, record: ImageRecord) -> set[str]:
        answer = self.aws.client("ec2").describe_image_attribute(
            ImageId=record.image_ids[REGION], Attribute="launchPermission"
        )
        return {one["UserId"] for one in answer.get("LaunchPermissions", ())}

    def snapshots(self) -> set[str]:
        return {one["SnapshotId"] for one in self.aws.client("ec2").describe_snapshots(OwnerIds=["self"])["Snapshots"]}

    def let_a_day_pass(self, record: ImageRecord) -> None:
        """EC2's cool-down, which no API shortens."""
        image: Any = ec2_backends[DEV][REGION].amis[record.image_ids[REGION]]
        image.protected_until = image.protected_until and image.protected_until - timedelta(days=1, minutes=1)
        tags = [tag for tag in (self.image(record) or {}).get("Tags", ()) if tag["Key"] == "kiln:unprotected-at"]
        for tag in tags:
            earlier = datetime.fromisoformat(tag["Value"]) - timedelta(days=1, minutes=1)
            changed = [{**tag, "Value": earlier.isoformat(timespec="seconds")}]
            self.aws.client("ec2").create_tags(Resources=[image.id], Tags=changed)


@pytest.fixture
def world(front: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    from moto.moto_api._internal import moto_api_backend

    moto_api_backend.reset()
    for name, value in {
        "AWS_ENDPOINT_URL": front,
        "AWS_ACCESS_KEY_ID": DEV,
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        images_file.VARIABLE: str(tmp_path / "images.toml"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "images.toml").touch()
    aws = Aws(REGION)
    deploy_tooling(aws)
    return World(aws, ImageStore(aws.client("s3"), BUCKET), front)
