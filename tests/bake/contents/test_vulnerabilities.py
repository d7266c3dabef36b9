"""What the tracker's data say about what is installed. Versions are compared as dpkg does it: dpkg itself is asked."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bake.contents.bill import Subject, bill
from bake.contents.listing import Listing, OperatingSystem, Package
from bake.contents.vulnerabilities import Finding, Urgency, findings, is_before, load, reaching
from console.errors import BadInput

SUBJECT = Subject("Payroll", "base", "base", "sha256:" + "d" * 64, None, None, "/aws/service/debian", "ami-1")
DEBIAN = OperatingSystem("debian", "12", "bookworm")
PACKAGES = (
    Package("libssl3", "3.0.17-1~deb12u2", "amd64", "openssl", "3.0.17-1~deb12u2"),
    Package("openssl", "3.0.17-1~deb12u2", "amd64", "openssl", "3.0.17-1~deb12u2"),
    Package("bash", "5.2.15-2+b9", "amd64", "bash", "5.2.15-2"),
    Package("linux-image-6.1.0-41-cloud-amd64", "6.1.158-1", "amd64", "linux-signed-amd64", "6.1.158+1"),
)


def found(tmp_path: Path, sources: dict[str, Any], system: OperatingSystem = DEBIAN) -> tuple[Finding, ...]:
    file = tmp_path / "tracker.json"
    file.write_text(json.dumps(sources), encoding="utf-8")
    return findings(bill(SUBJECT, Listing(PACKAGES, system)), load(file))


def known(source: str, **said: str) -> dict[str, Any]:
    return {source: {"CVE-2026-1": {"releases": {"bookworm": {"urgency": "not yet assigned", **said}}}}}


def test_what_is_open_is_found_once_with_all_its_packages(tmp_path: Path) -> None:
    (one,) = found(tmp_path, known("openssl", status="open"))
    assert one == Finding("CVE-2026-1", "openssl", ("libssl3", "openssl"), "3.0.17-1~deb12u2", None, "not yet assigned")


@pytest.mark.parametrize(
    ("fixed", "is_found"),
    [("3.0.17-1~deb12u3", True), ("3.0.17-1~deb12u2", False), ("3.0.17-1", True), ("3.0.9-1", False), ("0", False)],
)
def test_what_is_fixed_is_found_where_less_is_installed(tmp_path: Path, fixed: str, is_found: bool) -> None:
    said = found(tmp_path, known("openssl", status="resolved", fixed_version=fixed))
    assert [one.fixed_in for one in said] == [fixed] * is_found


def test_the_version_of_the_source_counts_not_that_of_a_rebuild(tmp_path: Path) -> None:
    assert found(tmp_path, known("bash", status="resolved", fixed_version="5.2.15-2+b1"))
    assert not found(tmp_path, known("bash", status="resolved", fixed_version="5.2.15-2"))


def test_a_signed_kernel_is_the_kernel(tmp_path: Path) -> None:
    (one,) = found(tmp_path, known("linux", status="resolved", fixed_version="6.1.159-1"))
    assert (one.installed, one.packages) == ("6.1.158-1", ("linux-image-6.1.0-41-cloud-amd64",))


def test_what_is_undetermined_or_of_another_package_is_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, known("openssl", status="undetermined")) == ()
    assert found(tmp_path, known("libssl3", status="open")) == (), "the tracker speaks of source packages"


def test_the_most_urgent_come_first_and_what_nobody_judged_counts_as_medium(tmp_path: Path) -> None:
    said = ("low**", "end-of-life", "high", "unimportant", "not yet assigned", "medium")
    entries = {
        f"CVE-2026-{number}": {"releases": {"bookworm": {"status": "open", "urgency": urgency}}}
        for number, urgency in enumerate(said)
    }
    every = found(tmp_path, {"bash": entries})
    order = ["high", "end-of-life", "not yet assigned", "medium", "low", "unimportant"]
    assert [one.urgency for one in every] == order
    assert [len(reaching(every, one)) for one in Urgency] == [6, 5, 4, 1]


def test_data_that_do_not_know_the_release_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="does not know this image's release"):
        found(tmp_path, known("openssl", status="open"), OperatingSystem("debian", "13", "trixie"))
    with pytest.raises(BadInput, match="does not know this image's release"):
        found(tmp_path, known("openssl", status="open"), OperatingSystem("debian"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": 1}', '{"a": {"CVE-1": {"status": "open"}}}', '{"a": {}}'])
def test_another_file_is_refused_with_the_way_to_the_right_one(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match="cannot be used") as caught:
        load(file)
    assert "security-tracker.debian.org" in str(caught.value.next_step)
    with pytest.raises(BadInput, match="cannot be used"):
        load(tmp_path / "missing.json")


part = st.from_regex(r"[0-9][0-9A-Za-z.+~]{0,7}", fullmatch=True)
versions = st.builds(
    lambda epoch, upstream, revision: f"{epoch}{upstream}{revision}",
    st.sampled_from(["", "0:", "1:"]),
    part,
    st.one_of(st.just(""), part.map(lambda text: f"-{text}")),
)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="the machine has no dpkg")
@settings(max_examples=150, deadline=None)
@given(versions, versions)
def test_versions_are_compared_as_dpkg_compares_them(one: str, other: str) -> None:
    says = subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0
    assert is_before(one, other) == says
