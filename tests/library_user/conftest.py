"""The shop, synthesized as its own `python -m shop` does it, and AWS accounts of its own to deploy it to."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from botocore.config import Config

from tests.library_user.shop.__main__ import place
from tests.library_user.shop.parameters import Environment, load_all

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EMBEDDED = ROOT / "tests" / "rehearsal" / "cloudformation" / "embedded.py"
COMMAND_SECONDS = 240
CONTEXT = {"aws:cdk:enable-path-metadata": True}
"""Which the CLI sets by itself: so a resource says where in the code it is."""
Json = dict[str, Any]


def new_app(folder: Path, more: Mapping[str, object] | None = None) -> cdk.App:
    """With the context that the CLI gives, and more of it."""
    return cdk.App(
        outdir=str(folder),
        post_cli_context=CONTEXT | dict(more or {}),
        analytics_reporting=False,
        builtin_cloud_formation_validation=False,
    )


def environments() -> dict[str, Environment]:
    return {environment.name: environment for environment in load_all()}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack of the shop in one environment."""

    name: str
    template: Json
    file: Path
    needs: frozenset[str]
    place: str
    protected: bool


@dataclass(frozen=True, slots=True)
class Shop:
    """Environment → stack → what was synthesized."""

    folder: Path
    stacks: dict[str, dict[str, Stack]]

    def templates(self, environment: str) -> dict[str, Json]:
        return {name: stack.template for name, stack in self.stacks[environment].items()}


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Both environments; the promises have been asked of them on the way."""
    folder = tmp_path_factory.mktemp("shop")
    app = new_app(folder)
    for environment in load_all():
        place(app, environment)
    app.synth()
    return Shop(folder, {name: _stacks(folder / f"assembly-Shop-{name}", name) for name in environments()})


def _stacks(folder: Path, environment: str) -> dict[str, Stack]:
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    stacks = {id: a for id, a in artifacts.items() if a["type"] == "aws:cloudformation:stack"}
    short = {id: a["properties"]["stackName"].removeprefix(f"Shop-{environment}-") for id, a in stacks.items()}
    return {short[id]: _stack(folder, artifact, short) for id, artifact in stacks.items()}


def _stack(folder: Path, artifact: Json, short: dict[str, str]) -> Stack:
    file = folder / artifact["properties"]["templateFile"]
    return Stack(
        name=artifact["properties"]["stackName"],
        template=json.loads(file.read_text()),
        file=file,
        needs=frozenset(short[id] for id in artifact["dependencies"] if id in short),
        place=artifact["environment"],
        protected=artifact["properties"].get("terminationProtection", False),
    )


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account with a folder in which the shop is, as its team has it."""

    url: str
    environment: Environment
    folder: Path

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=self.environment.region,
            aws_access_key_id="tester",
            aws_secret_access_key="tester",
            config=Config(retries={"max_attempts": 0}),
        )

    def cdk(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of the CLI."""
        program = shutil.which("cdk")
        assert program, "make setup && source .venv/bin/activate"
        settings = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_REGION": self.environment.region,
            "AWS_ACCESS_KEY_ID": "tester",
            "AWS_SECRET_ACCESS_KEY": "tester",
            "CDK_HOME": str(self.folder.parent / "home"),
            "CDK_DISABLE_VERSION_CHECK": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CI": "true",
        }
        kept = {name: value for name, value in os.environ.items() if name not in ("AWS_PROFILE", "CDK_OUTDIR")}
        done = subprocess.run(
            [program, *arguments],
            cwd=self.folder,
            env=kept | settings,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    def use_images(self, **named: str) -> dict[str, str]:
        """Register an image for each tier as `tier=name`, and write the ids as a bake does; gives them by tier."""
        file = self.folder / "shop" / "images.toml"
        ec2 = self.client("ec2")
        register = partial(ec2.register_image, RootDeviceName="/dev/xvda", Architecture="x86_64")
        ids = {tier: str(register(Name=name)["ImageId"]) for tier, name in named.items()}
        file.write_text("".join(self._image(tier, image_id) for tier, image_id in ids.items()))
        return ids

    def _image(self, tier: str, image_id: str) -> str:
        region = self.environment.region
        return f'[{tier}]\ndigest = "sha256:{"0" * 64}"\n[{tier}.image_ids]\n{region} = "{image_id}"\n'

    def stacks(self) -> dict[str, Json]:
        """The shop's stacks that there are."""
        found = self.client("cloudformation").describe_stacks()["Stacks"]
        return {s["StackName"]: s for s in found if s["StackName"].startswith("Shop-")}


@contextmanager
def account(environment: Environment, folder: Path) -> Iterator[Account]:
    """An account in an embedded AWS of its own, bootstrapped, with the shop in `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(EMBEDDED), str(port), environment.account, environment.region]
    settings = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "up"
        shutil.copytree(HERE / "shop", folder / "shop", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "cdk.json", folder)
        made = Account(f"http://localhost:{port}", environment, folder)
        code, output = made.cdk("bootstrap", f"aws://{environment.account}/{environment.region}")
        assert code == 0, output
        yield made
    finally:
        process.terminate()
        process.wait(10)


def lint(files: Sequence[Path]) -> str:
    """What cfn-lint says of these templates, informational rules included."""
    program = shutil.which("cfn-lint")
    assert program, "make setup && source .venv/bin/activate"
    command = [program, "--format", "parseable", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS).stdout
