from bake.packer.errors import BuildFailed, Diagnostic, TemplateInvalid, diagnostics

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
