import subprocess
import sys
from pathlib import Path

import pytest

from console.errors import BadInput
from infra import images
from infra.images import Images

DIGEST, OTHER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
AMI, OTHER_AMI = "ami-0123456789abcdef0", "ami-0fedcba9876543210"

REVIEWED = f"""# reviewed by two people
[worker]  # stays first
digest = "{OTHER}"
[worker.image_ids]
eu-west-1 = "{OTHER_AMI}"

[web]
# the pages
digest = "{OTHER}"
[web.image_ids]
eu-north-1 = "{OTHER_AMI}"
eu-west-1 = "{OTHER_AMI}"  # Ireland
"""


def test_a_recorded_image_is_loaded_again(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    images.record(file, "web", DIGEST, {"eu-west-1": AMI})
    loaded = images.load(file)
    assert loaded.image_id("web", "eu-west-1") == AMI
    assert loaded.root["web"].digest == DIGEST


def test_a_file_that_does_not_exist_yet_has_no_images(tmp_path: Path) -> None:
    assert images.load(tmp_path / "none.toml") == Images({})


def test_recording_keeps_other_tiers_comments_and_the_order(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text(REVIEWED)
    images.record(file, "web", DIGEST, {"eu-west-1": AMI})
    expected = REVIEWED.replace(f'# the pages\ndigest = "{OTHER}"', f'# the pages\ndigest = "{DIGEST}"')
    expected = expected.replace(f'eu-north-1 = "{OTHER_AMI}"\n', "")
    expected = expected.replace(f'"{OTHER_AMI}"  # Ireland', f'"{AMI}"  # Ireland')
    assert file.read_text() == expected


def test_recording_leaves_nothing_else_in_the_folder_and_keeps_the_mode(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text(REVIEWED)
    file.chmod(0o640)
    images.record(file, "web", DIGEST, {"eu-west-1": AMI})
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o640


def test_recording_makes_the_folder_that_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "run" / "images.toml"
    images.record(file, "web", DIGEST, {"eu-west-1": AMI})
    assert file.exists()


def test_the_tracked_file_with_its_comment_can_be_recorded_into(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text(images.DEFAULT.read_text())
    images.record(file, "web", DIGEST, {"eu-west-1": AMI})
    assert file.read_text().startswith(images.DEFAULT.read_text().splitlines()[0])
    assert images.load(file).image_id("web", "eu-west-1") == AMI


def test_many_bakes_that_record_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    program = (
        "import sys; from pathlib import Path; from infra import images;"
        f"images.record(Path(sys.argv[1]), sys.argv[2], {DIGEST!r}, {{'eu-west-1': {AMI!r}}})"
    )
    root = str(Path(images.__file__).parents[1])
    tiers = [f"tier-{letter}" for letter in "abcdef"]
    bakes = [subprocess.Popen([sys.executable, "-c", program, str(file), tier], cwd=root) for tier in tiers]
    assert [bake.wait(60) for bake in bakes] == [0] * len(bakes)
    assert sorted(images.load(file).root) == tiers


@pytest.mark.parametrize(
    ("content", "where"),
    [
        (f'[web]\ndigest = "{DIGEST}"\n[web.image_ids]\neu-west-1 = "latest"\n', "web.image_ids.eu-west-1"),
        (f'[web]\ndigest = "latest"\n[web.image_ids]\neu-west-1 = "{AMI}"\n', "web.digest"),
        (f'[web]\ndigest = "{DIGEST}"\nids = 1\n[web.image_ids]\neu-west-1 = "{AMI}"\n', "web.ids"),
        (f'[web]\ndigest = "{DIGEST}"\n[web.image_ids]\n', "web.image_ids"),
        (f'[web]\ndigest = "{DIGEST}"\n[web.image_ids]\nIreland = "{AMI}"\n', "web.image_ids.Ireland"),
    ],
)
def test_an_entry_that_no_bake_writes_is_refused_and_named(tmp_path: Path, content: str, where: str) -> None:
    file = tmp_path / "images.toml"
    file.write_text(content)
    with pytest.raises(BadInput) as caught:
        images.load(file)
    assert str(caught.value.where).startswith(f"{file}: {where}")


def test_a_file_that_is_not_toml_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "images.toml"
    file.write_text("[web\n")
    with pytest.raises(BadInput):
        images.record(file, "web", DIGEST, {"eu-west-1": AMI})
    assert file.read_text() == "[web\n"


def test_a_wrong_image_is_not_recorded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="image_ids"):
        images.record(tmp_path / "images.toml", "web", DIGEST, {"eu-west-1": "web-1.0"})
    assert list(tmp_path.iterdir()) == []


def test_the_option_wins_then_the_context_then_the_variable_then_the_tracked_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = {images.CONTEXT_KEY: str(tmp_path / "context.toml")}
    monkeypatch.delenv(images.VARIABLE, raising=False)
    assert images.path_in_force() == images.DEFAULT
    monkeypatch.setenv(images.VARIABLE, str(tmp_path / "variable.toml"))
    assert images.path_in_force() == tmp_path / "variable.toml"
    assert images.path_in_force(context=context) == tmp_path / "context.toml"
    assert images.path_in_force("option.toml", context) == Path.cwd() / "option.toml"


def test_a_copy_adds_its_region_and_leaves_those_of_others(tmp_path: Path) -> None:
    path, digest = tmp_path / "images.toml", f"sha256:{'1' * 64}"
    home = {"eu-west-1": "ami-00000000000000001"}
    images.record(path, "web", digest, home)
    there = {"us-east-1": "ami-00000000000000002"}
    further = {"eu-central-1": "ami-00000000000000003"}
    assert images.add_regions(path, "web", digest, home | there)
    assert images.add_regions(path, "web", digest, home | further), "by one who does not know of the other"
    assert images.load(path).root["web"].image_ids == home | there | further
    assert not images.add_regions(path, "web", digest, home | further)
    assert not images.add_regions(path, "web", digest, {"eu-west-1": "ami-00000000000000009"})
    assert not images.add_regions(path, "web", f"sha256:{'2' * 64}", home | further)
