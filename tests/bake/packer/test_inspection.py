"""`packer inspect`: of captured output (Packer 1.16.0, folder output/), and of the real one."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake.packer import Component, Packer, Secret, Template, TemplateInvalid, Value
from bake.packer.events import parse
from bake.packer.inspection import read, read_json_mode

Write = Callable[..., Template]
OUTPUT = Path(__file__).parent / "output"


def lines_of(name: str) -> list[str]:
    return (OUTPUT / name).read_text(encoding="utf-8").splitlines()


def test_variables_have_their_values_and_sensitive_ones_none_that_can_be_seen() -> None:
    found = read(lines_of("inspect-hcl.out"))
    assert found.variables["word"] == Value("a")
    assert found.variables["must"] == Value("zz")
    assert found.variables["key"] == Value("<sensitive>", sensitive=True)
    assert found.variables["nums"] == Value("[\n  1,\n  2,\n]")
    assert found.locals == {
        "both": Value("a-x"),
        "hid": Value("hush-<sensitive>", sensitive=True),
        "l2": Value('{\n  "x" = [\n    1,\n    "two",\n  ]\n}'),
    }


def test_blocks_have_sources_provisioners_and_chains_of_post_processors() -> None:
    pair, unnamed = read(lines_of("inspect-hcl.out")).blocks
    assert (pair.name, pair.description) == ("pair", "two things, and more")
    assert pair.provisioners == (Component("shell-local"), Component("shell-local", "named"))
    assert pair.post_processors == (
        (Component("manifest"),),
        (Component("shell-local"), Component("manifest", "mani")),
    )
    assert (unnamed.name, unnamed.provisioners) == (None, ())
    assert pair.builds + unnamed.builds == ("pair.null.one", "pair.null.two", "file.f", "null.renamed")


def test_odd_names_and_a_description_of_two_lines_are_read() -> None:
    (block,) = read(lines_of("inspect-odd-names.out")).blocks
    assert (block.name, block.description) == ("my build", "a\nb")
    assert block.builds == ("my build.null.x", "my build.null.odd name: x")


def test_quotes_backslashes_and_letters_of_all_languages_are_read() -> None:
    assert read(lines_of("inspect-quotes.out")).variables["u"] == Value('é☃ "q" \\ \t tab')


def test_a_legacy_json_template_is_read() -> None:
    found = read_json_mode(event for line in lines_of("inspect-legacy-json.txt") if (event := parse(line)))
    assert found.variables == {"c": Value(None), "a": Value("<sensitive>", sensitive=True)}
    assert found.builds == ("null.legacy",)
    assert found.blocks[0].provisioners == (Component("shell-local"),)


@given(st.lists(st.text() | st.sampled_from(lines_of("inspect-hcl.out")), max_size=30))
def test_any_text_is_read(lines: list[str]) -> None:
    read(lines)


HCL = """
variable "must" { type = string }
variable "token" {
  type = string
  sensitive = true
}
data "null" "asked" { input = "data, of ${var.must}" }
locals { both = "${data.null.asked.output}!" }
source "null" "one" { communicator = "none" }
build {
  name = "tools"
  sources = ["source.null.one"]
  provisioner "shell-local" { inline = ["true"] }
  post-processor "manifest" { output = "it.json" }
}
"""


def test_the_real_packer_says_what_a_template_defines(packer: Packer, template: Write) -> None:
    found = packer.inspect(template(HCL, must="here", token=Secret("hunter22")))
    assert found.variables == {"must": Value("here"), "token": Value("<sensitive>", sensitive=True)}
    assert found.locals == {"both": Value("data, of here!")}
    assert found.builds == ("tools.null.one",)
    assert found.blocks[0].post_processors == ((Component("manifest"),),)


def test_variables_need_no_values_to_be_inspected(packer: Packer, template: Write) -> None:
    without_data = "\n".join(line for line in HCL.splitlines() if not line.startswith(("data", "locals")))
    assert packer.inspect(template(without_data)).variables == {"must": Value(None), "token": Value(None)}


def test_the_real_packer_inspects_a_legacy_template(packer: Packer, tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text('{"builders": [{"type": "null", "communicator": "none"}], "variables": {"a": "b"}}', "utf-8")
    found = packer.inspect(Template(file))
    assert (found.builds, found.variables) == (("null",), {"a": Value("b")})


def test_what_does_not_parse_is_not_inspected(packer: Packer, template: Write) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        packer.inspect(template('source "null" "one" {\n  communicator =\n}\n'))
    assert (caught.value.diagnostics[0].file, caught.value.diagnostics[0].line) == ("it.pkr.hcl", 2)
