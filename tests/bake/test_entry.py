"""One entry: recipes or a subcommand. Run in a process where the exit code counts."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bake import recipe
from bake.cli import bake
from bake.entry import Entry
from bake.recipe import ROOT, SUBCOMMANDS
from console.errors import BadInput
from tests.bake.conftest import RUNTIME


@click.group(cls=Entry, invoke_without_command=True)
@click.argument("recipes", nargs=-1)
@click.option("--force", is_flag=True)
def entry(recipes: tuple[str, ...], force: bool) -> None:
    click.echo(f"bake {recipes} {force}")


@entry.command()
@click.argument("words", nargs=-1)
@click.option("--short", is_flag=True)
def look(words: tuple[str, ...], short: bool) -> int:
    click.echo(f"look {words} {short}")
    return 7


def said(*arguments: str) -> str:
    return CliRunner().invoke(entry, arguments).output.strip()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "bake () False"),
        (("web", "worker"), "bake ('web', 'worker') False"),
        (("web", "--force"), "bake ('web',) True"),
        (("--force", "web", "look"), "bake ('web', 'look') True"),
        (("look",), "look () False"),
        (("look", "web", "--short"), "look ('web',) True"),
    ],
)
def test_the_first_word_decides_between_recipes_and_a_subcommand(arguments: tuple[str, ...], expected: str) -> None:
    assert said(*arguments) == expected


def test_the_options_of_one_are_unknown_to_the_other() -> None:
    assert "No such option" in said("web", "--short")
    assert "No such option" in said("look", "--force")


def test_what_a_subcommand_returns_is_the_exit_code_of_the_command() -> None:
    assert entry.main(["look"], standalone_mode=False) == 7


def test_the_usage_of_a_subcommand_holds_no_argument_of_the_command_above() -> None:
    assert said("look", "--help").startswith("Usage: entry look [OPTIONS] [WORDS]...")


def test_every_subcommand_is_a_name_that_no_recipe_may_have() -> None:
    assert set(bake.commands) <= set(SUBCOMMANDS)
    assert not set(recipe.names()) & set(SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_a_recipe_that_is_called_like_a_subcommand_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    (folder / "tests").mkdir(parents=True)
    for file, text in {"recipe.toml": RUNTIME, "provision.sh": "true\n", "tests/test_image.py": ""}.items():
        (folder / file).write_text(text)
    with pytest.raises(BadInput) as caught:
        recipe.load(name, tmp_path)
    assert "subcommands of python -m bake" in (caught.value.expected or "")


def test_a_subcommand_that_does_not_come_first_is_told_so() -> None:
    with pytest.raises(BadInput) as caught:
        recipe.load("list")
    assert caught.value.next_step == "a subcommand comes first: python -m bake list …"


def test_every_help_starts_without_the_sdk_and_without_the_models() -> None:
    program = (
        "import sys\nfrom bake.cli import bake\n"
        "for words in ([], ['list'], ['show'], ['diff']):\n"
        "    try: bake.main([*words, '--help'], prog_name='bake')\n"
        "    except SystemExit: pass\n"
        "slow = ('aws_cdk', 'boto3', 'botocore', 'pydantic')\n"
        "print([name for name in slow if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("Exit codes: 0 done") == 4
    assert done.stderr.strip() == "[]"
