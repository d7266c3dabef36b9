from pathlib import Path

import constructs
import pytest

import kiln

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "constructs" / "kiln").glob("*.py"))


@pytest.mark.parametrize("folder", ["constructs", "packer", "tests", "tests/constructs", "tests/infra"])
def test_a_folder_that_would_shadow_an_installed_package_is_no_package(folder: str) -> None:
    assert not (ROOT / folder / "__init__.py").exists()


def test_constructs_is_the_installed_package_and_kiln_is_ours() -> None:
    assert ROOT / "constructs" not in Path(constructs.__file__).parents
    assert Path(kiln.__file__).parent == ROOT / "constructs" / "kiln"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_construct_knows_nothing_of_an_application_and_fits_on_two_screens(file: Path) -> None:
    text = file.read_text()
    assert "payroll" not in text.lower()
    assert len(text.splitlines()) <= 160
