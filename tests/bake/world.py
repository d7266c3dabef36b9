"""The command `python -m bake` itself, in processes of its own, before an AWS of this process (moto) behind a proxy.

What is real: the command, its processes and signals, boto3, every request. What is played: Packer, where a test does
not want the real one (`played_packer`), and the protection of images, which moto does not know.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moto.ssm.models import ssm_backends

from bake import recipe, toolchain
from bake.artifact import cache
from bake.place import Home
from console.aws import Aws
from rehearsal.moto_hooks.ssm import public_parameter
from rehearsal.proxy import Answer, Call, Proxy, refusal

BUCKET = "images-of-the-world"
IMAGE = re.compile(rb"<imageId>(ami-[0-9a-f]+)</imageId>")
ALIVE = ("pending", "running", "stopping", "stopped")
SECONDS = 240  # for a command: much more than it takes
Listing = dict[str, frozenset[str]]


@dataclass
class World:
    """An account in which Tooling is deployed. `before` and `after` are a test's, as the proxy's own."""

    proxy: Proxy
    aws: Aws  # past the proxy
    folder: Path
    project: Path
    environment: dict[str, str]
    protected: set[str] = field(default_factory=set)
    before: Callable[[Call], Answer | None] = lambda call: None
    after: Callable[[Call, Answer], Answer] = lambda call, answer: answer

    def __post_init__(self) -> None:
        self.proxy.before, self.proxy.after = self._answer, self._described

    def _answer(self, call: Call) -> Answer | None:
        if answer := self.before(call):
            return answer
        match call.operation:
            case "EnableImageDeregistrationProtection":
                self.protected |= _images(call)
                return Answer(200, b"<R><return>enabled-with-cooldown</return></R>")
            case "DeregisterImage" if _images(call) & self.protected:
                return refusal("ec2", "OperationNotPermitted", "The image is protected")
            case _:
                return None

    def _described(self, call: Call, answer: Answer) -> Answer:
        answer = self.after(call, answer)
        if call.operation != "DescribeImages":
            return answer

        def protection(found: re.Match[bytes]) -> bytes:
            state = "enabled-with-cooldown" if found[1].decode() in self.protected else "disabled"
            return found[0] + f"<deregistrationProtection>{state}</deregistrationProtection>".encode()

        return Answer(answer.status, IMAGE.sub(protection, answer.body), answer.headers)

    def start(self, *arguments: str, project: Path | None = None, **variables: str) -> "subprocess.Popen[str]":
        """`python -m bake …`, of another project where one is given; standard error behind standard output."""
        project = project or self.project
        return subprocess.Popen(
            [sys.executable, "-m", "bake", *arguments],
            cwd=project,
            env={**self.environment, "PYTHONPATH": str(project), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0, project: Path | None = None, **variables: str) -> str:
        """What it says; it must end with this exit code and without a traceback."""
        process = self.start(*arguments, project=project, **variables)
        said, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == code, f"{said}\n{self.proxy.problems}"
        assert "Traceback" not in said, said
        return said

    def packer(self) -> int | None:
        """The process id of the played Packer that was started last, if it runs still."""
        file = self.folder / "packer-id"
        number = int(file.read_text() or 0) if file.is_file() else 0
        state = Path(f"/proc/{number}/stat")
        try:
            return number if number and state.read_text().rpartition(")")[2].split()[0] != "Z" else None
        except OSError:
            return None

    def at_peace(self) -> None:
        """No interference any more."""
        self.before, self.after = lambda call: None, lambda call, answer: answer

    def forget(self, known: Listing) -> None:
        """Remove images, snapshots and records that are not in this listing, as somebody who may."""
        ec2, now = self.aws.client("ec2"), self.listing()
        for image in now["images"] - known["images"]:
            ec2.deregister_image(ImageId=image)
        for snapshot in now["snapshots"] - known["snapshots"]:
            ec2.delete_snapshot(SnapshotId=snapshot)
        for key in now["objects"] - known["objects"]:
            self.aws.client("s3").delete_object(Bucket=BUCKET, Key=key)

    def share_with_nobody(self) -> None:
        """Take back the grants on the key: a sweep leaves them, they are of all images."""
        kms = self.aws.client("kms")
        for key in kms.list_keys()["Keys"]:
            for grant in kms.list_grants(KeyId=key["KeyId"])["Grants"]:
                kms.revoke_grant(KeyId=key["KeyId"], GrantId=grant["GrantId"])

    def build(self, recipe: str = "web") -> str:
        """The id of the newest build of a recipe, by the names of what a bake asked for."""
        bodies = b" ".join(call.body for call in self.proxy.calls).decode(errors="replace")
        return str(re.findall(rf"\b({recipe}-\d{{8}}-\d{{6}}-[0-9a-f]{{6}})", bodies)[-1])

    def listing(self) -> Listing:
        """Everything in the account that a bake makes, and what is in the bucket of images."""
        ec2, s3 = self.aws.client("ec2"), self.aws.client("s3")
        reservations = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ALIVE}])
        found: Mapping[str, list[str]] = {
            "instances": [i["InstanceId"] for r in reservations["Reservations"] for i in r["Instances"]],
            "volumes": [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]],
            "key pairs": [one["KeyName"] for one in ec2.describe_key_pairs()["KeyPairs"]],
            "groups": [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]],
            "images": [one["ImageId"] for one in ec2.describe_images(Owners=["self"])["Images"]],
            "snapshots": [one["SnapshotId"] for one in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
            "objects": [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())],
        }
        return {kind: frozenset(ids) for kind, ids in found.items()}

    def sweep(self, build: str) -> str:
        """What the sweep of a build says; in one region only, because each is asked anew."""
        return self.run("sweep", "--build", build, "--region", self.aws.region, "--apply")

    def end_leases(self, below: str = "") -> None:
        """What a minute does: the lease of a bake that was killed is dead."""
        s3 = self.aws.client("s3")
        for one in s3.list_objects_v2(Bucket=BUCKET, Prefix=f"leases/{below}").get("Contents", ()):
            s3.delete_object(Bucket=BUCKET, Key=one["Key"])


def _images(call: Call) -> set[str]:
    return {one.decode() for one in re.findall(rb"ami-[0-9a-f]+", call.body)}


def make(proxy: Proxy, folder: Path, *, project: Path = recipe.ROOT, played: bool = True) -> World:
    """Put into an empty account what Tooling has in one; with `played` no real Packer is found."""
    home = Home.from_parameter_files()
    region = home.region
    nowhere = {"AWS_CONFIG_FILE": str(folder / "none"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none")}
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret-of-the-world", "AWS_REGION": region}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KILN_"))}
    environment = {
        **kept,
        **keys,
        **nowhere,
        "AWS_ENDPOINT_URL": proxy.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "KILN_IMAGES": str(folder / "images.toml"),
        "XDG_STATE_HOME": str(folder / "state"),
        "TMPDIR": str(_folder(folder / "tmp")),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]]),
    }
    if played:
        environment |= _played(folder, environment["PATH"])
    aws = Aws(region)
    _tooling(aws, home)
    return World(proxy, aws, folder, project, environment)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _played(folder: Path, path: str) -> dict[str, str]:
    """The variables with which the played Packer is found, with a cache in which only what it says is its own."""
    versions = toolchain.load_versions()
    executable = _folder(folder / "bin") / "packer"
    program = Path(__file__).with_name("played_packer.py")
    executable.write_text(f'#!/bin/sh\nexec {sys.executable} {program} "$@"\n', encoding="utf-8")
    executable.chmod(0o755)
    for name, plugin in versions.plugins.items():
        _folder(folder / "plugins" / plugin.source / f"packer-plugin-{name}_v{plugin.version}_x5.0_played")
    own = _folder(folder / "cache" / "kiln")
    for one in cache().iterdir() if cache().is_dir() else ():
        if one.is_dir():
            (own / one.name).symlink_to(one)
    return {
        "PATH": os.pathsep.join([str(executable.parent), path]),
        "PACKER_PLUGIN_PATH": str(folder / "plugins"),
        "PLAYED_PACKER_VERSION": versions.packer,
        "PLAYED_PACKER_ID": str(folder / "packer-id"),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }


def _tooling(aws: Aws, home: Home) -> None:
    """A network on the loopback (whoever dials a builder of moto's stays on this machine), a key, a bucket, names."""
    ec2, region = aws.client("ec2"), aws.region
    vpc = ec2.create_vpc(CidrBlock="127.77.0.0/16")["Vpc"]["VpcId"]
    zones = (f"{region}a", f"{region}b")
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"127.77.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]
    group = ec2.create_security_group(GroupName="builders", Description="builders", VpcId=vpc)["GroupId"]
    aws.client("iam").create_instance_profile(InstanceProfileName="builder")
    location = {"LocationConstraint": region}
    aws.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    values = {
        "subnet-ids": ",".join(subnets),
        "security-group-id": group,
        "instance-profile": "builder",
        "key-arn": aws.client("kms").create_key()["KeyMetadata"]["Arn"],
        "image-bucket": BUCKET,
    }
    for name, value in values.items():
        aws.client("ssm").put_parameter(Name=f"/kiln/tooling/{name}", Value=value, Type="String")
    debian = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for one in recipe.recipes():
        if one.layer is recipe.Layer.BASE:
            publish(home.account, region, one.contents.parent, debian)


def publish(account: str, region: str, name: str, value: str) -> None:
    """A public parameter of AWS's: PutParameter refuses its name."""
    dict.__setitem__(ssm_backends[account][region]._parameters, name, [public_parameter(account, name, value)])


def kill(process: int) -> None:
    """SIGKILL, for one that may have ended meanwhile; never for a group, as 0 and negative numbers mean."""
    assert process > 1, process
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def until(condition: Callable[[], Any], what: str, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds} s: {what}"
        time.sleep(0.02)
