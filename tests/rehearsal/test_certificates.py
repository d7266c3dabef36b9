"""The rehearsal's certificate authority, by OpenSSL's judgement, and ACM on top of it."""

import datetime
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from moto.acm.models import acm_backends

from rehearsal.balancer.model import Unsupported
from rehearsal.balancer.observe import certificate_of
from rehearsal.certificates import CertificateAuthority
from rehearsal.moto_hooks import acm

ACCOUNT, REGION = "333333333333", "eu-west-1"


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path / "certificates")


def request(name: str, *others: str) -> Any:
    backend = acm_backends[ACCOUNT][REGION]
    arn = backend.request_certificate(name, None, list(others), [])
    return backend.get_certificate(arn)


def test_openssl_verifies_what_the_authority_issues_strictly(authority: CertificateAuthority, tmp_path: Path) -> None:
    leaf = tmp_path / "leaf.pem"
    leaf.write_bytes(authority.issue(["payroll.test"]).certificate)
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "payroll.test"]
    done = subprocess.run(
        [*command, "-CAfile", str(authority.path), str(leaf)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_no_other_authority_vouches_for_it(authority: CertificateAuthority, tmp_path: Path) -> None:
    other = CertificateAuthority(tmp_path / "other")
    certificate = x509.load_pem_x509_certificate(other.issue(["payroll.test"]).certificate)
    with pytest.raises(InvalidSignature):
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))


def test_names_addresses_and_time(authority: CertificateAuthority) -> None:
    certificate = x509.load_pem_x509_certificate(
        authority.issue(["payroll.test", "*.payroll.test", "10.0.0.1", "payroll.test"]).certificate
    )
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["payroll.test", "*.payroll.test"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=394) < left <= datetime.timedelta(days=395)


def test_the_key_is_the_owners_alone(authority: CertificateAuthority) -> None:
    assert oct((authority.path.parent / "ca.key").stat().st_mode & 0o777) == "0o600"


def test_the_authority_stays_the_same_in_its_folder(authority: CertificateAuthority) -> None:
    again = CertificateAuthority(authority.path.parent)
    assert again.pem == authority.pem
    certificate = x509.load_pem_x509_certificate(again.issue(["payroll.test"]).certificate)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.pem))


def test_acm_issues_at_once_with_the_validation_done(authority: CertificateAuthority) -> None:
    acm.install(authority)
    described = request("payroll.test", "www.payroll.test").describe()["Certificate"]
    assert (described["Status"], described["Type"]) == ("ISSUED", "AMAZON_ISSUED")
    assert (described["DomainName"], described["KeyAlgorithm"]) == ("payroll.test", "RSA_2048")
    options = {o["DomainName"]: o["ValidationStatus"] for o in described["DomainValidationOptions"]}
    assert options == {"payroll.test": "SUCCESS", "www.payroll.test": "SUCCESS"}


def test_a_load_balancer_gets_certificate_chain_and_key(authority: CertificateAuthority, tmp_path: Path) -> None:
    acm.install(authority)
    made = request("payroll.test", "*.payroll.test")
    found = certificate_of(ACCOUNT, REGION, made.arn)
    assert found.host_names == ("payroll.test",), "a wildcard is no name that somebody can ask for"
    file = tmp_path / "all.pem"
    file.write_text(found.pem)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file)
    assert found.pem.count("BEGIN CERTIFICATE") == 2
    assert authority.pem.decode().strip() in found.pem


@pytest.mark.parametrize("with_chain", [True, False])
def test_an_imported_certificate_works_too(authority: CertificateAuthority, with_chain: bool) -> None:
    issued = authority.issue(["imported.test"])
    backend = acm_backends[ACCOUNT][REGION]
    arn = backend.import_certificate(
        issued.certificate, issued.private_key, authority.pem if with_chain else None, None, []
    )
    found = certificate_of(ACCOUNT, REGION, arn)
    assert found.pem.count("BEGIN CERTIFICATE") == (2 if with_chain else 1)
    assert found.host_names == ("imported.test",)


def test_a_certificate_that_acm_does_not_have_is_named() -> None:
    with pytest.raises(Unsupported, match="server-certificate/x"):
        certificate_of(ACCOUNT, REGION, "arn:aws:iam::333333333333:server-certificate/x")
