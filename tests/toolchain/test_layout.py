"""The shape of the tree, as far as no tool of the gate looks at it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from toolchain.checks.outcome import tracked_files
from toolchain.layout import ROOT

MODULE_LINES_AT_MOST = 330
MAY_IMPORT_THE_CDK = ("app.py", "constructs/", "infra/assembly.py", "infra/nag.py", "infra/stacks/", "tests/", "bench/")


def sources() -> list[Path]:
    return [path for path in tracked_files() if path.suffix == ".py"]


def imported(path: Path) -> Iterator[str]:
    """The full names of all modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_folder_shadows_a_package_that_others_import() -> None:
    # constructs/__init__.py would hide the CDK's `constructs`; tests/__init__.py would make test modules collide.
    for folder in ("constructs", "packer", "tests"):
        assert not (ROOT / folder / "__init__.py").exists()
    packages = [path for path in tracked_files() if path.parts[0] == "tests" and path.name == "__init__.py"]
    # A system of somebody else's, as its users write it, and no tests.
    assert packages == [Path("tests/library_user/shop/__init__.py")]


def test_no_module_is_called_utils() -> None:
    assert not [path for path in sources() if path.stem in ("utils", "util", "helpers", "common", "misc")]


def test_modules_stay_short_enough_to_be_read_at_once() -> None:
    too_long = {
        str(path): count
        for path in sources()
        if (count := len((ROOT / path).read_text().splitlines())) > MODULE_LINES_AT_MOST
    }
    assert not {name: count for name, count in too_long.items() if not name.startswith("tests/")}


def test_only_constructs_stacks_assembly_and_app_import_the_cdk() -> None:
    others = [str(path) for path in sources() if not str(path).startswith(MAY_IMPORT_THE_CDK)]
    assert not [path for path in others if any(name.split(".")[0] == "aws_cdk" for name in imported(Path(path)))]


def test_the_packer_wrapper_imports_nothing_of_bake_but_itself() -> None:
    wrapper = [path for path in sources() if path.parts[:2] == ("bake", "packer")]
    assert wrapper
    for path in wrapper:
        ours = [name for name in imported(path) if name.split(".")[0] == "bake"]
        assert all(name.startswith("bake.packer") for name in ours), path


def test_nobody_imports_the_rehearsal_but_its_own_commands_and_tests() -> None:
    others = [path for path in sources() if path.parts[0] not in ("rehearsal", "tests", "bench")]
    assert not [path for path in others if any(name.split(".")[0] == "rehearsal" for name in imported(path))]


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in sources() if ast.get_docstring(ast.parse((ROOT / path).read_text())) is None]
    assert not [str(path) for path in silent if path.parts[0] != "tests"]
