"""The phases of `amazon-ebs`, with the real Packer and plugin, on an AWS of this process (moto)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bake.packer import Event, Limits, Message, Packer, Phase, PhaseBegan, Template
from bake.packer.amazon_ebs import phase_of
from console.aws import Aws

HCL = """
variable "image" { type = string }
source "amazon-ebs" "image" {
  region        = "eu-west-1"
  ami_name      = "made-by-a-test"
  source_ami    = var.image
  instance_type = "t3.small"
  communicator  = "none"
}
source "null" "one" { communicator = "none" }
build {
  sources = ["source.amazon-ebs.image", "source.null.one"]
  post-processor "manifest" { output = "manifest.json" }
}
"""


@pytest.mark.slow
def test_an_image_goes_through_its_phases_and_another_build_through_its_own(
    packer: Packer, template: Callable[..., Template], aws: Aws
) -> None:
    parent = aws.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    said: list[Event] = []
    quick = Packer(packer.executable, {**packer.environment, "AWS_POLL_DELAY_SECONDS": "1"})
    result = quick.build(
        template(HCL, image=parent),
        limits=Limits(timedelta(minutes=1)),
        expected={"amazon-ebs.image", "null.one"},
        on_event=said.append,
    )
    (image,) = result.builds["amazon-ebs.image"].artifacts
    assert image.id.startswith("eu-west-1:ami-")
    phases = [one.phase for one in said if isinstance(one, PhaseBegan) and one.target == "amazon-ebs.image"]
    assert phases == [Phase.LAUNCH, Phase.STOP, Phase.IMAGE, Phase.CLEAN_UP, Phase.POST_PROCESS]
    assert [one.phase for one in said if isinstance(one, PhaseBegan) and one.target == "null.one"] == ["post-process"]
    assert set(result.builds["amazon-ebs.image"].seconds) == {"prepare", *phases}


def test_what_is_said_of_a_windows_builder_is_read_too() -> None:
    lines = {  # of the plugin's 1.8.2 source; the first three were seen
        "Launching a source AWS instance...": Phase.LAUNCH,
        "Waiting for auto-generated password for instance...": Phase.CONNECT,
        "Waiting for WinRM to become available...": Phase.CONNECT,
        "Provisioning with powershell script: ./prepare.ps1": Phase.PROVISION,
        "Restarting Machine": None,
        "Automatic instance stop disabled. Please stop instance manually.": Phase.STOP,
        "Waiting for the instance to stop...": None,
        "Creating AMI payroll-windows-web-1 from instance i-1": Phase.IMAGE,
        "Enabling fast boot for AMI ami-1 in region eu-west-1": Phase.IMAGE,
    }
    said = {text: phase_of(Message(0, "", "say", f"==> amazon-ebs.image: {text}")) for text in lines}
    assert said == lines
