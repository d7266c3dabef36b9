"""A bill of materials: CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/), the same bytes for the same contents.

Policy: in it is what the image holds, and nothing of the bake: no time, no build, no AMI id. Those are in the record,
which names the bill. Two bakes that came to the same thing have the same bill, byte for byte. The serial number, which
the standard asks for, is made from the digest and from what the bill says.

The purls are those of https://github.com/package-url/purl-spec; `upstream` in one of Debian's is how Syft writes and
Grype reads the source package.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType, Pedigree
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from bake.contents.distributions import Distribution
from bake.contents.listing import Listing, OperatingSystem, Package
from bake.looks.difference import kernels

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:kiln:bill-of-materials")
WITH_DPKG = ("debian", "ubuntu")
ROOT = "image"  # the bom-ref of the image itself
LONGEST_LICENCE = 100  # some write the whole text there


@dataclass(frozen=True, slots=True)
class Subject:
    """The image that the bill is of.

    Args:
        artifact: SHA-256 (hex) of the artifact; None where there is none.
        parent, parent_digest: what it stands on; for a base the SSM parameter and the AMI id.
    """

    application: str
    recipe: str
    layer: str
    digest: str
    version: str | None
    artifact: str | None
    parent: str
    parent_digest: str


def bill(subject: Subject, listing: Listing, distributions: Iterable[Distribution] = ()) -> bytes:
    """The document, UTF-8."""
    python = [_distribution(one) for one in distributions]
    packages = [_package(one, listing.system) for one in listing.packages]
    system = [_system(listing.system)] if listing.system else []
    artifact = [_artifact(subject)] if subject.artifact else []
    root = _image(subject, listing)
    bom = Bom(components=[*system, *packages, *artifact, *python], metadata=BomMetaData(component=root))
    bom.register_dependency(root, [*system, *packages, *artifact])
    for owner in artifact:
        bom.register_dependency(owner, python)
    return _rendered(bom, subject.digest)


def _rendered(bom: Bom, digest: str) -> bytes:
    """The library's own output, with what it makes up at random or from the clock taken from the contents instead."""
    bom.serial_number = uuid.UUID(int=0)
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    document["metadata"].pop("timestamp", None)
    contents = json.dumps(document, sort_keys=True).encode()
    number = uuid.uuid5(NAMESPACE, f"{digest} {hashlib.sha256(contents).hexdigest()}")
    document["serialNumber"] = number.urn
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _image(subject: Subject, listing: Listing) -> Component:
    """The image; what it was made from is its ancestor."""
    parent = Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=subject.parent,
        version=subject.parent_digest,
        bom_ref="parent",
    )
    found = kernels(listing.versions)
    said = {
        "kiln:digest": subject.digest,
        "kiln:layer": subject.layer,
        "kiln:packages": "listed" if listing.packages else "not listed by its recipe",
        **{f"kiln:kernel:{name}": version for name, version in found.items()},
    }
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        group=subject.application,
        name=subject.recipe,
        version=subject.version or subject.digest,
        bom_ref=ROOT,
        pedigree=Pedigree(ancestors=[parent]),
        properties=[Property(name=name, value=value) for name, value in said.items()],
    )


def _system(system: OperatingSystem) -> Component:
    codename = [Property(name="kiln:codename", value=system.codename)] if system.codename else []
    return Component(
        type=ComponentType.OPERATING_SYSTEM,
        name=system.id,
        version=system.version or None,
        description=system.title or None,
        bom_ref="operating-system",
        properties=codename,
    )


def _artifact(subject: Subject) -> Component:
    return Component(
        type=ComponentType.APPLICATION,
        group=subject.application,
        name=f"{subject.recipe} artifact",
        version=subject.version,
        bom_ref="artifact",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=subject.artifact or "")],
    )


def _package(package: Package, system: OperatingSystem | None) -> Component:
    purl = _purl(package, system)
    return Component(name=package.name, version=package.version, purl=purl, bom_ref=purl.to_string())


def _purl(package: Package, system: OperatingSystem | None) -> PackageURL:
    """Syft's qualifiers: the version of the source package is in `upstream` only where it differs.

    Of a system that is not known, or has no dpkg (Windows), nothing more is said than name and version.
    """
    if system is None or system.id not in WITH_DPKG:
        return PackageURL("generic", None, package.name, package.version or None)
    upstream = package.source if package.source not in ("", package.name) else ""
    if package.source_version not in ("", package.version):
        upstream = f"{package.source or package.name}@{package.source_version}"
    qualifiers = {
        "arch": package.architecture,
        "distro": f"{system.id}-{system.version}".rstrip("-"),
        "upstream": upstream,
    }
    return PackageURL("deb", system.id, package.name, package.version, {k: v for k, v in qualifiers.items() if v})


def _distribution(one: Distribution) -> Component:
    purl = PackageURL("pypi", None, one.name, one.version)
    return Component(
        name=one.name,
        version=one.version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[DisjunctiveLicense(name=licence)] if (licence := _licence(one)) else [],
        external_references=list(_pins(one)),
    )


def _licence(one: Distribution) -> str:
    first = next(iter(one.licence.splitlines()), "")
    return first if len(first) <= LONGEST_LICENCE else ""


def _pins(one: Distribution) -> Iterator[ExternalReference]:
    """Of several pinned files one was installed: a hash of the component itself would say more than is known."""
    if one.sha256:
        yield ExternalReference(
            type=ExternalReferenceType.DISTRIBUTION,
            url=XsUri(PackageURL("pypi", None, one.name, one.version).to_string()),
            comment="the files that the requirements allow",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256) for sha256 in one.sha256],
        )
