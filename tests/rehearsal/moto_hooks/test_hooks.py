"""The hooks that the docs list are the hooks that there are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECTION = "## The hooks into moto"
# In a process of its own: the hooks stay in moto's classes for good.
ATTRIBUTES_THAT_CHANGE = """
import importlib, json, pkgutil, sys
from types import SimpleNamespace
from rehearsal import moto_hooks

for module in pkgutil.iter_modules(moto_hooks.__path__):  # now: what they import of moto is no change of theirs
    importlib.import_module(f"rehearsal.moto_hooks.{module.name}")

def attributes():
    return {
        (kind.__module__, f"{kind.__qualname__}.{name}"): value
        for module in [m for n, m in list(sys.modules.items()) if n.startswith("moto.")]
        for kind in list(vars(module).values())
        if isinstance(kind, type) and kind.__module__.startswith("moto.")
        for name, value in vars(kind).items()
    }

before = attributes()
parts = ('machines', 'groups', 'authority', 'functions')
moto_hooks.install(**{part: SimpleNamespace() for part in parts})
after = attributes()
print(json.dumps(sorted(name for (module, name), value in after.items() if before.get((module, name)) is not value)))
"""


@pytest.fixture(scope="module")
def installed() -> list[str]:
    """What `install` changes in moto's classes, as `Class.attribute`."""
    command = [sys.executable, "-c", ATTRIBUTES_THAT_CHANGE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_the_architecture_page_lists_exactly_the_hooks_that_are_installed(installed: list[str]) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    section = page.partition(SECTION)[2].partition("\n## ")[0]
    listed = []
    for kind, names in re.findall(r"^\| \w+ \| `(\w+)` \| (.*?) \|", section, re.MULTILINE):
        listed += [f"{kind}.{name}" for name in re.findall(r"`(\w+)`", names)]
    assert sorted(listed) == installed
