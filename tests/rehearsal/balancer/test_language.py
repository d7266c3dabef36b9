"""Patterns, redirects and weights in HAProxy's language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.balancer.language import RANDOM_RANGE, condition, fixed_response, quoted, redirect, thresholds, wildcard
from rehearsal.balancer.model import Condition, FixedResponse, Redirect, Unsupported


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("/a/*", ["/a/", "/a/b/c"], ["/a", "/b/a/"]),
        ("/img?", ["/img1"], ["/img", "/img12"]),
        ("*.test", ["a.test", ".test"], ["atest"]),
        ("/a+b(c)", ["/a+b(c)"], ["/aab(c)"]),
    ],
)
def test_stars_and_question_marks(pattern: str, fits: list[str], fails: list[str]) -> None:
    assert all(re.fullmatch(wildcard(pattern), text) for text in fits)
    assert not any(re.fullmatch(wildcard(pattern), text) for text in fails)


@given(st.text(st.characters(codec="ascii", exclude_characters="*?"), max_size=30))
def test_a_pattern_without_wildcards_fits_itself_only(text: str) -> None:
    assert re.fullmatch(wildcard(text), text, re.DOTALL)
    assert not re.fullmatch(wildcard(text), text + "x", re.DOTALL)


def test_a_wildcard_of_a_query_string_stays_within_its_parameter() -> None:
    found = condition(Condition("query-string", pairs=(("v", "1*"), (None, "a?"), ("w", r"\*"))))
    pattern = found.removeprefix("{ query -i -m reg '").removesuffix("' }")
    assert all(re.search(pattern, query) for query in ("v=1", "x=0&v=12", "x=ab", "w=*&z"))
    assert not any(re.search(pattern, query) for query in ("v=2", "x=0&vv=12x", "x=a&b", "w=x"))


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=30))
def test_a_quoted_text_is_one_word_and_nothing_in_it_means_anything(text: str) -> None:
    word = quoted(text)
    assert word.replace("'\\''", "").count("'") == 2
    assert word[1:-1].replace("'\\''", "'") == text


@pytest.mark.parametrize("text", ["a\nacl x", "a\0b", "\x7f"])
def test_what_no_line_can_hold_is_refused(text: str) -> None:
    with pytest.raises(Unsupported, match="control characters"):
        condition(Condition("path-pattern", (text,)))


@pytest.mark.parametrize("name", ["X Y", "X\nY", "X)", "it's", ""])
def test_what_is_no_header_is_refused(name: str) -> None:
    with pytest.raises(Unsupported, match="HTTP header"):
        condition(Condition("http-header", ("a",), header=name))


def test_an_unknown_condition_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="'jwt-validation'"):
        condition(Condition("jwt-validation", ("a",)))


@pytest.mark.parametrize(
    ("wanted", "location"),
    [
        (
            Redirect(301, "HTTPS", "#{host}", "443", "/#{path}", "#{query}"),
            '"https://%[req.hdr(host),field(1,:)]:443/%[path,regsub(^/,)]%[var(txn.query)]"',
        ),
        (
            Redirect(302, "#{protocol}", "other.test", "#{port}", "/100%/#{path}", "a=b&#{query}"),
            '"%[var(txn.protocol)]://other.test:%[dst_port]/100%%/%[path,regsub(^/,)]?a=b&%[query]"',
        ),
        (Redirect(302, "HTTP", "h", "80", '/"$x\\', ""), '"http://h:80/\\"\\$x\\\\"'),
    ],
)
def test_a_redirect_is_filled_with_the_parts_of_the_request(wanted: Redirect, location: str) -> None:
    assert redirect(wanted) == f"http-request redirect code {wanted.status} location {location}"


def test_a_fixed_response_may_have_lines_and_quotes() -> None:
    assert fixed_response(FixedResponse(200, "text/html", 'a "b"\n$c')) == (
        'http-request return status 200 content-type \'text/html\' string "a \\"b\\"\\n\\$c"'
    )


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5).filter(any))
def test_weights_cover_the_whole_range_once_and_in_proportion(weights: list[int]) -> None:
    lines = thresholds(tuple((f"g{n}", weight) for n, weight in enumerate(weights)))
    ranges = [tuple(int(end) for end in key.split(":")) for key in lines]
    assert [first for first, _ in ranges] == [0, *(last + 1 for _, last in ranges[:-1])]
    assert ranges[-1][1] == RANDOM_RANGE - 1
    share = {name: last + 1 - first for (first, last), name in zip(ranges, lines.values(), strict=True)}
    for n, weight in enumerate(weights):
        assert abs(share.get(f"g{n}", 0) - RANDOM_RANGE * weight / sum(weights)) <= 1


def test_without_any_weight_there_is_nobody() -> None:
    assert thresholds((("a", 0), ("b", 0))) == {}
