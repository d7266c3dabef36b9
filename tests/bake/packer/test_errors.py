from pathlib import Path

from bake.packer.errors import BuildFailed, Diagnostic, TemplateInvalid, diagnostics, mistake_in_warning
from bake.packer.events import Artifact, Message, parse
from bake.packer.outcome import Outcome, State

OUTPUT = Path(__file__).parent / "output"

UNSUPPORTED = """Error: Unsupported argument

  on web.pkr.hcl line 31, in source "amazon-ebs" "image":
  31:   shutdown_behaviour = "terminate"

An argument named "shutdown_behaviour" is not expected here. Did you mean
"shutdown_behavior"?

"""
UNKNOWN = """Error: Unknown source null.y

  on x.pkr.hcl line 5:
  (source code not available)

Did you mean to use "null.x"?

"""


def test_a_mistake_has_file_and_line_and_no_quoted_source() -> None:
    detail = 'An argument named "shutdown_behaviour" is not expected here. Did you mean "shutdown_behavior"?'
    assert diagnostics(UNSUPPORTED) == (Diagnostic("Unsupported argument", detail, "web.pkr.hcl", 31),)


def test_all_mistakes_are_found() -> None:
    found = diagnostics(UNSUPPORTED + UNKNOWN)
    assert [one.line for one in found] == [31, 5]
    assert found[1].detail == 'Did you mean to use "null.x"?'


def test_a_mistake_without_a_place_is_one_all_the_same() -> None:
    assert diagnostics('Error: Unset variable "region"\n\nA used variable must be set.\n') == (
        Diagnostic('Unset variable "region"', "A used variable must be set."),
    )


def test_a_warning_is_no_mistake() -> None:
    assert diagnostics("Warning: Undefined variable\n\nIt is not used.\n") == ()


def test_the_fields_are_kept() -> None:
    error = BuildFailed("it failed", exit_code=1, messages=["last words"])
    assert (error.exit_code, error.messages, str(error)) == (1, ("last words",), "it failed\nlast words")
    assert TemplateInvalid(diagnostics(UNKNOWN), exit_code=1).summary == "Unknown source null.y"


def test_a_mistake_is_told_with_its_place() -> None:
    said = str(TemplateInvalid(diagnostics(UNSUPPORTED + UNKNOWN)))
    assert "web.pkr.hcl, line 31: Unsupported argument. An argument named" in said
    assert 'x.pkr.hcl, line 5: Unknown source null.y. Did you mean to use "null.x"?' in said
    assert str(Diagnostic("No place", "")) == "No place."


def test_the_headline_of_a_legacy_template_is_what_is_wrong() -> None:
    (found,) = diagnostics("Error: \n\n1 error occurred:\n\t* required variable not set: c\n\n\n\n")
    assert found.summary == "1 error occurred: * required variable not set: c"


def test_what_packer_warns_of_is_a_mistake_where_the_caller_made_it() -> None:
    lines = (OUTPUT / "undeclared-variable.txt").read_text(encoding="utf-8").splitlines()
    (warning, *_) = [event.text for event in map(parse, lines) if isinstance(event, Message)]
    found = mistake_in_warning(warning, {"nope": 1})
    assert found
    assert found.summary == 'The template declares no variable "nope"'
    assert mistake_in_warning(warning, {"other": 1}) is None, "it is of a file that serves others, too"
    assert mistake_in_warning("the configuration is valid.", {"nope": 1}) is None


def test_builds_that_went_well_are_named_in_the_error_of_another() -> None:
    made = Outcome(State.FINISHED, "image", artifacts=(Artifact("b", "eu-west-1:ami-1", "AMIs were created"),))
    error = BuildFailed("b.x: no", builds={"a.x": made, "b.x": Outcome(State.FAILED, "provision", error="no")})
    assert str(error) == "b.x: no\na.x has finished: AMIs were created"
