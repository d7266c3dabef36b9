"""Where copies go: regions that the account can use, and the key there that images are encrypted with.

A key belongs to a region, and a copy is encrypted anew. The key has the same alias in each: the stack Payroll-Tooling
makes it where images are baked, a stack Payroll-ImageCopies-REGION in each region of [tooling] copy_regions.
"""

from collections.abc import Collection

from bake.place import Home
from console.aws import Aws, code_of, errors
from console.errors import BadInput, NotReady
from infra import images


def check_regions(aws: Aws, regions: Collection[str], home: Home) -> None:
    """Raises BadInput for what is no region or where images are baked anyway, NotReady for one that is not enabled."""
    if home.region in regions:
        raise BadInput("the image is baked in this region", where="--to", found=home.region, expected="another region")
    with errors("asking for the account's regions (ec2:DescribeRegions)"):
        answer = aws.client("ec2").describe_regions(AllRegions=True)["Regions"]
    known = {one["RegionName"]: one.get("OptInStatus", "opt-in-not-required") for one in answer}
    if unknown := sorted(set(regions) - known.keys()):
        expected = f"one of: {', '.join(sorted(known.keys() - {home.region}))}"
        raise BadInput("there is no such region", where="--to", found=", ".join(unknown), expected=expected)
    if closed := sorted(region for region in regions if known[region] == "not-opted-in"):
        raise NotReady(
            "the account has not enabled this region",
            where=f"account {home.account}",
            found=", ".join(closed),
            next_step=f"aws account enable-region --region-name {closed[0]}",
        )


def find_key(aws: Aws, named: str | None, home: Home) -> str:
    """The ARN of the key in a region; `named` is an id, an ARN or an alias. Raises NotReady, BadInput."""
    from botocore.exceptions import ClientError

    name = named or images.KEY_ALIAS
    with errors(f"asking for the key {name} in {aws.region} (kms:DescribeKey)"):
        try:
            key = aws.client("kms").describe_key(KeyId=name)["KeyMetadata"]
        except ClientError as problem:
            if code_of(problem) != "NotFoundException":
                raise
            file = f"infra/environments/{home.slug}.toml"
            raise NotReady(
                "there is no key for images in this region",
                where=f"account {home.account}, {aws.region}",
                found=f"no key {name}",
                expected="a key of the account's own, which can be granted to the accounts that launch the image",
                next_step=f"another --key, or: add {aws.region!r} to [tooling] copy_regions in {file}, then "
                f"cdk bootstrap aws://{home.account}/{aws.region} and cdk deploy Payroll-ImageCopies-{aws.region}",
            ) from problem
    if key.get("KeyManager") == "AWS":
        raise BadInput(
            "an image under a key of AWS cannot be shared",
            where=f"{name} in {aws.region}",
            found=key["Arn"],
            expected="a key of the account's own (customer managed)",
        )
    if not key.get("Enabled"):
        raise NotReady(
            "the key for images cannot be used", where=key["Arn"], found=str(key.get("KeyState")), expected="Enabled"
        )
    return str(key["Arn"])
