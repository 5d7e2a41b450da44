"""JSON from outside: read without loss, or refused with the place."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.contract.json_bytes import write_json
from adapter.contract.json_text import parse_json, read_json
from adapter.errors import InvalidMessage


def refusal(raw: bytes, **limits: int) -> InvalidMessage:
    with pytest.raises(InvalidMessage) as caught:
        parse_json(raw, **limits)
    assert caught.value.status == 400
    return caught.value


def places(raw: bytes) -> list[str]:
    return [problem.path for problem in refusal(raw).problems]


texts = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32, exclude_characters="\ufffe\uffff"), max_size=8)
names = st.one_of(texts, st.sampled_from([":", '":', " :", "a", "b", "\\"]))
documents = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        texts,
        st.sampled_from(['":"', " :", '"a":1', "5 Calle 3, ", "v1.x2,", "0e0", "2e3]"]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.decimals(allow_nan=False, allow_infinity=False, places=3),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=4)),
    max_leaves=12,
)


class Numbers(json.JSONEncoder):
    """Writes a Decimal as it is."""

    def default(self, o: Any) -> Any:
        return float(o)


@settings(max_examples=100, deadline=None)
@given(documents, st.sampled_from([None, 1]), st.sampled_from([(",", ":"), (", ", ": "), (" , ", " :\t")]), st.booleans())
def test_every_document_is_read_as_it_was_written(document: Any, indent: int | None, separators: tuple[str, str], ascii_only: bool) -> None:
    text = json.dumps(document, indent=indent, separators=separators, ensure_ascii=ascii_only, cls=Numbers)
    assert parse_json(text.encode()) == json.loads(text, parse_float=Decimal)
    found, written = read_json(text.encode())
    assert written in (b"", write_json(found))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", ":", '\\"', " :"]), min_size=2, max_size=5), st.sampled_from([":", " :", "\t: ", "\n:\n"]))
def test_a_member_given_twice_is_never_overlooked(members: list[str], colon: str) -> None:
    raw = ("{" + ",".join(f'"{name}"{colon}":x"' for name in members) + "}").encode()
    if len(set(members)) == len(members):
        assert len(parse_json(raw)) == len(members)
    else:
        assert {problem.text for problem in refusal(raw).problems} == {"the member is given twice; send it once"}


def test_a_member_given_twice_is_not_made_up_for_by_an_escaped_colon() -> None:
    assert places(b'{"a":1,"a":"\\u003a"}') == ["a"]
    assert places(b'{"a":"\\u003A","b":{"c":1,"c":2}}') == ["b.c"]


def test_members_given_twice_are_named_by_path() -> None:
    assert places(b'{"id":"1","note":[{"text":"a"},{"text":"b","@type":"x","text":"c"}],"id":"2"}') == ["id", "note[1].text"]
    assert places(b'{"a":{"b":1,"b":{"c":1,"c":2}},"odd name":1,"odd name":2}') == ["'odd name'", "a.b", "a.b.c"]


def test_many_problems_are_cut_short() -> None:
    raw = "[" + ",".join('{"a":1,"a":2}' for _ in range(50)) + "]"
    assert places(raw.encode()) == [f"[{index}].a" for index in range(20)]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"1.10", Decimal("1.10")),
        (b"100.00", Decimal("100.00")),
        (b"1E2", Decimal("1E2")),
        (b"18446744073709551616", 18446744073709551616),
        (b"-9223372036854775809", -9223372036854775809),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"1e300", Decimal("1e300")),
        (b"0.0", Decimal("0.0")),
        (b"1e0", Decimal("1.0")),
        (b"-10E-0", Decimal("-10.0")),
        (b"123456789012345678901234567890123e0", Decimal("123456789012345678901234567890123.0")),
        (b'"\\ud83d\\ude00 caf\\u00e9 C:\\\\bin"', "\U0001f600 caf\u00e9 C:\\bin"),
        (b'"tab\\tline\\nreturn\\r\\/"', "tab\tline\nreturn\r/"),
        (b" [1, true, null] ", [1, True, None]),
        (b'"x"', "x"),
    ],
)
def test_values_keep_what_was_written(raw: bytes, value: Any) -> None:
    found = parse_json(raw)
    assert found == value
    assert str(found) == str(value)


@pytest.mark.parametrize(
    "number", ["1.0", "-0.0", "0.30", "1e16", "1E+16", "10e-8", "1.5e300", "18446744073709551616", "-9223372036854775809", "9" * 30]
)
@pytest.mark.parametrize("around", ["%s", "[%s]", '{"a":%s}', '{"a":[1,%s,2],"b":"x"}', ' [ 1 , { "a" : %s } ]'])
def test_a_number_keeps_its_digits_wherever_it_stands(number: str, around: str) -> None:
    raw = (around % number).encode()
    assert str(parse_json(raw)) == str(json.loads(raw, parse_float=Decimal))


@pytest.mark.parametrize(
    "text",
    [
        "1.5,",
        ":2.0]",
        "T10:00:00.000Z",
        "5e3f-0e1",
        "Apt 5 Calle 3, San Juan",
        "v1.x2, 1xe5}",
        "2hex-3]",
        ",1e16}",
        "[1.0,2.0]",
        "e+16",
        "\\u003a",
    ],
)
def test_a_text_that_looks_like_a_number_is_no_number(text: str) -> None:
    document = {"a": text, "b": [text, 1, {text: True}]}
    assert parse_json(json.dumps(document).encode()) == document


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"a": 1,\n "b" 2}', "line 2 column 6: a colon is expected after the member name"),
        (b'{"a": 1\n "b": 2}', "line 2 column 2: a comma or the end of the object or list is expected here"),
        (b'{"a": }', "line 1 column 7: a value is expected here"),
        (b"{a: 1}", "line 1 column 2: a member name in double quotes is expected here"),
        (b'{"a": "b', "line 1 column 7: the text that begins here is never closed"),
        (b'{"a": "b\nc"}', "line 1 column 9: a line break or control character stands inside a text; escape it"),
        (b'{"a": 1} {"b": 2}', "line 1 column 10: the document ends before this"),
        (b'{"a": "\\q"}', "line 1 column 8: invalid \\escape"),
        (b'{"a": NaN}', "line 1 column 7: NaN is no JSON value"),
        (b'{"a": -Infinity}', "line 1 column 7: -Infinity is no JSON value"),
        (b'{"a": 1e999}', "line 1 column 7: the number's exponent is out of range"),
        (b'{"a": 0e9999}', "line 1 column 7: the number's exponent is out of range"),
        (b'{"a": 1e99999999999999999999}', "line 1 column 7: the number's exponent is out of range"),
        (b'{"NaN": "\\"NaN", "a": NaN}', "line 1 column 23: NaN is no JSON value"),
        (b'{"a": 1e-999999999}', "line 1 column 7: the number's exponent is out of range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "line 1 column 7: the number has more than 1000 digits"),
        (b'{"a": 0.' + b"9" * 5000 + b"}", "line 1 column 7: the number has more than 1000 digits"),
    ],
)
def test_malformed_json_is_refused_with_line_and_column(raw: bytes, words: str) -> None:
    assert refusal(raw).text.startswith(f"The request body is not valid JSON: {words}")


@pytest.mark.parametrize("raw", [b"", b" \r\n\t"])
def test_an_empty_body(raw: bytes) -> None:
    assert "is empty" in refusal(raw).text


def test_what_is_not_utf_8() -> None:
    assert "byte 0xe9 at line 2 column 8" in refusal('{"a": 1,\n "b": "é"}'.encode("latin-1")).text
    assert "not UTF-8" in refusal('{"a": 1}'.encode("utf-16")).text
    assert "byte order mark" in refusal(b"\xef\xbb\xbf{}").text
    assert "not UTF-8" in refusal(b'{"a": "\xed\xa0\x80"}').text


def nested(levels: int) -> bytes:
    return b'{"a":[' * (levels // 2) + b"1" + b"]}" * (levels // 2)


def test_nesting() -> None:
    assert parse_json(nested(100), max_depth=100)
    assert "nested deeper than 100 levels" in refusal(nested(102), max_depth=100).text
    assert "line 1 column 301: the document is nested deeper than 100 levels" in refusal(nested(200), max_depth=100).text
    assert parse_json(nested(400), max_depth=512) == json.loads(nested(400))
    assert "nested deeper than 100 levels" in refusal(b"[" * 5_000_000, max_depth=100).text
    assert parse_json(b"[[1],[2],[{}],[3]]", max_depth=3) == [[1], [2], [{}], [3]]
    assert "line 1 column 11: the document is nested deeper than 2 levels" in refusal(b"[[1],[2],[{}],[3]]", max_depth=2).text
    assert parse_json(b'["[[[[", {"b": 1.5}, "}}"]', max_depth=2) == ["[[[[", {"b": Decimal("1.5")}, "}}"]
    assert "not valid JSON" in refusal(b'["[[[[', max_depth=2).text


def test_half_a_surrogate_pair_is_named() -> None:
    (problem,) = refusal(b'{"note":[{"text":"ok"},{"text":"ab\\ud800c"}]}').problems
    assert str(problem) == "note[1].text: character 3 is half of a surrogate pair (\\ud800), which cannot be forwarded; remove it"


@pytest.mark.parametrize(
    ("raw", "path", "words"),
    [
        (b'{"a":"x\\u0000"}', "a", "character 2 is the character NUL"),
        (b'{"a":["\\u000b"]}', "a[0]", "the control character U+000B"),
        (b'{"a":"\\b"}', "a", "the control character U+0008"),
        (b'{"a":"\\f"}', "a", "the control character U+000C"),
        (b'{"a":"\\uffff"}', "a", "the non-character U+FFFF"),
        (b'{"a":"\xef\xbf\xbe"}', "a", "the non-character U+FFFE"),
        (b'{"o":{"a\\u0001b":1}}', "o.'a\\u0001b'", "the member's name: character 2 is the control character U+0001"),
        (b'{"n":1.5,"a":"\\u0001"}', "a", "the control character U+0001"),
    ],
)
def test_characters_that_xml_cannot_carry_are_named(raw: bytes, path: str, words: str) -> None:
    (problem,) = refusal(raw).problems
    assert problem.path == path
    assert words in problem.text


def test_harmless_characters_pass() -> None:
    document = {"a": "\u0085\u2028\x7f\ufffd \U0001f600 \uff21 \uffc0", "b": "C:\\users\\f"}
    assert parse_json(json.dumps(document).encode()) == document
    assert parse_json(json.dumps(document, ensure_ascii=False).encode()) == document
