"""An image whose id only CloudFormation knows; the CDK's own kinds of image want a region, or look it up."""

import jsii
from aws_cdk import aws_ec2 as ec2
from constructs import Construct


@jsii.implements(ec2.IMachineImage)
class ImportedImage:
    """A Linux image by its AMI id, which may be a token."""

    def __init__(self, image_id: str) -> None:
        self._image_id = image_id

    def get_image(self, scope: Construct) -> ec2.MachineImageConfig:
        """What the CDK asks of an image; user data is a matter of whoever launches it."""
        return ec2.MachineImageConfig(
            image_id=self._image_id, os_type=ec2.OperatingSystemType.LINUX, user_data=ec2.UserData.custom("")
        )
