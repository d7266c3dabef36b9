"""A baker of Payroll's recipes in moto's AWS, and what an earlier bake of theirs has left."""

from datetime import UTC, datetime
from pathlib import Path

from bake import parents, recipe, toolchain
from bake.digest import Closure
from bake.flow import Baker, Options
from bake.image import ImageRecord, ImageStore
from bake.leases import Leases
from bake.place import Home, Workshop
from bake.recipe import Layer
from console.aws import Aws
from console.progress import Progress

BUCKET = "images-of-the-test"
DEBIAN = "ami-00000000"


def make_baker(aws: Aws, tmp_path: Path) -> Baker:
    location = {"LocationConstraint": aws.region}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    recipes = {one.name: one for one in recipe.with_parents(["web"])}
    published = {recipes["base"].contents.parent: DEBIAN}
    return Baker(
        recipes=recipes,
        asked=("web",),
        home=Home("Dev", "dev", "123456789012", aws.region, ("444444444444",)),
        caller="arn:aws:iam::123456789012:user/me",
        aws=aws,
        workshop=Workshop(("subnet-1",), "sg-1", "profile", key, BUCKET, published),
        parents=parents.choose(published, {}, aws.region),
        locked={},
        store=ImageStore(aws.client("s3"), BUCKET),
        leases=Leases(aws.client("s3"), BUCKET, duration=15, poll=0.05),
        versions=toolchain.load_versions(),
        images=tmp_path / "images.toml",
        options=Options(),
        progress=Progress(),
        look_up_seconds=0.0,
    )


def record_of(closure: Closure, **changes: object) -> ImageRecord:
    """A record of the tier Web as a bake writes it, for an image in eu-west-1."""
    record = ImageRecord(
        application="Payroll",
        recipe="web",
        layer=Layer.TIER,
        digest=closure.digest,
        version="1.2.3",
        commit="c",
        build="web-build-1",
        baked_at=datetime(2026, 1, 1, tzinfo=UTC),
        owner="123456789012",
        image_ids={"eu-west-1": "ami-1"},
        snapshot_ids={"eu-west-1": ("snap-1",)},
        parent="runtime",
        parent_image_ids={"eu-west-1": DEBIAN},
        closure=closure,
    )
    return record.model_copy(update=changes)


def bake_before(baker: Baker) -> dict[str, ImageRecord]:
    """What an earlier bake of these very recipes has left."""
    ec2, region = baker.aws.client("ec2"), baker.aws.region
    instance = ec2.run_instances(ImageId=DEBIAN, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    records: dict[str, ImageRecord] = {}
    for name, known in baker.plan().known.items():
        one = baker.recipes[name]
        image = ec2.create_image(InstanceId=instance, Name=f"earlier {name}")["ImageId"]
        below = records[one.parent].image_ids[region] if one.parent else DEBIAN
        records[name] = record = ImageRecord(
            application="Payroll",
            recipe=name,
            layer=one.layer,
            digest=known.closure.digest,
            version=one.version,
            commit="c",
            build=f"{name}-earlier",
            baked_at=datetime(2026, 1, 1, tzinfo=UTC),
            owner=baker.home.account,
            image_ids={region: image},
            snapshot_ids={region: ()},
            parent=one.contents.parent,
            parent_image_ids={region: below},
            closure=known.closure,
            shared_with=baker.home.others if one.layer is Layer.TIER else (),
        )
        ec2.create_tags(Resources=[image], Tags=[{"Key": k, "Value": v} for k, v in record.tags.items()])
        baker.store.put(record)
    return records
