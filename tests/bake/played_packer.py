"""In the place of Packer: a program that makes on AWS what an amazon-ebs build makes, and tells it as Packer does.

Called as `packer … version` and `packer build -machine-readable -var-file=…`. Its calls of AWS are real; there is no
machine behind its instance. Whatever kills it, it cleans nothing up: that is harder on a sweep than Packer is.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

SOURCE = "amazon-ebs.image"


def tell(target: str, *data: str) -> None:
    print(int(time.time()), target, *(one.replace(",", "%!(PACKER_COMMA)") for one in data), sep=",", flush=True)


def say(text: str, level: str = "say") -> None:
    tell("", "ui", level, f"==> {SOURCE}: {text}")


def tags(kinds: list[str], values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in values.items()]} for kind in kinds]


def build(given: dict[str, Any]) -> str:
    import botocore.session
    from botocore.config import Config

    config = Config(user_agent="played-packer", retries={"total_max_attempts": 1})
    ec2 = botocore.session.get_session().create_client("ec2", region_name=given["region"], config=config)
    key = f"packer-{given['build']}"
    ec2.describe_images(ImageIds=[given["parent_image"]])
    say(f"Creating temporary keypair: {key}")
    ec2.create_key_pair(KeyName=key, KeyType="ed25519")
    say("Launching a source AWS instance...")
    made = ec2.run_instances(
        ImageId=given["parent_image"],
        MinCount=1,
        MaxCount=1,
        KeyName=key,
        SubnetId=given["subnet"],
        TagSpecifications=tags(["instance", "volume"], given["image_tags"]),
    )
    instance = made["Instances"][0]["InstanceId"]
    say("Waiting for SSH to become available...")
    ec2.describe_instances(InstanceIds=[instance])
    say("Provisioning with shell script: provision.sh")
    time.sleep(float(os.environ.get("PLAYED_PACKER_SECONDS", "0")))
    if problem := os.environ.get("PLAYED_PACKER_FAILS"):
        say(problem, "error")
        raise RuntimeError("Script exited with non-zero exit status: 100")
    for name in ("packages.txt", "packages-before.txt"):
        (Path(given["results"]) / name).write_text("python3 3.11\n", encoding="utf-8")
    say("Stopping the source instance...")
    ec2.stop_instances(InstanceIds=[instance])
    say(f"Creating AMI {given['image_name']} from instance {instance}")
    image = str(ec2.create_image(InstanceId=instance, Name=given["image_name"])["ImageId"])
    devices = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    snapshots = [one["Ebs"]["SnapshotId"] for one in devices if "SnapshotId" in one.get("Ebs", {})]
    ec2.create_tags(Resources=[image, *snapshots], Tags=tags(["-"], given["image_tags"])[0]["Tags"])
    say("Terminating the source AWS instance...")
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.delete_key_pair(KeyName=key)
    return image


def main() -> int:
    if "version" in sys.argv[1:2]:
        tell("", "version", os.environ["PLAYED_PACKER_VERSION"])
        return 0
    Path(os.environ["PLAYED_PACKER_ID"]).write_text(str(os.getpid()), encoding="utf-8")
    file = next(one.removeprefix("-var-file=") for one in sys.argv if one.startswith("-var-file="))
    given = json.loads(Path(file).read_text(encoding="utf-8"))
    try:
        image = build(given)
    except Exception as problem:  # whatever it is: a build that fails, as Packer tells it
        say(str(problem), "error")
        tell(SOURCE, "error", str(problem))
        return 1
    tell(SOURCE, "artifact-count", "1")
    for name, value in (("builder-id", "mitchellh.amazonebs"), ("id", f"{given['region']}:{image}")):
        tell(SOURCE, "artifact", "0", name, value)
    tell(SOURCE, "artifact", "0", "end")
    return 0


if __name__ == "__main__":
    sys.exit(main())
