"""docs/your-own-system.md shows the files of the shop, and what its commands say."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kiln.refusal import WrongProperty
from tests.library_user import checks
from tests.library_user.conftest import CONTEXT, HERE, Shop
from tests.library_user.shop import tiers
from tests.library_user.test_shop import clicks, synthesize, violations

PAGE = (HERE.parents[1] / "docs" / "your-own-system.md").read_text("utf-8")
SHOWN = dict(re.findall(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
SAID = re.findall(r"^```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def files() -> set[str]:
    found = [file for file in (HERE / "shop").rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return {str(file.relative_to(HERE)) for file in found} | {"cdk.json", "checks.py"}


def test_the_page_shows_every_file_and_no_other() -> None:
    assert set(SHOWN) == files()


@pytest.mark.parametrize("name", sorted(files()))
def test_a_file_of_the_page_is_the_file_that_is_tested(name: str) -> None:
    assert SHOWN[name] == (HERE / name).read_text("utf-8"), f"copy tests/library_user/{name} into the page"


def test_in_an_empty_folder_the_files_of_the_page_give_the_same_templates(tmp_path: Path, shop: Shop) -> None:
    for name, text in SHOWN.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    settings = {"CDK_OUTDIR": str(tmp_path / "cdk.out"), "CDK_CONTEXT_JSON": json.dumps(CONTEXT)}
    command = [sys.executable, *json.loads(SHOWN["cdk.json"])["app"].split()[1:]]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | settings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for stacks in shop.stacks.values():
        for stack in stacks.values():
            made = tmp_path / "cdk.out" / stack.file.relative_to(shop.folder)
            assert json.loads(made.read_text("utf-8")) == stack.template


def test_the_refusal_of_the_page_is_the_one_that_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "JOB_SECONDS", 0)
    with pytest.raises(WrongProperty) as raised:
        synthesize(tmp_path)
    assert f"kiln.refusal.WrongProperty: {raised.value}\n" in SAID


def test_the_breach_of_the_page_is_said_so(tmp_path: Path) -> None:
    [violation] = violations(tmp_path, lambda stage: clicks(stage))
    [shown] = [text for text in SAID if text.startswith("ERROR")]
    place, way_out = shown.splitlines()[3:5]
    assert shown.partition(" (Kiln)\n")[0] == f"ERROR {violation['description'].rstrip()}"
    assert violation["violatingConstructs"][0]["constructPath"] in place
    assert way_out.strip().removeprefix("Suggested fix: ") in violation["suggestedFix"]


def test_the_checks_of_the_page_find_what_would_be_lost(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locks = tmp_path / "stateful.lock.json"
    assert checks.check(tmp_path / "empty", locks, write=False) == 2
    assert "run: cdk synth --quiet" in capsys.readouterr().err
    assert checks.check(shop.folder, locks, write=False) == 1
    assert "new: Shop-Live/Database/Database/Cluster" in capsys.readouterr().out
    assert checks.check(shop.folder, locks, write=True) == 0
    assert checks.check(shop.folder, locks, write=False) == 0
    assert capsys.readouterr().out == ""
    known = json.loads(locks.read_text("utf-8"))
    [database] = [name for name in known["assembly-Shop-Live"] if "Database" in name]
    known["assembly-Shop-Live"][database]["Gone"] = {"type": "AWS::RDS::DBCluster", "path": "Shop-Live/Database/Old"}
    locks.write_text(json.dumps(known), "utf-8")
    assert checks.check(shop.folder, locks, write=False) == 1
    assert "deleted: Shop-Live/Database/Old; lost: the database" in capsys.readouterr().out


def test_every_link_of_the_page_leads_somewhere() -> None:
    docs = HERE.parents[1] / "docs"
    for page in (docs / "your-own-system.md", docs / "constructs" / "README.md"):
        text = page.read_text("utf-8")
        anchors = {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in text.splitlines()}
        for link in re.findall(r"\]\(([^)]+)\)", text):
            target, _, anchor = link.partition("#")
            assert (page.parent / target).exists() if target else anchor in anchors, link
