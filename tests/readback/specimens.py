"""What Payroll does not have, or has with an exemption only: small things beside it, so that they can be read back too.

As `kiln.promises.specimens`, which are broken and not deployed.
"""

from typing import Any

FUNCTION = "def handler(event, context):\n    return event\n"
EVERYTHING = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
SIGNED = {"AccessControlMaxAgeSec": 31536000}

RESOURCES: dict[str, dict[str, Any]] = {
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True, "KeyPolicy": {"Ref": "KeyPolicy"}}},
}
