"""The controls of AWS Security Hub that the promises name, and which requirements AWS says each answers to.

Read from Security Hub's user guide, https://docs.aws.amazon.com/securityhub/latest/userguide/: the page of a service,
as `ec2-controls.html`, has its controls with their "Related requirements"; `fsbp-standard.html` lists those of FSBP.
What was read are copies of the pages, github.com/c2hans/aws-docs docs/securityhub/latest/userguide at the commits
07f049dfc331, 2b828ab147ef, 5605cb0e21b9, 63cf41d661d6 and 9a3d9b4027a3; the guide's change log, there at 1ae5aa2c81d0,
ends with September 23, 2026. A row has all that a page gives of the versions of CIS, NIST and PCI DSS here, and nothing
else; the one exception says why.

A control that AWS retires goes from here: MQ.3 (January 12, 2026) and ECS.1 (March 4, 2026) did.
"""

from collections.abc import Mapping
from dataclasses import dataclass

_PUBLIC = "AC-21 AC-3 AC-3(7) AC-4 AC-4(21) AC-6 SC-7 SC-7(11) SC-7(16) SC-7(20) SC-7(21) SC-7(3) SC-7(4) SC-7(9)"
_ENDPOINT = "AC-21 AC-3 AC-3(7) AC-4 AC-4(21) AC-6 SC-7 SC-7(11) SC-7(16) SC-7(20) SC-7(21) SC-7(3) SC-7(4)"
_PORTS = "AC-4 AC-4(21) SC-7 SC-7(11) SC-7(16) SC-7(21) SC-7(4) SC-7(5)"
_AT_REST = "CA-9(1) CM-3(6) SC-13 SC-28 SC-28(1) SC-7(10) SI-7(6)"
_TRANSIT = "AC-17(2) AC-4 IA-5(1) SC-12(3) SC-13 SC-23 SC-23(3) SC-7(4) SC-8 SC-8(1) SC-8(2) SI-7(6)"
_LOGS = "AC-4(26) AU-10 AU-12 AU-2 AU-3 AU-6(3) AU-6(4) CA-7 SC-7(9) SI-7(8)"
_ACCESS_LOGS = f"{_LOGS} AC-2(4) AC-6(9) SI-3(8) SI-4(20)"
_ZONES = "CP-10 CP-6(2) SC-36 SC-5(2) SI-13(5)"
_LIFECYCLE = "CP-10 CP-6(2) CP-9 SC-5(2) SI-13(5)"
_ACCESS = "AC-2(1) AC-3 AC-3(15) AC-3(7) AC-6"
_PRIVILEGES = f"{_ACCESS} AC-2 AC-5 AC-6(10) AC-6(2) AC-6(3)"
_CONFIGURATION = "CA-9(1) CM-2 CM-2(2)"
_PATCHES = "SI-2 SI-2(2) SI-2(4) SI-2(5)"
_THREATS = (
    "AC-2(12) AU-6(1) AU-6(5) CA-7 CM-8(3) RA-3(4) SA-11(1) SA-11(6) SA-15(2) SA-15(8) SA-8(19) SA-8(21) SA-8(25) SC-5"
    " SC-5(1) SC-5(3) SI-20 SI-3(8) SI-4 SI-4(1) SI-4(13) SI-4(2) SI-4(22) SI-4(25) SI-4(4) SI-4(5)"
)


@dataclass(frozen=True, slots=True)
class Requirements:
    """What one control of Security Hub answers to; ids are apart by spaces.

    Args:
        fsbp: whether it is in AWS Foundational Security Best Practices.
        cis: of the CIS AWS Foundations Benchmark v5.0.0.
        nist: of NIST SP 800-53 revision 5.
        pci: of PCI DSS v4.0.1.
    """

    fsbp: bool = True
    cis: str = ""
    nist: str = ""
    pci: str = ""


def _other(*, cis: str = "", nist: str = "", pci: str = "") -> Requirements:
    """Of a control that is not in FSBP."""
    return Requirements(fsbp=False, cis=cis, nist=nist, pci=pci)


_of = Requirements

REQUIREMENTS: Mapping[str, Requirements] = {
    "ACM.1": _of(nist="SC-28(3) SC-7(16)", pci="4.2.1"),
    "AutoScaling.1": _of(nist="CA-7 CP-2(2) SI-2"),
    "AutoScaling.2": _of(nist=f"{_ZONES} CP-2(2)"),
    "AutoScaling.6": _of(nist=f"{_ZONES} CP-2(2)"),
    "AutoScaling.9": _of(nist=_CONFIGURATION),
    "Backup.1": _of(nist="CP-9(8) SI-12"),
    "CloudFront.1": _of(nist="SC-7(11) SC-7(16)", pci="2.2.6"),
    "CloudFront.3": _of(nist=_TRANSIT, pci="4.2.1"),
    "CloudFront.5": _of(nist=_ACCESS_LOGS, pci="10.4.2"),
    "CloudFront.13": _of(),
    "CloudFront.15": _of(),
    "CloudTrail.1": _of(cis="3.1", nist=f"{_ACCESS_LOGS} AU-14(1) SA-8(22)"),
    "CloudTrail.2": _of(cis="3.5", nist=f"{_AT_REST} AU-9", pci="10.3.2"),
    "CloudTrail.3": _other(pci="10.2.1"),
    "CloudTrail.4": _of(cis="3.2", nist="AU-9 SI-4 SI-7(1) SI-7(3) SI-7(7)", pci="10.3.2"),
    # Its page gives CIS 3.4 too, but the guide's list of CIS v5.0.0 does not have this control: 3.4 is about the access
    # log of the trail's bucket (github.com/prowler-cloud/prowler prowler/compliance/aws/cis_5.0_aws.json).
    "CloudTrail.5": _of(nist=f"{_ACCESS_LOGS} AU-6(1) AU-6(5) AU-7(1) SI-20 SI-4(5)"),
    "CloudWatch.15": _other(nist="AU-6(1) AU-6(5) CA-7 IR-4(1) IR-4(5) SI-2 SI-20 SI-4(12) SI-4(5)"),
    "CloudWatch.16": _other(nist="AU-10 AU-11 AU-6(3) AU-6(4) CA-7 SI-12"),
    "CloudWatch.17": _other(nist="AU-6(1) AU-6(5) CA-7 SI-2 SI-4(12)"),
    "Config.1": _of(cis="3.3", nist="CM-3 CM-6(1) CM-8 CM-8(2)"),
    "DynamoDB.2": _of(nist=f"{_LIFECYCLE} SI-12"),
    "DynamoDB.6": _of(nist=f"{_CONFIGURATION} CM-3 SC-5(2)"),
    "EC2.1": _of(nist=_PUBLIC),
    "EC2.2": _of(cis="5.5", nist=_PORTS),
    "EC2.3": _of(nist=_AT_REST),
    "EC2.6": _of(cis="3.7", nist="AC-4(26) AU-12 AU-2 AU-3 AU-6(3) AU-6(4) CA-7 SI-7(8)"),
    "EC2.7": _of(cis="5.1.1", nist=_AT_REST),
    "EC2.8": _of(cis="5.7", nist="AC-3 AC-3(15) AC-3(7) AC-6", pci="2.2.6"),
    "EC2.13": _other(nist=f"{_PORTS} CM-7", pci="1.3.1"),
    "EC2.14": _other(pci="1.3.1"),
    "EC2.15": _of(nist=_PUBLIC, pci="1.4.4"),
    "EC2.18": _of(nist=_PORTS),
    "EC2.19": _of(nist=f"{_PORTS} {_CONFIGURATION} CM-7"),
    "EC2.25": _of(nist=_PUBLIC, pci="1.4.4"),
    "EC2.53": _other(cis="5.3", pci="1.3.1"),
    "EC2.54": _other(cis="5.4", pci="1.3.1"),
    "EC2.57": _of(nist=_ENDPOINT),
    "EC2.170": _of(pci="2.2.6"),
    "EC2.172": _of(),
    "EC2.181": _of(),
    "EC2.182": _of(),
    "ECS.2": _of(nist=_PUBLIC, pci="1.4.4"),
    "ECS.4": _of(nist=f"{_ACCESS} AC-5"),
    "ECS.5": _of(nist=f"{_ACCESS} AC-5"),
    "ECS.9": _of(nist=_LOGS),
    "ECS.12": _of(nist="AU-6(3) AU-6(4) CA-7 SI-2"),
    "ELB.1": _of(nist=_TRANSIT),
    "ELB.4": _of(nist="SC-7(4) SC-8(2)", pci="6.2.4"),
    "ELB.5": _of(nist=_LOGS),
    "ELB.6": _of(nist=f"{_CONFIGURATION} CM-3 SC-5(2)"),
    "ELB.12": _of(nist="AC-4(21) CA-9(1) CM-2", pci="6.2.4"),
    "ELB.13": _of(nist=_ZONES),
    "ELB.16": _other(nist="AC-4(21)"),
    "ELB.17": _of(nist=_TRANSIT),
    "ELB.22": _of(),
    "GuardDuty.1": _of(nist=_THREATS, pci="11.5.1"),
    "GuardDuty.6": _of(pci="11.5.1"),
    "GuardDuty.8": _of(),
    "GuardDuty.9": _of(pci="11.5.1"),
    "GuardDuty.10": _of(pci="11.5.1"),
    "GuardDuty.11": _of(),
    "IAM.1": _of(nist=_PRIVILEGES),
    "IAM.21": _of(nist=_PRIVILEGES),
    "IAM.28": _other(cis="1.19"),
    "KMS.3": _of(nist="SC-12 SC-12(2)"),
    "KMS.4": _other(cis="3.6", nist="SC-12 SC-12(2) SC-28(3)", pci="3.7.4"),
    "KMS.5": _of(),
    "Lambda.1": _of(nist=_PUBLIC, pci="7.2.1"),
    "Lambda.2": _of(nist=f"{_PATCHES} CA-9(1) CM-2", pci="12.3.4"),
    "Lambda.7": _other(nist="CA-7"),
    "MQ.6": _other(nist=_ZONES),
    "RDS.2": _of(cis="2.2.3", nist=_PORTS, pci="1.4.4"),
    "RDS.3": _of(cis="2.2.1", nist=_AT_REST),
    "RDS.6": _of(nist="CA-7 SI-2"),
    "RDS.7": _of(nist="CM-3 SC-5(2)"),
    "RDS.9": _of(nist=f"{_ACCESS_LOGS} SC-7(10)", pci="10.2.1"),
    "RDS.11": _of(nist="CP-10 CP-6 CP-6(1) CP-6(2) CP-9 SC-5(2) SI-12 SI-13(5)"),
    "RDS.12": _of(nist=_ACCESS),
    "RDS.13": _of(cis="2.2.2", nist=_PATCHES, pci="6.3.3"),
    "RDS.15": _of(cis="2.2.4", nist=_ZONES),
    "RDS.16": _of(nist=_CONFIGURATION),
    "RDS.19": _of(nist="CA-7 SI-2"),
    "RDS.23": _of(nist=_PORTS),
    "RDS.24": _of(nist="CA-9(1) CM-2", pci="2.2.2"),
    "RDS.27": _of(nist=_AT_REST),
    "RDS.34": _of(nist=_ACCESS_LOGS, pci="10.2.1"),
    "RDS.35": _of(nist=_PATCHES, pci="6.3.3"),
    "RDS.45": _of(nist=_ACCESS_LOGS),
    "RDS.46": _of(),
    "RDS.50": _of(),
    "Route53.2": _of(nist=_ACCESS_LOGS, pci="10.4.2"),
    "S3.1": _of(cis="2.1.4", nist=_PUBLIC, pci="1.4.4"),
    "S3.2": _of(nist=_PUBLIC),
    "S3.3": _of(nist=_PUBLIC),
    "S3.5": _of(cis="2.1.1", nist=_TRANSIT, pci="4.2.1"),
    "S3.8": _of(cis="2.1.4", nist=_PUBLIC, pci="1.4.4"),
    "S3.10": _other(nist=_LIFECYCLE),
    "S3.12": _of(nist=_ACCESS),
    "S3.13": _of(nist=_LIFECYCLE),
    "S3.14": _other(nist=f"{_LIFECYCLE} AU-9(2) CP-6 CP-6(1) SI-12"),
    "S3.15": _other(nist="CP-6(2)", pci="10.5.1"),
    "S3.17": _other(nist=f"{_AT_REST} AU-9 SC-12(2)", pci="3.5.1"),
    "S3.22": _other(cis="3.8", pci="10.2.1"),
    "S3.23": _other(cis="3.9", pci="10.2.1"),
    "SNS.1": _other(nist=_AT_REST),
    "SNS.4": _of(),
    "SQS.1": _of(nist=_AT_REST),
    "SQS.3": _of(),
    "SSM.2": _of(nist=f"{_PATCHES} CM-8(3) SI-2(3)", pci="2.2.1 6.3.3"),
    "SecretsManager.1": _of(nist="AC-2(1) AC-3(15)", pci="8.3.9 8.6.3"),
    "WAF.10": _of(nist="CA-9(1) CM-2"),
    "WAF.11": _other(nist=f"{_LOGS} SC-7(10)", pci="10.4.2"),
    "WAF.12": _of(nist=f"{_LOGS} SC-7(10)"),
}
"""By the control's id."""
