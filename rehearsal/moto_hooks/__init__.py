"""Every inside of moto that Kiln touches, one file per service; each file lists its hooks with the reason for each.

A hook is for what composition in front of moto (rehearsal/front) cannot do. All of them are written for one version of
moto, because its insides change without notice.
"""

from typing import TYPE_CHECKING

import moto

from console.errors import NotReady

if TYPE_CHECKING:
    from rehearsal.certificates import CertificateAuthority
    from rehearsal.functions import Functions
    from rehearsal.groups import Groups
    from rehearsal.guests import Machines

VERSION = "5.2.5"


def require_version() -> None:
    """Raises NotReady where another version of moto is installed than the one that the hooks are written for."""
    if moto.__version__ != VERSION:
        raise NotReady(
            "the hooks into moto are written for one version of it",
            found=moto.__version__,
            expected=VERSION,
            next_step="make setup",
        )


def install(
    *, machines: "Machines", groups: "Groups", authority: "CertificateAuthority", functions: "Functions"
) -> None:
    """Install every hook; a second call puts the parts of another rehearsal in the place of the first one's."""
    from rehearsal.moto_hooks import (
        acm,
        autoscaling,
        awslambda,
        dynamodb,
        ec2,
        ec2_copies,
        ec2_images,
        ec2_network,
        ec2_volumes,
        elbv2,
        events,
        kms,
        logs,
        route53,
        s3,
        secretsmanager,
        ssm,
    )

    require_version()
    ec2.install(machines)
    ec2_images.install(machines)
    ec2_copies.install()
    ssm.install()
    s3.install()
    secretsmanager.install()
    dynamodb.install()
    events.install()
    acm.install(authority)
    autoscaling.install(groups)
    elbv2.install()
    awslambda.install(functions)
    ec2_network.install()
    ec2_volumes.install()
    kms.install()
    logs.install()
    route53.install()
