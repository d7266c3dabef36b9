"""What a bake writes down of the contents of its image: the document, and what the record says of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bake import artifact, recipe
from bake.contents import documents
from bake.contents.listing import Listing, OperatingSystem, Package
from bake.flow import Baker
from bake.image import ImageRecord
from bake.oven import with_contents
from bake.recipe import Recipe
from tests.bake.bakers import bake_before

LISTING = Listing((Package("bash", "5.2", "amd64", "bash", "5.2"),), OperatingSystem("debian", "12", "bookworm"))


@pytest.fixture
def records(baker: Baker) -> dict[str, ImageRecord]:
    return bake_before(baker)


def test_a_record_names_the_document_that_was_written(baker: Baker, records: dict[str, ImageRecord]) -> None:
    record = with_contents(baker.store, records["runtime"], LISTING, baker.recipes["runtime"], None)
    assert record == records["runtime"].model_copy(update={"contents": record.contents})
    document = json.loads(documents.read(baker.store, record))
    image = document["metadata"]["component"]
    assert (image["name"], image["version"]) == ("runtime", record.digest)
    assert image["pedigree"]["ancestors"][0]["version"] == records["base"].digest
    assert [one["name"] for one in document["components"] if "purl" in one] == ["bash"]


def test_another_bake_writes_a_document_of_its_own_the_same_where_the_contents_are(
    baker: Baker, records: dict[str, ImageRecord]
) -> None:
    runtime, recipe = records["runtime"], baker.recipes["runtime"]
    first = with_contents(baker.store, runtime, LISTING, recipe, None)
    later = runtime.model_copy(update={"build": "runtime-later", "commit": "d", "image_ids": {"eu-west-1": "ami-9"}})
    same = with_contents(baker.store, later, LISTING, recipe, None)
    patched = replace(LISTING, packages=(Package("bash", "5.3"),))
    other = with_contents(baker.store, later, patched, recipe, None)
    assert len({first.contents["sbom"], same.contents["sbom"], other.contents["sbom"]}) == 3
    assert documents.read(baker.store, same) == documents.read(baker.store, first) != documents.read(baker.store, other)
    assert documents.read(baker.store, first), "what the earlier record names is still there"


def test_a_tier_tells_its_artifact_and_what_that_brought(
    baker: Baker, records: dict[str, ImageRecord], tier: Recipe, tmp_path: Path
) -> None:
    metadata = tier.sources[0] / "vendor" / "six-1.17.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Name: six\nVersion: 1.17.0\n\nlong", encoding="utf-8")
    made = artifact.make(tier, tmp_path / "cache")
    assert made
    closure = records["web"].closure.model_copy(update={"artifact": made.sha256})
    before = records["web"].model_copy(update={"closure": closure})
    record = with_contents(baker.store, before, LISTING, tier, made)
    assert record.distributions == {"six": "1.17.0"}
    components = {one["bom-ref"]: one for one in json.loads(documents.read(baker.store, record))["components"]}
    assert components["artifact"]["hashes"] == [{"alg": "SHA-256", "content": made.sha256}]
    assert "pkg:pypi/six@1.17.0" in components


def test_an_artifact_for_windows_brings_no_python(
    baker: Baker, records: dict[str, ImageRecord], tmp_path: Path
) -> None:
    site = recipe.load("windows-web")
    made = artifact.make(site, tmp_path / "cache")
    assert made
    record = with_contents(
        baker.store, records["web"], Listing((Package("feature/Web-Server", "installed"),)), site, made
    )
    assert record.distributions == {}
    components = json.loads(documents.read(baker.store, record))["components"]
    assert "pkg:generic/feature/Web-Server@installed" in {one.get("purl") for one in components}
