"""A bake that is watched from outside, and what is there before and after it."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.pipeline import Pipeline
from rehearsal.up import inside


def in_account(pipeline: Pipeline) -> dict[str, set[str]]:
    """Everything in the account of the images that a bake makes."""
    ec2 = pipeline.client("ec2", "dev")
    alive = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    reservations = ec2.describe_instances(Filters=alive)["Reservations"]
    return {
        "instances": {i["InstanceId"] for r in reservations for i in r["Instances"]},
        "volumes": {v["VolumeId"] for v in ec2.describe_volumes()["Volumes"]},
        "key pairs": {k["KeyName"] for k in ec2.describe_key_pairs()["KeyPairs"]},
        "groups": {g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]},
        "images": {i["ImageId"] for i in ec2.describe_images(Owners=["self"])["Images"]},
        "snapshots": {s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]},
    }


def containers(pipeline: Pipeline) -> set[str]:
    """The names of the rehearsal's containers."""
    label = f"label=kiln.rehearsal={pipeline.state.name}"
    listed = subprocess.run(
        ["podman", "ps", "-a", "--filter", label, "--format", "{{.Names}}"], capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split())


@contextmanager
def leaves_nothing(pipeline: Pipeline) -> Iterator[None]:
    """What is in the account and on the machine afterwards is what was there before."""
    before = in_account(pipeline), containers(pipeline)
    yield
    limit = time.monotonic() + 30  # a container ends a moment after its instance
    while (containers(pipeline)) != before[1] and time.monotonic() < limit:
        time.sleep(0.2)
    assert (in_account(pipeline), containers(pipeline)) == before


@contextmanager
def changed(path: Path, old: str, new: str) -> Iterator[None]:
    """A file of the workspace with a piece of it replaced, while the block runs."""
    text = path.read_text()
    assert old in text, f"{path.name} has no {old!r}"
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)


def announced(phase: str, log: Path, recipe: str = "web") -> bool:
    """Whether a bake has said that it is in this phase."""
    return f"  {recipe}: {phase}" in log.read_text()


def packer_of(bake: subprocess.Popen[str]) -> int | None:
    """The process id of the Packer that a bake started."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()[1:]]
    family = {bake.pid}
    for pid, parent, arguments in rows:
        if int(parent) in family:
            family.add(int(pid))
            if "packer build" in arguments and "plugin" not in arguments and "with_parent" not in arguments:
                return int(pid)
    return None


def parent_of(process: int) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(process)], capture_output=True, text=True).stdout)


def ended(process: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout.strip()
    return not state or state.startswith("Z")


def end_lease(pipeline: Pipeline, recipe: str) -> str:
    """What a minute does to the lease of a killed bake; the build that it was for."""
    name = "/kiln/tooling/image-bucket"
    bucket = pipeline.client("ssm", "dev").get_parameter(Name=name)["Parameter"]["Value"]
    s3 = pipeline.client("s3", "dev")
    (lease,) = s3.list_objects_v2(Bucket=bucket, Prefix=f"leases/{recipe}/")["Contents"]
    body = s3.get_object(Bucket=bucket, Key=lease["Key"])["Body"].read()
    s3.delete_object(Bucket=bucket, Key=lease["Key"])
    return str(json.loads(body)["build"])


def begin(pipeline: Pipeline, log: Path, *recipes: str) -> subprocess.Popen[str]:
    """`python -m bake web --force` in the background, in a process group of its own as a shell starts it."""
    return subprocess.Popen(
        inside(pipeline.state.name, ["python", "-m", "bake", *(recipes or ("web",)), "--force"]),
        cwd=pipeline.workspace,
        env=pipeline.environment,
        stdin=subprocess.DEVNULL,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def until(condition: Callable[[], object], seconds: float, what: str) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, f"not within {seconds} s: {what}"
        time.sleep(0.02)
