"""What stands behind Packer's last words, where they are known: what to check or to change. Pure.

Only what says for certain what is wrong is read here; everything else stays Packer's own words and the log. The codes
are EC2's: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bake.packer import Phase
from bake.platforms import Platform
from bake.recipe import FILE, Recipe, show


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, what should be there, and what to do. `elsewhere`: in another zone it may succeed."""

    what: str
    next_step: str
    expected: str | None = None
    elsewhere: bool = False


# Also a type that a zone does not have at all: "… is not supported in your requested Availability Zone"
CAPACITY = re.compile(r"InsufficientInstanceCapacity|not supported in your requested Availability Zone")
QUOTA = re.compile(
    r"VcpuLimitExceeded|InstanceLimitExceeded|VolumeLimitExceeded|SnapshotLimitExceeded|MaxIOPSLimitExceeded"
    r"|ResourceLimitExceeded|SecurityGroupLimitExceeded|KeyPairLimitExceeded"
)
NO_SUCH_IMAGE = re.compile(r"InvalidAMIID\.(NotFound|Unavailable)|No AMI was found matching filters")
DISK_FULL = re.compile(r"No space left on device|not enough space on the disk", re.IGNORECASE)
CLOCK = re.compile(r"RequestTimeTooSkewed|Signature (expired|not yet current)|RequestInTheFuture", re.IGNORECASE)
SESSION = re.compile(r"RequestExpired|ExpiredToken")
PERMISSION = re.compile(r"UnauthorizedOperation|AccessDenied")
NO_PASSWORD = re.compile(r"Timeout waiting for password|Error (waiting for|decrypting).* password", re.IGNORECASE)
NO_ANSWER = re.compile(r"Timeout waiting for (SSH|WinRM)|timed out waiting for SSH", re.IGNORECASE)


def diagnose(recipe: Recipe, said: Iterable[str], phase: str, *, limit: bool = False) -> Diagnosis | None:
    """What is known of a failed build, by what Packer said; `limit` where a time limit of `phase` ended it."""
    text = "\n".join(said)
    file, variables = show(recipe.folder / FILE), recipe.contents.variables
    machine = variables.get("instance_type", "the instance type")
    if CAPACITY.search(text):
        return Diagnosis(
            f"EC2 has no capacity for {machine} in the zones where images are baked",
            f"bake again later, or take another instance_type in {file}, variables",
            elsewhere=True,
        )
    if found := QUOTA.search(text):
        return Diagnosis(
            f"a quota of the account is used up ({found[0]})",
            "ask for a higher one (Service Quotas, Amazon EC2; vCPUs: Running On-Demand Standard instances), end what "
            f"nobody needs, or bake fewer at once (--jobs) or with a smaller instance_type in {file}",
        )
    if NO_SUCH_IMAGE.search(text):
        return Diagnosis(
            "the image that it was to be baked from is gone since this bake was planned",
            f"python -m bake {recipe.name} plans anew, and bakes what is missing below",
        )
    if DISK_FULL.search(text):
        size = variables.get("root_volume_gib")
        return Diagnosis(
            "the builder's disk is full",
            f"a larger root_volume_gib in {file}, variables; or install less",
            expected=f"that everything fits into {size} GiB" if size else None,
        )
    if CLOCK.search(text):
        return Diagnosis(
            "AWS refuses the requests for their time: the clock of this machine is off",
            "set the clock (timedatectl set-ntp true) and bake again",
            expected="a clock that differs from AWS's by less than 5 minutes",
        )
    if SESSION.search(text):
        return Diagnosis(
            "AWS refuses the requests as expired: the session of these credentials has ended, or the clock is off",
            "get new credentials whose session is longer than limits_minutes.overall "
            f"in {file}, see that the clock is right (timedatectl), and bake again",
        )
    if phase != Phase.PROVISION and PERMISSION.search(text):  # there it may be any server's that is asked for a file
        return Diagnosis(
            "the credentials lack a permission that Packer needs",
            "give them the operation that EC2 names, or use credentials that have it",
        )
    if recipe.platform is Platform.WINDOWS:
        return _of_windows(text, phase, file, limit=limit)
    if NO_ANSWER.search(text) or (limit and phase == Phase.CONNECT):
        return Diagnosis(
            "the builder never answered over SSH",
            "check that (1) this machine reaches the bake network (a runner in it, VPN, peering; the routes back); "
            "(2) the builders' security group admits port 22 from here; (3) the image below boots and starts sshd: the "
            f"console output of the instance says; (4) limits_minutes.connect in {file} is long enough for its boot",
        )
    return None


def _of_windows(text: str, phase: str, file: str, *, limit: bool) -> Diagnosis | None:
    """What happens to a Windows builder only: the wait for its password, WinRM, and its end by sysprep."""
    agent, sysprep = (
        r"C:\ProgramData\Amazon\EC2Launch\log\agent.log",
        r"C:\Windows\System32\Sysprep\Panther\setuperr.log",
    )
    template = "packer/shared-windows/image.pkr.hcl"
    if NO_PASSWORD.search(text):
        return Diagnosis(
            "EC2 never had the password of the builder's Administrator",
            "check that (1) the image below was sealed by EC2Launch (sysprep), which sets a new password at the first "
            f"boot; (2) that boot is over within windows_password_timeout ({template})",
        )
    if NO_ANSWER.search(text) or (limit and phase == Phase.CONNECT):
        return Diagnosis(
            "WinRM never answered on the builder",
            "check that (1) this machine reaches the bake network (a runner in it, VPN, peering; the routes back); "
            "(2) the builders' security group admits port 5986 from here; (3) the user data ran "
            f"(packer/shared-windows/user-data.ps1): {agent} on the builder, or its console output, says; (4) "
            f"winrm_timeout ({template}) and limits_minutes.connect in {file} are long enough",
        )
    if phase == Phase.STOP and (limit or "waiting for instance to stop" in text):
        return Diagnosis(
            "the builder did not shut itself down: it was not sealed",
            f"bake again, and while it waits look on the builder at {sysprep} and {agent}",
        )
    return None
