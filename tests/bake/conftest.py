"""Recipes on disk, and an AWS of this process (moto) for what needs one; neither knows anything of a rehearsal."""

import functools
import logging
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from bake import recipe
from bake.flow import Baker
from bake.place import Home
from bake.recipe import Recipe
from console.aws import Aws
from rehearsal.moto_hooks import s3
from rehearsal.proxy import Proxy
from tests.bake import world as worlds
from tests.bake.bakers import make_baker
from tests.bake.recorded import Account
from tests.bake.recorded import recorded as make_recorded
from tests.bake.said import Command, said
from tests.bake.world import World
from tests.moto_reset import drops_only

ACCOUNT = "123456789012"  # moto's own
REGION = "eu-west-1"
PARAMETER = "/aws/service/debian/release/12/latest/amd64"
BASE = f'layer = "base"\nparent = "{PARAMETER}"\n'
RUNTIME = 'layer = "runtime"\nparent = "base"\n'
WEB = """
layer = "tier"
parent = "runtime"
[artifact]
source = "app"
[variables]
instance_type = "t3.small"
"""


@pytest.fixture
def tier(tmp_path: Path) -> Recipe:
    """A small recipe of its own with what it stands on, a shared folder and an application."""
    recipes = {"base": BASE, "runtime": RUNTIME, "web": WEB}
    files = {
        **{f"packer/{name}/recipe.toml": text for name, text in recipes.items()},
        **{f"packer/{name}/provision.sh": "true\n" for name in recipes},
        **{f"packer/{name}/tests/test_image.py": "def test_it() -> None: ...\n" for name in recipes},
        "packer/web/files/unit.conf": "unit\n",
        "packer/shared/image.pkr.hcl": "# a template\n",
        "packer/shared/clean.sh": "sync\n",
        "app/VERSION": "1.2.3\n",
        "app/service/main.py": "print()\n",
    }
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return recipe.load("web", tmp_path / "packer")


@pytest.fixture
def payroll(tmp_path: Path) -> Path:
    """A copy of the repository's own recipes and application; the folder packer/."""
    for name in ("packer", "examples"):
        shutil.copytree(recipe.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "packer"


drops_only()


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    s3.write_in_one_step()  # as S3 does it; the one thing here that is not moto's own
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def reset(moto: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{moto}/moto-api/reset", method="POST")).close()


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Aws:
    """An empty account, found as every tool finds it: by the environment."""
    reset(moto)
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return Aws(REGION)


@pytest.fixture
def recorded(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    """The same account with Tooling, for images with their records."""
    return make_recorded(aws, monkeypatch, tmp_path / "images.toml")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """`python -m bake` with arguments."""
    return functools.partial(said, capsys)


@pytest.fixture
def baker(aws: Aws, tmp_path: Path) -> Baker:
    return make_baker(aws, tmp_path)


@pytest.fixture(scope="module")
def world(moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """An account before the command itself, with a played Packer; one for all tests of a file."""
    yield from _world(moto, tmp_path_factory.mktemp("world"), played=True)


@pytest.fixture(scope="module")
def world_of_packer(moto: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same with the real Packer. Nobody answers at the address of a builder of moto's."""
    yield from _world(moto, tmp_path_factory.mktemp("world"), played=False)


def _world(moto: str, folder: Path, *, played: bool) -> Iterator[World]:
    reset(moto)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as patch, Proxy(moto) as proxy:
        patch.setenv("MOTO_ACCOUNT_ID", Home.from_parameter_files().account)
        for name, value in {"ENDPOINT_URL": moto, "ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}.items():
            patch.setenv(f"AWS_{name}", value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        yield worlds.make(proxy, folder, played=played)
