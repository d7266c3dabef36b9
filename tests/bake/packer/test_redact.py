import json

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bake.packer import Secret, SecretTooShort, Template
from bake.packer.events import HIDDEN, ArtifactField, BuildError, Message, Other, parse
from bake.packer.redact import Redactor, Stream

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow+/==\n-----END RSA PRIVATE KEY-----"
PLAIN = st.characters(exclude_categories=["Cs"])
VALUE = st.text(PLAIN, min_size=4, max_size=30).filter(lambda value: len(value.strip()) >= 4)


def test_each_line_of_a_value_is_hidden_for_output_comes_line_by_line() -> None:
    redactor = Redactor.of(["first line\nsecond line"])
    assert redactor.text("it is: second line.") == f"it is: {HIDDEN}."


def test_a_short_line_of_a_value_is_hidden_where_it_stands_alone() -> None:
    redactor = Redactor.of(['{\n"password": "hunter22"\n}'])
    assert redactor.text("==> null.one: }") == f"==> null.one: {HIDDEN}"
    assert redactor.text(" }\nvariable {}") == f"{HIDDEN}\nvariable {{}}"


def test_a_value_that_packer_breaks_into_lines_is_hidden() -> None:
    assert Redactor.of(["hunter of the\tnight"]).text("bad name: hunter of\nthe night.") == f"bad name: {HIDDEN}."


def test_a_value_within_another_leaves_no_remainder() -> None:
    assert Redactor.of(["secret", "secret-of-mine"]).text("secret-of-mine") == HIDDEN


def test_a_value_is_hidden_as_json_and_as_packer_writes_it() -> None:
    value = 'say "é"\tto\\nobody, ever'
    redactor = Redactor.of([value])
    assert redactor.text(json.dumps(value)) == f'"{HIDDEN}"'
    assert redactor.text(json.dumps(value, ensure_ascii=False)) == f'"{HIDDEN}"'
    escaped = value.replace(",", "%!(PACKER_COMMA)")
    event = parse(f"7,,ui,say,{escaped}")
    assert event
    assert redactor.event(event) == Message(7, "", "say", HIDDEN)


@pytest.mark.parametrize(
    "key", [KEY, KEY.replace("RSA ", "OPENSSH "), KEY.replace("-----END RSA PRIVATE KEY-----", "")]
)
def test_private_keys_are_hidden_though_nobody_named_them(key: str) -> None:
    assert Redactor().text(f"the key is {key}") == f"the key is {HIDDEN}"


def test_a_private_key_that_comes_line_by_line_is_hidden_and_what_follows_is_not() -> None:
    stream = Stream(Redactor())
    said = [stream.event(Message(0, "", "say", f"==> null.one: {line}")) for line in [*KEY.splitlines(), "that was it"]]
    assert [event.text for event in said if isinstance(event, Message)] == [
        *[f"==> null.one: {HIDDEN}"] * 3,
        "==> null.one: that was it",
    ]


def test_another_build_that_speaks_in_the_middle_of_a_key_is_heard() -> None:
    stream = Stream(Redactor())
    begin, middle, end = KEY.splitlines()
    lines = [f"==> a.b: {begin}", "==> c.d: MIIEow", f"==> a.b: {middle}", f"==> a.b: {end}", "==> a.b: done."]
    said = [stream.event(Message(0, "", "say", line)) for line in lines]
    texts = [event.text for event in said if isinstance(event, Message)]
    assert texts == [f"==> a.b: {HIDDEN}", "==> c.d: MIIEow", *[f"==> a.b: {HIDDEN}"] * 2, "==> a.b: done."]


def test_a_key_without_an_end_hides_only_what_may_belong_to_it() -> None:
    stream = Stream(Redactor())
    for line in KEY.splitlines()[:2]:
        stream.event(Message(0, "", "say", f"==> a.b: {line}"))
    plain = Message(0, "", "say", "==> a.b: and now for something else")
    assert stream.event(plain) == plain
    assert stream.event(Message(0, "", "say", "==> a.b: abc")) == Message(0, "", "say", "==> a.b: abc")


def test_every_kind_of_event_is_redacted() -> None:
    redactor = Redactor.of(["hunter22"])
    assert redactor.event(Message(0, "", "say", "is hunter22")) == Message(0, "", "say", f"is {HIDDEN}")
    assert redactor.event(BuildError(0, "x", "hunter22")) == BuildError(0, "x", HIDDEN)
    assert redactor.event(Other(0, "", "version", ("hunter22",))) == Other(0, "", "version", (HIDDEN,))
    assert redactor.event(ArtifactField(0, "x", 0, "id", ("hunter22",))) == ArtifactField(0, "x", 0, "id", (HIDDEN,))


def test_a_value_too_short_to_be_hidden_is_refused_without_being_shown() -> None:
    with pytest.raises(SecretTooShort, match="fewer than 4 characters") as caught:
        Redactor.of(["long enough", "x7z"])
    assert "x7z" not in str(caught.value)
    assert Redactor.of([""]).text("nothing is no secret") == "nothing is no secret"


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter22")
    shown = [repr(secret), str(secret), f"{secret}", f"{secret:>20}", f"{secret!r}", "%s" % secret]  # noqa: UP031
    assert set(shown) == {HIDDEN}
    assert "hunter22" not in repr(Template(variables={"token": secret}, path=None))  # type: ignore[arg-type]
    assert secret.plain == "hunter22"


def test_a_secret_is_what_it_is_where_packer_reads_it() -> None:
    variables = {"a": Secret("hunter22\n☃"), "b": {"c": [Secret("hunter33")]}, "d": 1}
    template = Template(path=None, variables=variables)  # type: ignore[arg-type]
    assert json.loads(template.as_json()) == {"a": "hunter22\n☃", "b": {"c": ["hunter33"]}, "d": 1}
    assert list(template.secrets()) == ["hunter22\n☃", "hunter33"]


@given(st.lists(VALUE, min_size=1, max_size=4), st.lists(st.text(PLAIN, max_size=10), min_size=5, max_size=5))
def test_no_sensitive_value_survives(values: list[str], around: list[str]) -> None:
    assume(not any(value.strip() in HIDDEN or HIDDEN[:2] in value or HIDDEN[-2:] in value for value in values))
    redactor = Redactor.of(values)
    text = "".join(f"{a}{b}" for a, b in zip(around, [*values, *values], strict=False))
    assume(not any(set(value) <= set(HIDDEN) for value in values))
    for event in (
        Message(0, text, "say", text),
        BuildError(0, text, text),
        ArtifactField(0, text, 0, text, (text, text)),
        Other(0, text, text, (text,)),
    ):
        hidden = redactor.event(event)
        fields = [getattr(hidden, name) for name in type(hidden).__dataclass_fields__]
        texts = [one for field in fields for one in (field if isinstance(field, tuple) else [field]) if one]
        assert not [value for value in values for one in texts if isinstance(one, str) and value in one]


@given(st.lists(VALUE, min_size=1, max_size=3))
@example(["0\r\xa00"])
def test_no_line_of_a_value_survives_when_it_comes_by_itself(values: list[str]) -> None:
    redactor = Redactor.of(values)
    for value in values:
        for line in value.splitlines():
            if line.strip() and not set(line) <= set(HIDDEN):
                hidden = redactor.event(Message(0, "", "say", f"==> null.one: {line}"))
                assert isinstance(hidden, Message)
                assert line.strip() not in hidden.text.removeprefix("==> null.one: ").replace(HIDDEN, "")
