from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bake.digest import Closure
from bake.image import ImageRecord
from bake.looks import lineage
from bake.looks.difference import Change, Difference, Section, changes, compare, kernels, settings
from bake.recipe import Layer

PARENTS = {"base": "/aws/service/debian", "runtime": "base", "web": "runtime"}
LAYERS = {"base": Layer.BASE, "runtime": Layer.RUNTIME, "web": Layer.TIER}
PACKAGES = {"python3": "3.11.2-1", "bash": "5.2"}
Records = dict[str, ImageRecord]


def images(suffix: str, packages: dict[str, dict[str, str]] | None = None, **closures: dict[str, Any]) -> Records:
    """A tier and all below it; `closures` changes the closure of a recipe, `packages` what it adds to those below."""
    found: Records = {}
    installed = dict(PACKAGES)
    for name, parent in PARENTS.items():
        below = found.get(parent)
        fields = {
            "parent": below.digest if below else "ami-debian",
            "artifact": "a" * 64 if name == "web" else None,
            "files": {f"{name}/provision.sh": "1", "shared/clean.sh": "1"},
            "variables": {"instance_type": "t3.small"},
            "tools": {"packer": "1.16.0"},
        }
        closure = Closure.model_validate({**fields, **closures.get(name, {})})
        installed |= (packages or {}).get(name, {})
        found[name] = ImageRecord(
            application="Payroll",
            recipe=name,
            layer=LAYERS[name],
            digest=closure.digest,
            version="1.0.0" if name == "web" else None,
            commit="c",
            build=f"{name}-{suffix}",
            baked_at=datetime(2026, 1, 1, tzinfo=UTC),
            owner="123456789012",
            image_ids={"eu-west-1": f"ami-{name}-{suffix}"},
            snapshot_ids={},
            parent=parent,
            parent_image_ids={"eu-west-1": f"ami-{parent}-{suffix}" if below else "ami-debian"},
            closure=closure,
            packages=dict(installed),
        )
    return found


def difference(before: Records, after: Records, **described: dict[str, Any]) -> Difference:
    left, right = (lineage.of(one["web"], one.values()) for one in (before, after))
    return compare(left, right, {name.replace("_", "-"): value for name, value in described.items()})


def told(found: Difference) -> dict[tuple[str, str], list[str]]:
    """(layer, section) → names, without what says which AMI is meant."""
    return {
        (layer.layer, section): names
        for layer in found.layers
        for section, of in layer.changes.items()
        if (names := [one.name for one in of if not one.name.startswith("AMI in ")])
    }


def test_an_image_does_not_differ_from_itself() -> None:
    before = images("1")
    found = difference(before, before)
    assert found.is_empty
    assert [one.layer for one in found.layers] == list(Layer)
    assert [one.notes for one in found.layers] == [(), (), ()]


def test_a_package_that_the_runtime_changed_stands_at_the_runtime_and_not_at_the_tier() -> None:
    after = images("2", {"runtime": {"python3": "3.11.2-2"}}, runtime={"files": {"runtime/provision.sh": "2"}})
    found = told(difference(images("1"), after))
    assert found[Layer.RUNTIME, Section.PACKAGES] == ["python3"]
    assert (Layer.TIER, Section.PACKAGES) not in found
    assert found[Layer.RUNTIME, Section.FILES] == ["runtime/provision.sh", "shared/clean.sh"]
    assert found[Layer.TIER, Section.PARENTS] == ["digest or image"]


def test_a_package_is_added_removed_or_of_another_version() -> None:
    assert changes({"a": "1", "b": "1", "c": "1"}, {"b": "1", "c": "2", "d": "1"}) == (
        Change("a", "1", None),
        Change("c", "1", "2"),
        Change("d", None, "1"),
    )


def test_the_operating_system_and_its_kernel_are_told_at_the_base() -> None:
    old, new = "linux-image-6.1.0-20-cloud-amd64", "linux-image-6.1.0-21-cloud-amd64"
    before = images("1", {"base": {old: "6.1.85-1"}})
    after = images("2", {"base": {new: "6.1.90-1"}}, base={"parent": "ami-newer"})
    found = difference(before, after)
    base = found.layers[0]
    assert base.changes[Section.KERNEL] == (Change(old, "6.1.85-1", None), Change(new, None, "6.1.90-1"))
    assert Change("digest or image", "ami-debian", "ami-newer") in base.changes[Section.PARENTS]
    assert not [key for key in told(found) if key[1] in (Section.KERNEL, Section.PACKAGES) and key[0] != Layer.BASE]


def test_a_tools_or_a_shared_files_change_is_told_once_a_variables_at_every_layer() -> None:
    new = {
        "files": {"shared/clean.sh": "2"},
        "tools": {"packer": "1.17.0"},
        "variables": {"instance_type": "t3.large"},
    }
    found = told(difference(images("1"), images("2", base=new, runtime=new, web=new)))
    assert [layer for layer, section in found if section == Section.TOOLS] == [Layer.BASE]
    assert found[Layer.TIER, Section.FILES] == ["web/provision.sh"]
    assert [layer for layer, section in found if section == Section.VARIABLES] == list(Layer)


def test_a_number_and_its_text_are_two_values_of_a_variable() -> None:
    before, after = images("1", web={"variables": {"n": 1}}), images("1", web={"variables": {"n": "1"}})
    assert difference(before, after).layers[-1].changes[Section.VARIABLES] == (Change("n", "1", '"1"'),)


def test_settings_of_the_images_are_those_that_ec2_says() -> None:
    device = {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "Encrypted": True, "SnapshotId": "snap-1"}}
    old = {"ImdsSupport": "v2.0", "BlockDeviceMappings": [device], "CreationDate": "x"}
    assert settings(old) == {
        "ImdsSupport": "v2.0",
        "/dev/xvda VolumeSize": "8",
        "/dev/xvda Encrypted": "True",
    }
    before, after = images("1"), images("2")
    found = difference(before, after, ami_web_1=old, ami_web_2={"BlockDeviceMappings": [device]})
    assert found.layers[-1].changes[Section.SETTINGS] == (Change("ImdsSupport", "v2.0", None),)
    assert Section.SETTINGS not in difference(before, after, ami_web_1=old).layers[-1].changes


def test_a_layer_whose_record_is_gone_is_a_note_and_its_changes_stand_above() -> None:
    before, after = images("1"), images("2", {"base": {"bash": "5.3"}}, base={"parent": "ami-newer"})
    left = lineage.of(before["web"], [before["web"], before["runtime"]])
    found = compare(left, lineage.of(after["web"], after.values()), {})
    base, runtime, _ = found.layers
    assert base.changes == {}
    assert base.notes[0].startswith("before: there is no record of base sha256:")
    assert runtime.changes[Section.PACKAGES] == (Change("bash", "5.2", "5.3"),)


def test_a_parent_that_was_baked_again_under_its_digest_is_a_note() -> None:
    before = images("1")
    again = before["runtime"].model_copy(update={"image_ids": {"eu-west-1": "ami-again"}})
    links = lineage.of(before["web"], [before["web"], again, before["base"]])
    assert links[1].note == "web was baked from ami-runtime-1, but the record of its digest is of ami-again now"
    assert [one.recipe for one in links] == ["web", "runtime", "base"]


def test_a_record_without_packages_does_not_make_all_of_them_new() -> None:
    before, after = images("1"), images("1")
    before["web"] = before["web"].model_copy(update={"packages": {}})
    tier = difference(before, after).layers[-1]
    assert Section.PACKAGES not in tier.changes
    assert tier.notes == ("before: its record holds no packages",)


def test_a_tier_and_a_runtime_have_the_layers_below_the_tier_in_common() -> None:
    one = images("1")
    found = compare(lineage.of(one["web"], one.values()), lineage.of(one["runtime"], one.values()), {})
    assert found.layers[-1].after is None
    assert not found.is_empty


def with_python(records: Records, **distributions: str) -> Records:
    """The same with what its tier's artifact brought, and with a bill of materials."""
    web = records["web"].model_copy(update={"distributions": distributions, "contents": {"sbom": "x"}})
    return {**records, "web": web}


def test_pythons_distributions_are_told_at_the_tier() -> None:
    before = with_python(images("1"), boto3="1.44.4", six="1.17.0")
    after = with_python(images("2"), boto3="1.44.5", six="1.17.0", pika="1.3.2")
    assert told(difference(before, after)) == {(Layer.TIER, Section.DISTRIBUTIONS): ["boto3", "pika"]}


def test_a_record_from_before_bills_does_not_make_all_distributions_new() -> None:
    assert told(difference(images("1"), with_python(images("2"), boto3="1.44.5"))) == {}


def test_a_lock_is_told_also_where_the_packages_are_the_same() -> None:
    found = told(difference(images("1"), images("2", runtime={"packages": {"python3": "3.11.2-1"}})))
    assert found[Layer.RUNTIME, Section.LOCK] == ["python3"]
    assert (Layer.RUNTIME, Section.PACKAGES) not in found


def test_kernels_are_packages_of_the_linux_image() -> None:
    assert set(kernels({"linux-image-cloud-amd64": "6", "linux-libc-dev": "6"})) == {"linux-image-cloud-amd64"}


versions = st.dictionaries(st.sampled_from(["bash", "perl", "python3", "linux-image-6"]), st.sampled_from("12"))
installed = st.fixed_dictionaries(dict.fromkeys(PARENTS, versions))


@given(installed, installed)
def test_every_changed_package_of_an_image_is_told_and_told_once(
    left: dict[str, dict[str, str]], right: dict[str, dict[str, str]]
) -> None:
    before, after = images("1", left), images("2", right)
    found = difference(before, after)
    listed = [
        one
        for layer in found.layers
        for section in (Section.KERNEL, Section.PACKAGES)
        for one in layer.changes.get(section, ())
    ]
    assert len(listed) == len(set(listed))
    assert set(changes(before["web"].packages, after["web"].packages)) <= set(listed)


@given(installed, installed)
def test_the_way_back_is_the_same_the_other_way_round(
    left: dict[str, dict[str, str]], right: dict[str, dict[str, str]]
) -> None:
    before, after = images("1", left), images("2", right)
    back = difference(after, before)
    turned = [
        {section: {Change(one.name, one.after, one.before) for one in of} for section, of in layer.changes.items()}
        for layer in back.layers
    ]
    there = [{section: set(of) for section, of in layer.changes.items()} for layer in difference(before, after).layers]
    assert there == turned


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_changes_lead_from_one_to_the_other(before: dict[str, str], after: dict[str, str]) -> None:
    applied = dict(before)
    for one in changes(before, after):
        assert applied.pop(one.name, None) == one.before
        if one.after is not None:
            applied[one.name] = one.after
    assert applied == after
