"""Variables, var-files, the environment, secrets, and mistakes in them, with the real Packer."""

import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bake.packer import (
    BuildFailed,
    Event,
    Limits,
    Message,
    Packer,
    PackerError,
    Secret,
    SecretTooShort,
    Template,
    TemplateInvalid,
)

Write = Callable[..., Template]
MINUTE = Limits(overall=timedelta(minutes=1), grace=timedelta(seconds=10))
LINES = "first-of-two\nsecond-of-two"
ENVELOPE = '{\n"user": "me",\n"password": "hunter, \\"22\\""\n}'


def everything_of(problem: PackerError) -> str:
    """All that anybody may see of an error: its text, its fields, its traceback."""
    return repr(vars(problem)) + str(problem) + "".join(traceback.format_exception(problem))


def leaky(write: Write, secret: str) -> Template:
    """A template that does not call its variable sensitive, and prints it in every way that a shell has."""
    declared = 'variable "word" { type = string }\nsource "null" "one" { communicator = "none" }\n'
    commands = [
        'echo "on output $WORD"',
        'echo "on error $WORD" >&2',
        'printf %s "$WORD" | while read -r line; do echo "line $line"; done',
        'echo "${jsonencode(var.word)}"' if "\n" not in secret and '"' not in secret else "true",
        "exit 1",
    ]
    inline = ", ".join('"' + command.replace("\\", "\\\\").replace('"', '\\"') + '"' for command in commands)
    build = (
        'build {\n  sources = ["null.one"]\n  provisioner "shell-local" {\n'
        f"    env = {{ WORD = var.word }}\n    inline = [{inline}]\n  }}\n}}\n"
    )
    return write(declared + build, word=secret)


@pytest.mark.parametrize("secret", ["hunter22-hunter22", LINES, ENVELOPE, "tab\there, and \\n no line"])
def test_a_secret_is_seen_nowhere(packer: Packer, template: Write, secret: str) -> None:
    said: list[Event] = []
    written = leaky(template, Secret(secret))
    with pytest.raises(BuildFailed) as caught:
        packer.build(written, limits=MINUTE, on_event=said.append)
    seen = "\n".join(event.text if isinstance(event, Message) else repr(event) for event in said)
    assert "<sensitive>" in seen
    for part in [secret, *secret.splitlines()]:
        if len(part) > 1:
            assert part not in seen + everything_of(caught.value) + repr(written), part


def test_a_secret_of_the_environment_is_hidden_too(packer: Packer, shell: Write) -> None:
    said: list[Event] = []
    own = replace(packer, environment={**packer.environment, "TOKEN": Secret("hunter33")})
    with pytest.raises(BuildFailed) as caught:
        own.build(shell('inline = ["echo it is $TOKEN", "exit 1"]'), limits=MINUTE, on_event=said.append)
    assert "it is <sensitive>" in caught.value.messages
    assert "hunter33" not in repr(said) + everything_of(caught.value) + repr(own)


def test_what_the_template_calls_sensitive_is_hidden_though_the_caller_does_not(
    packer: Packer, template: Write
) -> None:
    hcl = 'variable "token" {\n  type = string\n  sensitive = true\n}\nsource "null" "one" { communicator = "none" }\n'
    hcl += 'build {\n  sources = ["null.one"]\n  provisioner "shell-local" { inline = ["echo ${var.token}"] }\n}\n'
    said: list[Event] = []
    packer.build(template(hcl, token="hunter44"), limits=MINUTE, on_event=said.append)
    assert "<sensitive>" in repr(said)
    assert "hunter44" not in repr(said)


def test_a_value_of_the_wrong_type_is_not_quoted(packer: Packer, template: Write) -> None:
    """Packer quotes the line with the value, also of a sensitive variable."""
    hcl = 'variable "count" {\n  type = number\n  sensitive = true\n}\nsource "null" "one" { communicator = "none" }\n'
    said: list[Event] = []
    wrong = template(hcl + 'build {\n  sources = ["null.one"]\n}\n', count="hunter55")
    for attempt in (
        lambda: packer.validate(wrong),
        lambda: packer.inspect(wrong),
        lambda: packer.build(wrong, limits=MINUTE, on_event=said.append),
    ):
        with pytest.raises(TemplateInvalid, match="Invalid value for variable") as caught:
            attempt()
        (mistake,) = caught.value.diagnostics
        assert "The value for count" in mistake.detail
        assert mistake.file is None, "the file of values is the wrapper's, and gone"
        assert "hunter55" not in repr(said) + everything_of(caught.value)


def test_a_value_too_short_to_be_hidden_is_refused_before_packer_starts(packer: Packer, shell: Write) -> None:
    with pytest.raises(SecretTooShort):
        packer.build(shell('inline = ["true"]', word=Secret("x7")), limits=MINUTE)
    with pytest.raises(SecretTooShort):
        packer.validate(shell('inline = ["true"]', word="x"), sensitive=["x7"])


def test_a_variable_that_the_template_does_not_declare_is_a_mistake(
    packer: Packer, shell: Write, tmp_path: Path
) -> None:
    right = shell(f'inline = ["sleep 5", "touch {tmp_path}/ran"]', word="given")
    wrong = replace(right, variables={**right.variables, "wrod": "given"})
    with pytest.raises(TemplateInvalid, match='declares no variable "wrod"') as caught:
        packer.validate(wrong)
    assert "Declare it" in caught.value.diagnostics[0].detail
    # BuildFailed where the build had begun before Packer's warning was read
    with pytest.raises((TemplateInvalid, BuildFailed), match='declares no variable "wrod"'):
        packer.build(wrong, limits=MINUTE)
    assert not (tmp_path / "ran").exists(), "the build was ended"


def test_a_file_of_variables_may_serve_other_templates_too(packer: Packer, shell: Write, tmp_path: Path) -> None:
    common = tmp_path / "common.pkrvars.hcl"
    common.write_text('word = "from the file"\nof_another = "x"\n', encoding="utf-8")
    said: list[Event] = []
    given = replace(shell('inline = ["echo it is ${var.word}"]', word=""), variables={}, var_files=(common,))
    packer.build(given, limits=MINUTE, on_event=said.append)
    assert "it is from the file" in repr(said)
    said.clear()
    packer.build(replace(given, variables={"word": "mine"}), limits=MINUTE, on_event=said.append)
    assert "it is mine" in repr(said), "a variable of the template goes before a file"


def test_a_file_of_variables_is_found_from_where_the_caller_is(
    packer: Packer, shell: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.pkrvars.json").write_text('{"word": "found"}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    given = shell('inline = ["true"]', word="")
    packer.validate(replace(given, variables={}, var_files=(Path("here.pkrvars.json"),)))
    with pytest.raises(TemplateInvalid, match="Failed to open file") as caught:
        packer.validate(replace(given, var_files=(Path("there.pkrvars.json"),)))
    assert "there.pkrvars.json" in caught.value.diagnostics[0].detail


def test_a_template_may_be_one_file_and_has_to_exist(packer: Packer, shell: Write) -> None:
    folder = shell('inline = ["true"]').path
    (folder / "broken.pkr.hcl").write_text("nonsense {", encoding="utf-8")
    packer.validate(Template(folder / "it.pkr.hcl"))
    with pytest.raises(TemplateInvalid) as caught:
        packer.validate(Template(folder))
    assert (caught.value.diagnostics[0].file, caught.value.diagnostics[0].line) == ("broken.pkr.hcl", 1)
    with pytest.raises(TemplateInvalid, match="no such template") as missing:
        packer.validate(Template(folder / "nowhere"))
    assert missing.value.diagnostics[0].file == str(folder / "nowhere")


def test_values_of_all_types_reach_the_template(packer: Packer, template: Write) -> None:
    hcl = 'variable "many" {\n  type = object({ list = list(number), text = string, yes = bool })\n}\n'
    hcl += 'source "null" "one" { communicator = "none" }\nbuild {\n  sources = ["null.one"]\n'
    hcl += '  provisioner "shell-local" { inline = ["echo ${var.many.list[1]} ${var.many.text} ${var.many.yes}"] }\n}\n'
    said: list[Event] = []
    many = {"list": [1, 2], "text": "é☃", "yes": True}
    packer.build(template(hcl, many=many), limits=MINUTE, on_event=said.append)
    assert "2 é☃ true" in repr(said)


def test_the_logging_of_packer_is_off_unless_it_is_asked_for(
    packer: Packer, shell: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PACKER_LOG", "1")
    said: list[Event] = []
    packer.build(shell('inline = ["true"]'), limits=MINUTE, on_event=said.append)
    assert "[INFO]" not in repr(said)
