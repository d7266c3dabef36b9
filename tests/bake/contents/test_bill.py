"""A bill of materials as somebody else's program reads it: validated by the schema of CycloneDX itself."""

import json
import subprocess
import sys
import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from bake import artifact, recipe, wheels
from bake.contents import distributions, listing
from bake.contents.bill import Subject, bill
from bake.contents.distributions import Distribution
from bake.contents.listing import Listing, OperatingSystem, Package

DEBIAN = OperatingSystem("debian", "12", "bookworm", "Debian GNU/Linux 12 (bookworm)")
SSL = Package("libssl3", "3.0.17-1~deb12u2", "amd64", "openssl", "3.0.17-1~deb12u2")
BASH = Package("bash", "5.2.15-2+b9", "amd64", "bash", "5.2.15-2")
KERNEL = Package("linux-image-6.1.0-41-cloud-amd64", "6.1.158-1", "amd64", "linux-signed-amd64", "6.1.158+1")
WEB = Subject("Payroll", "web", "tier", "sha256:" + "d" * 64, "1.2.3", "a" * 64, "runtime", "sha256:" + "e" * 64)
BOTO3 = Distribution("boto3", "1.44.5", "Apache-2.0", ("1" * 64, "2" * 64))


def made(subject: Subject = WEB, packages: tuple[Package, ...] = (SSL, BASH, KERNEL)) -> dict[str, Any]:
    return dict(json.loads(bill(subject, Listing(packages, DEBIAN), [BOTO3])))


def mistakes(document: bytes) -> Any:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(document.decode())


def test_the_validator_finds_what_is_wrong() -> None:
    broken = {**made(), "specVersion": "1.6", "components": [{"type": "package", "name": "bash"}]}
    assert mistakes(json.dumps(broken).encode()) is not None


@pytest.mark.parametrize(
    "subject",
    [WEB, replace(WEB, layer="base", version=None, artifact=None, parent="/aws/service/debian", parent_digest="ami-1")],
)
@pytest.mark.parametrize("found", [Listing(), Listing((SSL, BASH, KERNEL), DEBIAN), Listing((BASH,), None)])
def test_it_is_what_the_standard_asks_for(subject: Subject, found: Listing) -> None:
    assert mistakes(bill(subject, found, [BOTO3] if subject.artifact else [])) is None


def test_packages_are_told_by_purl_with_the_source_where_it_is_another() -> None:
    purls = [PackageURL.from_string(one["purl"]) for one in made()["components"] if "pkg:deb" in one.get("purl", "")]
    found = {purl.name: (purl.version, purl.qualifiers) for purl in purls}
    here = {"arch": "amd64", "distro": "debian-12"}
    assert found == {
        "libssl3": (SSL.version, {**here, "upstream": "openssl"}),
        "bash": (BASH.version, {**here, "upstream": "bash@5.2.15-2"}),
        KERNEL.name: (KERNEL.version, {**here, "upstream": "linux-signed-amd64@6.1.158+1"}),
    }
    assert all(purl.namespace == "debian" for purl in purls)


@pytest.mark.parametrize("system", [None, OperatingSystem("windows", "10.0.20348")])
def test_what_is_not_debians_is_not_told_as_debians(system: OperatingSystem | None) -> None:
    document = bill(WEB, Listing((Package("Web Server (IIS)", ""), Package("vim", "9")), system))
    assert mistakes(document) is None
    purls = {one.get("purl") for one in json.loads(document)["components"]} - {None}
    assert purls == {"pkg:generic/Web%20Server%20%28IIS%29", "pkg:generic/vim@9"}


def test_the_image_says_what_it_is_stands_on_and_boots() -> None:
    image = made()["metadata"]["component"]
    assert (image["group"], image["name"], image["version"]) == ("Payroll", "web", "1.2.3")
    assert [(one["name"], one["version"]) for one in image["pedigree"]["ancestors"]] == [("runtime", WEB.parent_digest)]
    said = {one["name"]: one["value"] for one in image["properties"]}
    assert said["kiln:digest"] == WEB.digest
    assert said[f"kiln:kernel:{KERNEL.name}"] == "6.1.158-1"


def test_it_depends_on_the_system_the_packages_and_the_artifact_and_that_on_python() -> None:
    document = made()
    needs = {one["ref"]: set(one.get("dependsOn", ())) for one in document["dependencies"]}
    debs = {one["purl"] for one in document["components"] if one.get("purl", "").startswith("pkg:deb")}
    assert needs["image"] == {"operating-system", "artifact", *debs}
    assert needs["artifact"] == {"pkg:pypi/boto3@1.44.5"}
    hashes = {one["bom-ref"]: one.get("hashes") for one in document["components"]}
    assert hashes["artifact"] == [{"alg": "SHA-256", "content": "a" * 64}]


def test_a_distribution_names_the_files_that_were_allowed() -> None:
    (boto3,) = (one for one in made()["components"] if one["name"] == "boto3")
    (files,) = boto3["externalReferences"]
    assert [one["content"] for one in files["hashes"]] == ["1" * 64, "2" * 64]
    assert boto3["licenses"] == [{"license": {"name": "Apache-2.0"}}]


names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{1,12}", fullmatch=True)
versions = st.from_regex(r"([0-9]:)?[0-9][0-9a-z.+~]{0,8}(-[0-9a-z.+~]{1,4})?", fullmatch=True)
packages = st.builds(Package, names, versions, st.sampled_from(["amd64", "all", ""]), names, versions)


@settings(max_examples=25, deadline=None)
@given(st.lists(packages, max_size=8, unique_by=lambda one: one.name), st.randoms(use_true_random=False))
def test_it_has_the_same_bytes_in_whatever_order_things_were_found(found: list[Package], random: Any) -> None:
    one = bill(WEB, Listing(tuple(found), DEBIAN), [BOTO3])
    random.shuffle(found)
    assert bill(WEB, Listing(tuple(found), DEBIAN), [BOTO3]) == one
    assert mistakes(one) is None


def test_it_has_the_same_bytes_on_another_day_and_in_another_process() -> None:
    program = (
        "import sys; from tests.bake.contents.test_bill import *\n"
        "sys.stdout.buffer.write(bill(WEB, Listing((SSL, BASH, KERNEL), DEBIAN), [BOTO3]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=recipe.ROOT, capture_output=True, check=True)
    assert done.stdout == bill(WEB, Listing((SSL, BASH, KERNEL), DEBIAN), [BOTO3])


def test_other_contents_have_another_serial_number() -> None:
    assert made()["serialNumber"] != made(packages=(SSL, BASH))["serialNumber"]
    assert made()["serialNumber"] != made(replace(WEB, digest="sha256:" + "f" * 64))["serialNumber"]


def test_what_a_builder_tells_is_read_with_or_without_its_sources() -> None:
    line = "libssl3\t3.0.17-1~deb12u2\tamd64\topenssl\t3.0.17-1~deb12u2\n"
    assert listing.packages(line + "bash 5.2\n") == (Package("bash", "5.2"), SSL)
    assert listing.packages("\n") == ()
    assert listing.packages("IIS\n") == (Package("IIS", ""),)


def test_the_operating_system_is_read_as_debian_writes_it() -> None:
    text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n#\n'
    assert listing.operating_system(text) == DEBIAN
    assert listing.operating_system("") is None


def test_python_is_read_from_the_artifact_itself(tmp_path: Path) -> None:
    members = {
        "vendor/Some_Thing-2.0.dist-info/METADATA": "Name: Some_Thing\nVersion: 2.0\nLicense-Expression: MIT\n\nlong",
        "vendor/some_thing/METADATA": "Name: another\nVersion: 1\n\n",
        "VERSION": "1.0.0\n",
    }
    with tarfile.open(tmp_path / "artifact.tar", "w") as archive:
        for name, text in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, BytesIO(text.encode()))
    pins = f"some.thing==2.0 \\\n    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'0' * 64}\n    # via x\nother==1\n"
    found = distributions.of_artifact(tmp_path / "artifact.tar", pins)
    assert found == (Distribution("some-thing", "2.0", "MIT", ("0" * 64, "1" * 64)),)


def test_everything_that_web_pins_is_in_its_artifact() -> None:
    web = recipe.load("web")
    requirements = web.requirements
    assert requirements
    if not wheels.folder_of(requirements, artifact.cache()).is_dir():
        pytest.skip("the wheels of Web are not cached on this machine")
    one = artifact.make(web)
    assert one
    pinned = distributions.pins(requirements.read_text(encoding="utf-8"))
    found = distributions.of_artifact(one.path, requirements.read_text(encoding="utf-8"))
    assert {(each.name, each.version) for each in found} == pinned.keys()
    assert all(each.sha256 for each in found)
