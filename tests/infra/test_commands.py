import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra import parameters

ROOT = Path(__file__).resolve().parents[2]


def infra(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "infra", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    """A folder with two mistakes in two files, and a third file missing."""
    for file in parameters.ENVIRONMENTS.glob("*.toml"):
        (tmp_path / file.name).write_text(file.read_text())
    stage, production = tmp_path / "stage.toml", tmp_path / "production.toml"
    stage.write_text(stage.read_text().replace("nat_gateways = 1", "nat_gateways = 4"))
    production.write_text(production.read_text().replace("protected", "protectd"))
    (tmp_path / "backup.toml").unlink()
    return str(tmp_path)


def test_right_files_are_named_and_end_with_0() -> None:
    result = infra("check")
    assert result.returncode == 0
    assert "Dev, InternalTest, Acceptance, Stage, Production, Backup" in result.stdout


def test_every_mistake_is_printed_and_ends_with_2(wrong: str) -> None:
    result = infra("check", "--environments", wrong)
    assert result.returncode == 2
    for part in ("stage.toml", "network.nat_gateways", "4", "1, 2 or 3", "protectd", "protected (", "backup.toml"):
        assert part in result.stdout
    assert "4 mistakes" in result.stderr
    assert "Traceback" not in result.stderr


def test_json_has_every_mistake_with_its_fields(wrong: str) -> None:
    result = infra("check", "--json", "--environments", wrong)
    said = json.loads(result.stdout)
    assert result.returncode == 2
    assert said["environments"] == ["Dev", "InternalTest", "Acceptance"]
    assert [(m["file"], m["key"], m["found"]) for m in said["mistakes"]] == [
        ("stage.toml", "network.nat_gateways", "4"),
        ("production.toml", "protected", "nothing"),
        ("production.toml", "protectd", "True"),
        ("backup.toml", "", "no such file"),
    ]


def test_a_folder_that_is_not_there_ends_with_2() -> None:
    result = infra("check", "--environments", "nowhere")
    assert result.returncode == 2
    assert "nowhere" in result.stderr


def test_the_schema_can_be_printed() -> None:
    result = infra("schema", "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout) == parameters.schema()


@pytest.mark.parametrize("arguments", [(), ("check",), ("schema",)])
def test_help_has_an_example(arguments: tuple[str, ...]) -> None:
    result = infra(*arguments, "--help")
    assert result.returncode == 0
    assert "Example: python -m infra" in result.stdout


def test_checking_does_not_start_the_cdk() -> None:
    program = "import sys, infra.cli; sys.exit('aws_cdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False).returncode == 0
