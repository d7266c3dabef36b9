"""ACM: certificates come from the rehearsal's own certificate authority. moto 5.2.5.

Hooks:
- CertBundle.generate_cert, which RequestCertificate calls: moto signs with the new key itself in the name of "Amazon",
  so that no client can verify the certificate, and leaves it pending for 60 s. Here the authority issues it at once.
  Its chain is the authority alone; moto would add an Amazon root that has nothing to do with it.
"""

from moto.acm.models import CertBundle

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
