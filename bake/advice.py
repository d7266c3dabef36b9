"""What to check when a bake fails where nobody looks: between the builder's start and its first answer, and its end.

Packer only says that it waited for nothing; what usually is the reason stands here.
"""

from pathlib import Path

from bake.packer import Phase
from bake.platforms import Platform

NO_PASSWORD = (
    "EC2 had no password for the Administrator. Check that the parent image was sealed by EC2Launch (sysprep), which "
    "sets a new one at the first boot, and that its first boot is over within windows_password_timeout"
)
NO_WINRM = (
    "WinRM never answered. Check (1) that this machine reaches the builder's private address: it has to run in the "
    "bake network, or be connected with it; (2) that the builder's security group lets it in on port 5986; (3) that "
    "the user data ran (packer/shared-windows/user-data.ps1): C:\\ProgramData\\Amazon\\EC2Launch\\log\\agent.log on "
    "the builder, or aws ec2 get-console-output, while it runs; (4) that winrm_timeout is longer than that takes"
)
NOT_SEALED = (
    "the builder did not shut itself down, so sysprep failed: while a bake waits in this phase, look on the builder at "
    "C:\\Windows\\System32\\Sysprep\\Panther\\setuperr.log and C:\\ProgramData\\Amazon\\EC2Launch\\log\\agent.log"
)


def next_step(platform: Platform, phase: str, said: str, log: Path) -> str:
    """What to do next; `said` is all that Packer said of the failure."""
    read = f"read the log: {log}"
    if platform is not Platform.WINDOWS:
        return read
    if phase == Phase.CONNECT:
        return f"{NO_WINRM if 'WinRM' in said else NO_PASSWORD}; {read}"
    return f"{NOT_SEALED}; {read}" if phase == Phase.STOP else read
