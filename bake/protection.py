"""Protects a recorded image from being deregistered by mistake.

Set last: a protection with cooldown lasts a day longer than the wish to remove the image, so nothing unfinished has it.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deregistration-protection.html
"""

from console.aws import Aws, errors


def protect(aws: Aws, image: str) -> None:
    """Refuse the deregistration of the image until the protection was taken away, and a day longer."""
    with errors(f"protecting {image} (ec2:EnableImageDeregistrationProtection)"):
        aws.client("ec2").enable_image_deregistration_protection(ImageId=image, WithCooldown=True)
