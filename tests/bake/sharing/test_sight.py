from dataclasses import dataclass, field
from typing import Any

import pytest

from bake import agreement
from bake.sharing.sight import Sight, in_the_dark, look
from console.aws import Aws
from console.errors import NotReady

IMAGES = {"eu-west-1": "ami-1", "eu-central-1": "ami-2"}


@dataclass
class Readers:
    """Accounts that see what they are told to see, after so many questions."""

    sees: dict[str, set[str]]
    after: int = 0
    refusing: set[str] = field(default_factory=set)
    asked: int = 0

    def reader(self, account: str, region: str) -> Any:
        if account in self.refusing:
            raise NotReady(f"account {account} cannot be asked", next_step="cdk bootstrap")
        return account


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> Readers:
    found = Readers({"111111111111": {"ami-1", "ami-2"}, "222222222222": {"ami-1"}})

    def describe(aws: Any, images: list[str]) -> dict[str, Any]:
        found.asked += 1
        return {image: {} for image in images if image in found.sees[aws] and found.asked > found.after}

    monkeypatch.setattr(agreement, "describe", describe)
    monkeypatch.setattr("bake.sharing.sight.POLL_SECONDS", 0.01)
    return found


def test_each_account_is_asked_for_each_image(readers: Readers) -> None:
    environments = {"111111111111": "Stage", "222222222222": "Production"}
    looked = look(readers, IMAGES, environments, environments, patience=0)
    said = {(one.environment, one.region): one.sight for one in looked}
    assert said == {
        ("Stage", "eu-west-1"): Sight.SEES,
        ("Stage", "eu-central-1"): Sight.SEES,
        ("Production", "eu-west-1"): Sight.SEES,
        ("Production", "eu-central-1"): Sight.BLIND,
    }
    assert [(one.account, one.image) for one in in_the_dark(looked)] == [("222222222222", "ami-2")]


def test_ec2_is_given_a_moment(readers: Readers) -> None:
    readers.after = 5
    looked = look(readers, {"eu-west-1": "ami-1"}, ["111111111111"], {"111111111111": "Stage"}, patience=30)
    assert [one.sight for one in looked] == [Sight.SEES]


def test_an_account_that_refuses_is_not_taken_for_one_that_sees(readers: Readers) -> None:
    readers.refusing = {"111111111111"}
    (one,) = look(readers, {"eu-west-1": "ami-1"}, ["111111111111"], {"111111111111": "Stage"})
    assert one.sight is Sight.NOT_ASKED and "cdk bootstrap" in one.note
    assert in_the_dark([one]) == (one,)


def test_an_account_that_is_no_environment_is_not_asked_and_no_failure(readers: Readers) -> None:
    (one,) = look(readers, {"eu-west-1": "ami-1"}, ["999999999999"], {"111111111111": "Stage"})
    assert one.sight is Sight.NOT_ASKED
    assert in_the_dark([one]) == ()


def test_an_image_of_ones_own_account_is_seen_for_real(aws: Aws) -> None:
    class Mine:
        def reader(self, account: str, region: str) -> Aws:
            return aws

    image = aws.client("ec2").register_image(Name="mine")["ImageId"]
    images = {"eu-west-1": image}
    assert look(Mine(), images, ["123456789012"], {"123456789012": "Dev"}, patience=0)[0].sight is Sight.SEES
    aws.client("ec2").deregister_image(ImageId=image)
    assert look(Mine(), images, ["123456789012"], {"123456789012": "Dev"}, patience=0)[0].sight is Sight.BLIND
