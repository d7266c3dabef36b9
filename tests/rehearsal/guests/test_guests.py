"""Real guests, driven through the API as Packer, Auto Scaling and people drive them."""

import json
import os
import signal
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.guests import sweep
from tests.rehearsal.guests.harness import BLOCK, DEV, OTHER, OWN, REGION, STAGE, Place, start_embedded, wait_for

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="starts guests, which needs root: sudo make test"),
]

# A metadata request with bash alone, because the base image has neither Python nor curl.
METADATA = textwrap.dedent(
    r"""
    ask() {  # ask METHOD PATH HEADER → status line, then the text
      exec 3<>/dev/tcp/169.254.169.254/80
      printf '%s %s HTTP/1.1\r\nHost: imds\r\n%s\r\nConnection: close\r\n\r\n' "$1" "$2" "$3" >&3
      { read -r status; while read -r line && [ "$line" != $'\r' ]; do :; done; echo "${status//$'\r'/}"; cat; } <&3
    }
    TTL='X-aws-ec2-metadata-token-ttl-seconds: 60'
    TOKEN="X-aws-ec2-metadata-token: $(ask PUT /latest/api/token "$TTL" | tail -n 1)"
    get() { ask GET "/latest/$1" "$TOKEN" | tail -n +2; echo; }
    """
)


def metadata(place: Place, instance_id: str, script: str) -> str:
    quoted = (METADATA + script).replace("'", "'\\''")
    return place.shell(instance_id, f"bash -c '{quoted}'").strip()


def reaches(place: Place, instance_id: str, address: str) -> bool:
    """Whether an instance can connect to the sshd at an address."""
    container = f"kiln-{place.embedded.identity.name}-{instance_id}"
    connect = ["podman", "exec", container, "timeout", "2", "bash", "-c", f": <>/dev/tcp/{address}/22"]
    wait_for(
        "sshd", lambda: "sshd" in subprocess.run(["podman", "top", container], capture_output=True, text=True).stdout
    )
    return subprocess.run(connect, capture_output=True).returncode == 0


def test_run_instances_answers_pending_and_the_guest_is_reached_over_ssh_as_admin(place: Place) -> None:
    instance_id = place.launch_without_waiting()
    place.embedded.wait_for_state(instance_id, "running")
    assert place.shell(instance_id, "id -un; sudo -n id -un").split() == ["admin", "root"]
    assert place.shell(instance_id, "systemctl is-system-running --wait").strip() == "running"
    assert place.shell(instance_id, "ls /dev/vda /dev/sda 2>/dev/null; cat /proc/sys/kernel/hostname").startswith("ip-")
    place.end(instance_id)


def test_the_metadata_service_needs_a_token_and_knows_the_instance(place: Place) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a name"}]}]
    options = {"HttpTokens": "required", "InstanceMetadataTags": "enabled", "HttpPutResponseHopLimit": 1}
    instance_id = place.launch(TagSpecifications=tags, MetadataOptions=options)
    without = metadata(place, instance_id, "ask GET /latest/meta-data/instance-id 'X-A: b'")
    assert without.startswith("HTTP/1.1 401")
    paths = "ami-id instance-id placement/region tags/instance/Name local-ipv4 mac"
    found = metadata(place, instance_id, f"for p in {paths}; do get meta-data/$p; done").splitlines()
    address = place.embedded.instance(instance_id)["PrivateIpAddress"]
    assert found[:5] == [place.embedded.base_image(), instance_id, REGION, "a name", address]
    mac = place.shell(instance_id, "cat /sys/class/net/eth0/address").strip()
    interface = place.embedded.instance(instance_id)["NetworkInterfaces"][0]
    assert found[5] == mac == interface["MacAddress"]
    document = json.loads(metadata(place, instance_id, "get dynamic/instance-identity/document"))
    assert (document["accountId"], document["instanceId"]) == (DEV, instance_id)
    assert "404" in metadata(place, instance_id, 'ask GET /latest/meta-data/iam/info "$TOKEN"')
    place.end(instance_id)


def test_the_keys_of_the_role_are_those_of_the_instances_account_and_work_on_the_guests_own_loopback(
    place: Place,
) -> None:
    iam = place.embedded.client("iam")
    trust = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}}]})
    iam.create_role(RoleName="web", AssumeRolePolicyDocument=trust)
    iam.create_instance_profile(InstanceProfileName="web")
    iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    instance_id = place.launch(IamInstanceProfile={"Name": "web"})
    keys = json.loads(metadata(place, instance_id, "get meta-data/iam/security-credentials/web"))
    assert keys["Code"] == "Success"
    assert keys["AccessKeyId"].startswith("ASIA")
    port = place.embedded.identity.port
    script = f"""
      exec 3<>/dev/tcp/localhost/{port}
      B='Action=GetCallerIdentity&Version=2011-06-15'
      C='Credential={keys["AccessKeyId"]}/20300101/{REGION}/sts/aws4_request'
      printf 'POST / HTTP/1.1\\r\\nHost: localhost\\r\\n' >&3
      printf 'Authorization: AWS4-HMAC-SHA256 %s, SignedHeaders=host, Signature=0\\r\\n' "$C" >&3
      printf 'Content-Type: application/x-www-form-urlencoded\\r\\n' >&3
      printf 'Content-Length: %s\\r\\nConnection: close\\r\\n\\r\\n%s' ${{#B}} "$B" >&3
      cat <&3
    """
    answer = metadata(place, instance_id, script)
    assert f"<Arn>arn:aws:sts::{DEV}:assumed-role/web/{instance_id}</Arn>" in answer
    place.end(instance_id)


def test_user_data_runs_once_finds_the_endpoint_and_its_output_is_on_the_console(place: Place) -> None:
    script = "#!/bin/sh\necho ran >> /var/tmp/runs\necho endpoint=$AWS_ENDPOINT_URL\n"
    instance_id = place.launch(UserData=script)
    ec2 = place.embedded.client("ec2")

    def console() -> str:
        return str(ec2.get_console_output(InstanceId=instance_id)["Output"])

    wait_for("user data", lambda: f"endpoint={place.embedded.identity.url}" in console())
    ec2.stop_instances(InstanceIds=[instance_id])
    assert place.embedded.state(instance_id) == "stopped"
    ec2.start_instances(InstanceIds=[instance_id])
    place.embedded.wait_for_state(instance_id, "running")
    place.shell(instance_id, "systemctl is-system-running --wait")
    assert place.shell(instance_id, "cat /var/tmp/runs") == "ran\n"
    assert place.shell(instance_id, "ls -d /run/cloud-init 2>&1").endswith("No such file or directory\n")
    place.end(instance_id)


def test_user_data_that_is_no_script_is_refused(place: Place) -> None:
    with pytest.raises(ClientError, match="user data that is a script"):
        place.launch_without_waiting(UserData="#cloud-config\npackages: [curl]\n")


def test_an_image_holds_what_was_provisioned_and_nothing_of_the_platform(place: Place) -> None:
    ec2 = place.embedded.client("ec2")
    builder = place.launch()
    place.shell(builder, "echo baked | sudo tee /srv/baked; sudo touch /run/not-kept")
    host_key = place.shell(builder, "cat /etc/ssh/ssh_host_ed25519_key.pub")
    ec2.stop_instances(InstanceIds=[builder])
    image = ec2.create_image(
        InstanceId=builder,
        Name="web-1",
        TagSpecifications=[
            {"ResourceType": "image", "Tags": [{"Key": "kiln:tier", "Value": "web"}]},
            {"ResourceType": "snapshot", "Tags": [{"Key": "kiln:tier", "Value": "web"}]},
        ],
    )["ImageId"]
    with pytest.raises(ClientError, match=r"InvalidAMIName\.Duplicate"):
        ec2.create_image(InstanceId=builder, Name="web-1")
    place.end(builder)
    described = ec2.describe_images(ImageIds=[image])["Images"][0]
    assert (described["RootDeviceType"], described["State"]) == ("ebs", "available")
    snapshot = described["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["Tags"] == described["Tags"]
    booted = place.launch(image)
    assert place.shell(booted, "cat /srv/baked; ls /run/not-kept 2>/dev/null; cat ~/.ssh/authorized_keys | wc -l") == (
        "baked\n1\n"
    )
    assert place.shell(booted, "cat /etc/ssh/ssh_host_ed25519_key.pub") != host_key
    place.end(booted)
    mounted = subprocess.run(
        ["podman", "image", "mount", f"kiln/{place.embedded.identity.name}/{image}"], capture_output=True, text=True
    )
    root = Path(mounted.stdout.strip())
    try:
        assert list(root.glob("run/systemd/**/*.conf")) == []
        needle = place.embedded.identity.url.encode()
        etc = [path for path in (root / "etc").rglob("*") if path.is_file() and not path.is_symlink()]
        assert [path for path in etc if needle in path.read_bytes()] == []
    finally:
        subprocess.run(["podman", "image", "umount", str(root), f"kiln/{place.embedded.identity.name}/{image}"])
    ec2.deregister_image(ImageId=image)
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        place.launch_without_waiting(image)


def test_an_image_is_launched_in_another_account_only_while_it_is_shared_with_it(place: Place) -> None:
    dev, stage = place.embedded.client("ec2"), place.embedded.client("ec2", STAGE)
    builder = place.launch()
    image = dev.create_image(InstanceId=builder, Name="shared")["ImageId"]
    place.end(builder)
    neighbour = place.launch()
    vpc = stage.create_vpc(CidrBlock=f"{OTHER}.0.0/16")["Vpc"]["VpcId"]
    subnet = stage.create_subnet(VpcId=vpc, CidrBlock=f"{OTHER}.1.0/24")["Subnet"]["SubnetId"]
    launch: dict[str, Any] = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "SubnetId": subnet}
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        stage.run_instances(**launch)
    dev.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": STAGE}]})
    found = stage.describe_images(ExecutableUsers=["self"], Owners=[DEV])["Images"]
    assert [one["ImageId"] for one in found] == [image]
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        stage.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"UserId": "999999999999"}]})
    guest = stage.run_instances(**launch)["Instances"][0]["InstanceId"]
    place.embedded.wait_for_state(guest, "running", STAGE)
    assert reaches(place, guest, place.embedded.instance(guest, STAGE)["PrivateIpAddress"])
    assert not reaches(place, guest, place.embedded.instance(neighbour)["PrivateIpAddress"])
    place.end(neighbour)
    with pytest.raises(ClientError, match="DependencyViolation"):
        stage.delete_vpc(VpcId=vpc)
    stage.terminate_instances(InstanceIds=[guest])
    stage.delete_subnet(SubnetId=subnet)
    stage.delete_vpc(VpcId=vpc)  # waits for the guest, which is shutting down
    assert place.embedded.state(guest, STAGE) == "terminated"
    networks = subprocess.run(["ip", "route"], capture_output=True, text=True).stdout
    assert f"{OTHER}.0.0/16" not in networks
    dev.modify_image_attribute(ImageId=image, LaunchPermission={"Remove": [{"UserId": STAGE}]})
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        stage.describe_images(ImageIds=[image])


def test_deregistration_protection_protects(place: Place) -> None:
    ec2 = place.embedded.client("ec2")
    builder = place.launch()
    image = ec2.create_image(InstanceId=builder, Name="protected")["ImageId"]
    place.end(builder)
    ec2.enable_image_deregistration_protection(ImageId=image, WithCooldown=False)
    ec2.enable_image_deprecation(ImageId=image, DeprecateAt="2050-01-01T00:00:00Z")
    described = ec2.describe_images(ImageIds=[image])["Images"][0]
    assert described["DeregistrationProtection"] == "enabled-without-cooldown"
    assert described["DeprecationTime"].startswith("2050-01-01T00:00")
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        ec2.deregister_image(ImageId=image)
    ec2.disable_image_deregistration_protection(ImageId=image)
    copy = ec2.copy_image(SourceImageId=image, SourceRegion=REGION, Name="copy")["ImageId"]
    ec2.deregister_image(ImageId=image)
    of_copy = place.launch(copy)
    place.end(of_copy)


def test_a_guest_that_reboots_itself_keeps_running_and_one_that_powers_off_stops(place: Place) -> None:
    instance_id = place.launch()
    begun = "cut -d ' ' -f 22 /proc/1/stat"  # when the first process was started, proc(5)
    before = place.shell(instance_id, begun)
    place.shell(instance_id, "sudo systemctl reboot")
    wait_for("reboot", lambda: place.shell(instance_id, begun) not in ("", before))
    assert place.embedded.state(instance_id) == "running"
    place.shell(instance_id, "sudo systemctl poweroff")
    place.embedded.wait_for_state(instance_id, "stopped")
    reason = place.embedded.instance(instance_id)["StateReason"]["Code"]
    assert reason == "Client.InstanceInitiatedShutdown"
    place.end(instance_id)


def test_a_guest_that_powers_off_is_terminated_where_the_launch_says_so(place: Place) -> None:
    instance_id = place.launch(InstanceInitiatedShutdownBehavior="terminate")
    place.shell(instance_id, "sudo systemctl poweroff")
    place.embedded.wait_for_state(instance_id, "terminated")


def test_reboot_instances_starts_the_guest_anew(place: Place) -> None:
    instance_id = place.launch()
    place.shell(instance_id, "touch /tmp/gone ~/kept")
    place.embedded.client("ec2").reboot_instances(InstanceIds=[instance_id])
    wait_for(
        "reboot", lambda: place.shell(instance_id, "ls /tmp/gone ~/kept 2>/dev/null").strip() == "/home/admin/kept"
    )
    assert metadata(place, instance_id, "get meta-data/instance-id") == instance_id
    place.end(instance_id)


def test_terminating_while_booting_leaves_nothing_and_the_address_is_free_only_afterwards(place: Place) -> None:
    instance_id = place.launch_without_waiting(PrivateIpAddress=f"{OWN}.1.77")
    place.embedded.client("ec2").terminate_instances(InstanceIds=[instance_id])
    if place.embedded.state(instance_id) == "shutting-down":
        with pytest.raises(ClientError, match=r"InvalidIPAddress\.InUse"):
            place.launch_without_waiting(PrivateIpAddress=f"{OWN}.1.77")
    place.embedded.wait_for_state(instance_id, "terminated")
    assert instance_id not in subprocess.run(["podman", "ps", "-a"], capture_output=True, text=True).stdout
    again = place.launch(PrivateIpAddress=f"{OWN}.1.77")
    assert place.shell(again, "true") == ""
    place.end(again)


def test_a_guest_that_cannot_boot_is_terminated_with_the_reason(place: Place) -> None:
    ec2 = place.embedded.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="100.100.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="100.100.1.0/24")["Subnet"]["SubnetId"]
    instance_id = place.launch_without_waiting(SubnetId=subnet)
    place.embedded.wait_for_state(instance_id, "terminated")
    message = place.embedded.instance(instance_id)["StateReason"]["Message"]
    assert message.startswith("Server.InternalError: guests get private addresses only")


def test_orders_that_do_not_fit_the_state_are_refused_as_ec2_refuses_them(place: Place) -> None:
    instance_id = place.launch()
    ec2 = place.embedded.client("ec2")
    place.end(instance_id)
    for order in (ec2.start_instances, ec2.stop_instances, ec2.reboot_instances):
        with pytest.raises(ClientError, match="IncorrectInstanceState"):
            order(InstanceIds=[instance_id])
    assert ec2.terminate_instances(InstanceIds=[instance_id])["TerminatingInstances"][0]["InstanceId"] == instance_id


def test_a_launch_template_gives_profile_metadata_options_and_user_data(place: Place) -> None:
    ec2 = place.embedded.client("ec2")
    data = {
        "ImageId": place.embedded.base_image(),
        "InstanceType": "t3.small",
        "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        "KeyName": "test",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 12, "Encrypted": True}}],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "templated"}]}],
    }
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    answer = ec2.run_instances(
        LaunchTemplate={"LaunchTemplateName": "web"}, MinCount=1, MaxCount=1, SubnetId=place.subnet
    )
    instance_id = answer["Instances"][0]["InstanceId"]
    place.embedded.wait_for_state(instance_id, "running")
    instance = place.embedded.instance(instance_id)
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert [d["DeviceName"] for d in instance["BlockDeviceMappings"]] == ["/dev/xvda"]
    volume = ec2.describe_volumes(VolumeIds=[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"][0]
    assert (volume["Size"], volume["Encrypted"]) == (12, True)
    assert place.shell(instance_id, "id -un") == "admin\n"
    place.end(instance_id)
    with pytest.raises(ClientError, match=r"InvalidVolume\.NotFound"):
        ec2.describe_volumes(VolumeIds=[volume["VolumeId"]])


def test_eight_guests_boot_at_once(place: Place) -> None:
    ec2 = place.embedded.client("ec2")
    answer = ec2.run_instances(
        ImageId=place.embedded.base_image(), MinCount=8, MaxCount=8, InstanceType="t3.small", SubnetId=place.subnet
    )
    ids = [one["InstanceId"] for one in answer["Instances"]]
    for instance_id in ids:
        place.embedded.wait_for_state(instance_id, "running", seconds=60)
    assert len({place.embedded.instance(one)["PrivateIpAddress"] for one in ids}) == 8
    place.end(*ids)


def test_two_rehearsals_with_the_same_blocks_and_a_killed_one_is_swept(place: Place, tmp_path: Path) -> None:
    first = place.launch()
    second = start_embedded(f"u-{os.getpid()}", tmp_path)
    name = second.identity.name
    try:
        ec2 = second.client("ec2")
        vpc = ec2.create_vpc(CidrBlock=BLOCK)["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"{OWN}.1.0/24")["Subnet"]["SubnetId"]
        address = place.embedded.instance(first)["PrivateIpAddress"]
        other = ec2.run_instances(
            ImageId=second.base_image(), MinCount=1, MaxCount=1, SubnetId=subnet, PrivateIpAddress=address
        )["Instances"][0]["InstanceId"]
        second.wait_for_state(other, "running")
        assert place.shell(first, "cat /proc/sys/kernel/hostname").startswith("ip-10-")
        inside = f"exec 3<>/dev/tcp/{address}/22; head -c 3 <&3"
        reach = ["nsenter", f"--net=/run/netns/kiln-{name}", "timeout", "5", "bash", "-c", inside]
        wait_for("ssh inside", lambda: subprocess.run(reach, capture_output=True, text=True).stdout == "SSH")
        ec2.create_image(InstanceId=other, Name="left behind")
        second.process.send_signal(signal.SIGKILL)
        second.process.wait(10)
        assert sweep(name, tmp_path) == {"containers": 1, "networks": 1, "images": 1}
        assert sweep(name, tmp_path) == {"containers": 0, "networks": 0, "images": 0}
    finally:
        second.end()
    left = "podman ps -a; podman images; ip netns; ip link; iptables -S; iptables -t nat -S"
    assert name not in subprocess.run(["sh", "-c", left], capture_output=True, text=True).stdout
    assert place.shell(first, "id -un") == "admin\n"
    place.end(first)
