"""Sharing beyond the accounts of the environments keeps an image: nobody asks there what is in use."""

import json

import pytest

from bake.place import TOOLING_PREFIX
from console.errors import KilnError
from tests.bake.retire.conftest import REGION, World
from tests.bake.said import said

STRANGER = "999999999999"


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    told = said(capsys, *arguments)
    return told.code, told.all


def test_who_might_have_got_an_image_is_recorded_before_and_the_image_is_kept(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    web = world.bake("web", 3)
    key = world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    world.aws.client("ssm").put_parameter(Name=f"{TOOLING_PREFIX}key-arn", Value=key, Type="String", Overwrite=True)

    def killed(*_: object) -> None:
        raise KilnError("killed in between")

    monkeypatch.setattr("bake.share.do", killed)
    code, out = call(capsys, "share", web.image_ids[REGION], "--account", STRANGER)
    assert code == 1 and "killed in between" in out
    code, out = call(capsys, "retire", "--keep", "0", "--younger-than", "0m", "--json")
    (told,) = json.loads(out)["images"]
    assert (told["step"], told["reason"]) == ("keep", f"shared with {STRANGER}: nobody asks there what is in use")
