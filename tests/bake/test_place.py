import socket
import time
from collections.abc import Callable

import pytest

from bake import recipe
from bake.place import TOOLING_PREFIX, Home, Workshop
from bake.recipe import Recipe
from console.aws import Aws
from console.errors import BadInput, KilnError, NotReady
from infra.parameters import load_all

HOME = Home("Dev", "dev", "123456789012", "eu-west-1", ("444444444444",))
NAMES = ("subnet-ids", "security-group-id", "instance-profile", "key-arn", "image-bucket")


@pytest.fixture
def deploy(aws: Aws) -> Callable[..., None]:
    """Write what the stack Payroll-Tooling writes."""

    def write(*names: str) -> None:
        for name in names:
            aws.client("ssm").put_parameter(Name=TOOLING_PREFIX + name, Value=f"the-{name}", Type="String")

    return write


def test_home_is_the_account_with_tooling_and_the_others_are_shared_with() -> None:
    home = Home.from_parameter_files()
    everyone = load_all()
    assert home.account == next(one.account for one in everyone if one.tooling)
    assert set(home.others) | {home.account} == {one.account for one in everyone}
    assert home.account not in home.others


def test_everything_is_looked_up_at_once(aws: Aws, tier: Recipe, deploy: Callable[..., None]) -> None:
    deploy(*NAMES)
    parent = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"  # moto has this one
    base = recipe.load("base", tier.folder.parent)
    base = Recipe(base.name, base.folder, base.contents.model_copy(update={"parent": parent}))
    found = Workshop.look_up(aws, HOME, (base, tier))
    assert (found.subnets, found.bucket, found.key) == (("the-subnet-ids",), "the-image-bucket", "the-key-arn")
    assert set(found.published) == {parent}
    assert found.published[parent].startswith("ami-")


@pytest.mark.parametrize("present", [(), NAMES[:3]])
def test_tooling_that_is_not_deployed_names_the_command(
    aws: Aws, tier: Recipe, deploy: Callable[..., None], present: tuple[str, ...]
) -> None:
    deploy(*present)
    with pytest.raises(NotReady, match="Payroll-Tooling is not deployed") as caught:
        Workshop.look_up(aws, HOME, (tier,))
    assert caught.value.next_step == "cdk deploy Payroll-Tooling"
    assert all(name in str(caught.value.found) for name in NAMES if name not in present)


def test_a_parent_that_does_not_exist_names_the_recipe_and_the_key(
    aws: Aws, tier: Recipe, deploy: Callable[..., None]
) -> None:
    deploy(*NAMES)
    base = recipe.load("base", tier.folder.parent)
    with pytest.raises(BadInput, match="parent image of base does not exist") as caught:
        Workshop.look_up(aws, HOME, (base, tier))
    assert str(caught.value.where).endswith("recipe.toml, parent")
    assert caught.value.found == base.contents.parent


def test_credentials_of_the_right_account_pass(aws: Aws) -> None:
    assert HOME.check_account(aws).startswith("arn:aws:")


def test_credentials_of_another_account_are_refused_with_both_accounts(aws: Aws) -> None:
    with pytest.raises(NotReady, match="another account") as caught:
        Home("Dev", "dev", "111111111111", "eu-west-1", ()).check_account(aws)
    assert caught.value.found == "123456789012"
    assert caught.value.expected == "111111111111 (Dev)"
    assert caught.value.where == "infra/environments/dev.toml, account"
    assert caught.value.next_step == "export AWS_PROFILE=dev"


def test_no_credentials_are_not_ready(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(NotReady, match="no AWS credentials"):
        HOME.check_account(Aws("eu-west-1"))


def test_a_profile_that_does_not_exist_is_not_ready(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(NotReady) as caught:
        HOME.check_account(Aws("eu-west-1"))
    assert "nobody" in str(caught.value.found)


@pytest.mark.parametrize("listening", [False, True])
def test_an_endpoint_that_is_not_there_is_told_in_seconds(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, listening: bool
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if listening:  # something that is not AWS: it hangs up
            server.listen()
            server.settimeout(5)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        if listening:
            import threading

            def hang_up() -> None:
                for _ in range(2):
                    server.accept()[0].close()

            threading.Thread(target=hang_up, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        began = time.monotonic()
        with pytest.raises(KilnError, match="cannot be reached") as caught:
            HOME.check_account(Aws("eu-west-1"))
        assert time.monotonic() - began < 10
        assert url in str(caught.value.next_step)
