"""ACM: certificates come from the rehearsal's own certificate authority. moto 5.2.5.

Hooks:
- CertBundle.generate_cert, which RequestCertificate calls: moto signs with the new key itself in the name of "Amazon",
  so that no client can verify the certificate, and leaves it pending for 60 s. Here the authority issues it at once.
Read only:
- AWSCertificateManagerBackend.get_certificate, and the chain of a bundle: moto ends every chain with an Amazon root
  that has nothing to do with it; it is taken out again.
"""

from moto.acm.exceptions import CertificateNotFound
from moto.acm.models import AWS_ROOT_CA, CertBundle, acm_backends

from rehearsal.balancer.model import Certificate, Unsupported
from rehearsal.certificates import CertificateAuthority


def install(authority: CertificateAuthority) -> None:
    """Let `authority` issue what RequestCertificate asks for."""

    def generate_cert(
        cls: type[CertBundle],
        domain_name: str,
        account_id: str,
        region: str,
        sans: list[str] | None = None,
        cert_authority_arn: str | None = None,
    ) -> CertBundle:
        issued = authority.issue([domain_name, *(sans or [])])
        bundle = cls(
            certificate=issued.certificate,
            private_key=issued.private_key,
            cert_type="PRIVATE" if cert_authority_arn else "AMAZON_ISSUED",
            cert_status="ISSUED",
            cert_authority_arn=cert_authority_arn,
            account_id=account_id,
            region=region,
        )
        bundle.chain = authority.pem
        return bundle

    setattr(CertBundle, "generate_cert", classmethod(generate_cert))  # noqa: B010, it is a method for mypy


def certificate_of(account: str, region: str, arn: str) -> Certificate:
    """A certificate with its key and chain. Raises Unsupported where ACM does not have it, for example one of IAM's."""
    try:
        bundle = acm_backends[account][region].get_certificate(arn)
    except CertificateNotFound:
        raise Unsupported(f"the certificate {arn}, which is not in ACM") from None
    chain = (bundle.chain or b"").replace(AWS_ROOT_CA, b"")
    parts = [bundle.cert.strip(), bundle.key.strip(), chain.strip()]
    pem = b"\n".join(part for part in parts if part).decode() + "\n"
    names = dict.fromkeys([bundle.common_name, *bundle.sans])
    return Certificate(arn, pem, tuple(name for name in names if name and "*" not in name))
