"""The gate's own checks bite: each is shown a fault and finds it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.errors import BadInput
from console.progress import Progress
from toolchain.checks import docs, gate, infra_command, markdown, recipes, words
from toolchain.checks.outcome import Check, Outcome, tool
from toolchain.layout import ROOT

DOCUMENT = Path("README.md")


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        ("/work", "/main/x"),
        ("https://pypi", ".org/simple"),
        ("https://registry.npm", "js.org/"),
        ("https://proxy.go", "lang.org"),
        ("http://deb.deb", "ian.org/debian"),
        ("/home/", "someone/kiln"),
    ],
)
def test_a_path_of_a_machine_or_a_registry_is_found_with_its_line(parts: tuple[str, str]) -> None:
    (fault,) = words.faults_in("a.txt", f"fine\nsee {''.join(parts)}\n")
    assert fault.startswith("a.txt:2: ")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz ./-\n"))
def test_ordinary_text_is_no_fault(text: str) -> None:
    assert not words.faults_in("a.txt", text.replace("/work/", "/").replace("/home/", "/"))


def test_a_folder_called_work_inside_a_path_is_no_fault() -> None:
    assert not words.faults_in("a.txt", "cd project/work/main\n")


# --- docs -------------------------------------------------------------------------------------------------------------


def faults(text: str) -> list[str]:
    return docs.faults_in(DOCUMENT, text)


def test_a_link_to_a_file_that_is_there_is_fine_and_one_to_nowhere_is_not() -> None:
    assert not faults("[it](Makefile)")
    assert faults("[it](Makefil)") == ["README.md:1: Makefil: there is no Makefil"]


def test_a_link_to_a_heading_needs_that_heading() -> None:
    assert markdown.anchors("# What it is, in `three` lines") == {"what-it-is-in-three-lines"}
    assert faults("[it](#no-heading-is-called-this)")[0].endswith("has no heading #no-heading-is-called-this")


def test_addresses_on_the_network_are_not_asked() -> None:
    assert not faults("[it](https://example.invalid/nothing)")


def test_links_in_code_are_no_links() -> None:
    assert not faults("`[a](b)`\n\n```text\n[a](b)\n```\n")


@pytest.mark.parametrize(
    "command",
    [
        "make setup",
        "make demo KEEP=1",
        "python -m toolchain doctor --json",
        "kiln doctor --json",
        "AWS_PROFILE=dev python -m toolchain doctor  # a comment",
        "cdk ls && cdk synth",
        "cdk destroy 'Payroll-Stage{,/*}'",
        "source .venv/bin/activate",
        ".ci/run",
    ],
)
def test_commands_that_exist_are_fine(command: str) -> None:
    assert not faults(f"```sh\n{command}\n```")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("make coffee", "no target coffee"),
        ("python -m toolchain heal", "does not answer to --help"),
        ("python -m toolchain doctor --jsno", "does not know --jsno"),
        ("kiln brew", "does not answer to --help"),
        ("cdk lss", "cdk has no command lss"),
        ("cdk ls && cdk sinth", "cdk has no command sinth"),
        ("frobnicate", "nobody can check"),
        ("./nothing/here", "there is no ./nothing/here"),
        ("echo 'open", "No closing quotation"),
    ],
)
def test_commands_that_do_not_exist_are_faults(command: str, said: str) -> None:
    found = faults(f"text\n```sh\n{command}\n```")
    assert len(found) == 1
    assert found[0].startswith("README.md:3: ")
    assert said in found[0]


def test_a_command_of_ours_in_prose_is_checked_too() -> None:
    assert not faults("run `make setup` first")
    assert faults("run `make coffee` first")


def test_what_stands_behind_two_dashes_is_a_command_again() -> None:
    assert faults("```sh\npython -m toolchain doctor -- cdk sinth\n```")[0].endswith("cdk has no command sinth")


def test_output_in_a_console_block_is_no_command() -> None:
    assert markdown.commands("```console\n$ make setup\nfrobnicate\n```") == [markdown.Found(2, "make setup")]


def test_a_continued_line_is_one_command() -> None:
    assert markdown.commands("```sh\nmake \\\n  setup\n```") == [markdown.Found(3, "make setup")]


def test_a_command_in_a_substitution_is_a_command() -> None:
    assert markdown.simple_commands("source <(python -m rehearsal env)") == [
        ["source"],
        ["python", "-m", "rehearsal", "env"],
    ]


@given(st.text())
def test_no_text_makes_the_reader_stumble(text: str) -> None:
    markdown.links(text)
    markdown.anchors(text)
    markdown.commands(text)


# --- recipes and templates --------------------------------------------------------------------------------------------


@pytest.fixture
def own_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "packer", tmp_path / "packer")
    monkeypatch.setattr(recipes, "PACKER", tmp_path / "packer")
    monkeypatch.setattr(recipes, "ROOT", tmp_path)
    return tmp_path / "packer"


def test_the_recipes_as_they_are_pass(own_recipes: Path) -> None:
    assert recipes.check().passed
    shared = {own_recipes / folder / "image.pkr.hcl" for folder in ("shared", "shared-windows")}
    assert set(recipes.templates().values()) == shared


def test_a_recipe_with_hcl_of_its_own_is_checked_with_that(own_recipes: Path) -> None:
    (own_recipes / "web" / "own.pkr.hcl").write_text("build {\n  sources = [nowhere]\n}\n")
    (fault,) = recipes.check().faults
    assert fault.startswith("packer/web with packer/web/own.pkr.hcl:")


def test_a_recipe_that_is_not_formatted_is_found(own_recipes: Path) -> None:
    template = next(own_recipes.glob("*/*.pkr.hcl"))
    template.write_text(template.read_text().replace("  ", "     ", 1))
    assert "packer fmt" in recipes.check().faults[0]


def test_a_recipe_with_a_setting_that_the_plugin_does_not_know_is_found(own_recipes: Path) -> None:
    template = next(own_recipes.glob("*/*.pkr.hcl"))
    template.write_text(template.read_text().replace("imds_support", "imds_suport"))
    assert any("imds_suport" in fault for fault in recipes.check().faults)


def test_a_variable_with_a_default_gets_no_placeholder(tmp_path: Path) -> None:
    template = tmp_path / "a.pkr.hcl"
    template.write_text('variable "a" {\n  default = "x"\n}\nvariable "b" { type = number }\n')
    assert recipes.variables(template, tmp_path) == {"b": "20"}


def test_a_check_that_is_a_command_of_infra_passes_on_what_it_says() -> None:
    assert infra_command.told("check").counted.startswith("6 environments: Dev, ")
    [fault] = infra_command.told("chekc").faults
    assert "No such command 'chekc'" in fault


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_one_failing_check_fails_the_gate_and_the_others_still_run(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [
        Check("first", "nothing is wrong", tool(sys.executable, "-c", "raise SystemExit('broken here')")),
        Check("second", "all is well", lambda: Outcome(counted="3 things")),
    ]
    results = gate.run(checks, Progress())
    assert [result.passed for result in results] == [False, True]
    said = capsys.readouterr().err
    assert "broken here" in said
    assert "3 things" in said


def test_checks_can_be_chosen_by_name_and_an_unknown_name_is_refused() -> None:
    assert [check.name for check in gate.chosen(["words", "format"])] == ["format", "words"]
    assert gate.chosen([]) == gate.CHECKS
    with pytest.raises(BadInput, match="no such check"):
        gate.chosen(["beauty"])


def test_the_command_ends_with_the_outcome_of_the_checks() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "toolchain", "check", "imports", "--json"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == (0 if json.loads(done.stdout)["passed"] else 1)
