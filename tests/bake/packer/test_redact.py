from hypothesis import given
from hypothesis import strategies as st

from bake.packer.events import BuildError, Message, Other
from bake.packer.redact import HIDDEN, Redactor

SECRETS = st.lists(st.text(alphabet="abcXYZ019/+=", min_size=8, max_size=40), min_size=1, max_size=5)
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n-----END OPENSSH PRIVATE KEY-----"


@given(SECRETS, st.lists(st.text(alphabet="abcXYZ019 \n"), max_size=6))
def test_no_secret_is_left_in_a_text(secrets: list[str], between: list[str]) -> None:
    text = "".join(part for pair in zip([*between, ""], [*secrets, *secrets], strict=False) for part in pair)
    redacted = Redactor.of(secrets).text(text)
    assert not [secret for secret in secrets if secret in redacted]


def test_a_secret_within_a_longer_one_leaves_no_remainder() -> None:
    assert Redactor.of(["password", "password-and-more"]).text("password-and-more") == HIDDEN


def test_each_line_of_a_secret_with_several_lines_is_hidden() -> None:
    assert "second line" not in Redactor.of(["first line\nsecond line"]).text("it said: second line")


def test_private_keys_are_hidden_without_being_named() -> None:
    assert Redactor().text(f"key: {KEY} end") == f"key: {HIDDEN} end"


def test_a_private_key_that_is_cut_off_is_hidden_too() -> None:
    assert "b3Blbn" not in Redactor().text(KEY[:60])


def test_every_kind_of_event_is_redacted() -> None:
    redactor = Redactor.of(["hunter22"])
    assert redactor.event(Message(0, "", "say", "is hunter22")) == Message(0, "", "say", f"is {HIDDEN}")
    assert redactor.event(BuildError(0, "x", "hunter22")) == BuildError(0, "x", HIDDEN)
    assert redactor.event(Other(0, "", "version", ("hunter22",))) == Other(0, "", "version", (HIDDEN,))
    assert Redactor.of(["abc"]).text("abc") == "abc", "three letters are no secret"
