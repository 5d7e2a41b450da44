"""What is masked, and that nothing else changes, whatever the message looks like."""

from __future__ import annotations

import copy
import re
import tracemalloc
from decimal import Decimal

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapter.contract.path import parse_path
from adapter.errors import ConfigError
from adapter.redaction import MASK, Redaction
from adapter.redaction.documents import SECRETS, secrets_in
from adapter.redaction.xml import XmlMasks

PATHS = ["order.customer.pin", "order.@code", "note[@type=Pin].text", "note[@type~=job].id", "header.X-Account-Pin", "billingAccount"]


@pytest.fixture(scope="module")
def redaction() -> Redaction:
    return Redaction(PATHS)


def test_json_is_masked_at_declared_paths_and_keeps_its_structure(redaction):
    body = {
        "externalId": "E-1",
        "note": [
            {"text": "1234", "@type": "Pin", "id": 7},
            {"text": "free", "@type": "Remark", "id": 8},
            {"text": "free", "@type": "JOB", "id": 9},
            "odd",
        ],
        "billingAccount": [{"id": 1, "holder": {"name": "Ana", "phones": ["1", None]}, "open": True}],
        "text": "free",
        "order": {"customer": {"pin": "12"}},
    }
    masked = orjson.loads(redaction.body(orjson.dumps(body)))
    expected = copy.deepcopy(body)
    expected["note"][0]["text"] = expected["note"][2]["id"] = expected["order"]["customer"]["pin"] = MASK
    expected["billingAccount"] = [{"id": MASK, "holder": {"name": MASK, "phones": [MASK, None]}, "open": MASK}]
    assert masked == expected


def test_a_list_of_documents_is_masked_like_each_of_them(redaction):
    assert redaction.body(b'[{"billingAccount":"1"},{"billingAccount":{"a":2},"b":3}]') == (
        b'[{"billingAccount":"***"},{"billingAccount":{"a":"***"},"b":3}]'
    )


def test_a_json_body_with_nothing_to_mask_keeps_every_byte(redaction):
    for body in (b' { "a" : 1.50, "b":[ ] }\n', b'{"pin": 1, "text": "x", "code": 2}', b'{"a":"\\u00e9"}', b"[]"):
        assert redaction.body(body) is body


@pytest.mark.parametrize("name", ["password", "Password", "client_secret", "clientSecret", "access_token", "Authorization", "apiKey"])
def test_credentials_are_masked_without_being_declared_at_any_depth(name):
    body = orjson.dumps({"a": [{"b": {name: "geheim", "other": 1}}], name: {"deep": ["geheim"]}})
    masked = Redaction().body(body)
    assert b"geheim" not in masked
    assert orjson.loads(masked)["a"][0]["b"]["other"] == 1


@given(name=st.from_regex(re.compile(SECRETS, re.IGNORECASE | re.ASCII), fullmatch=True), before=st.text(max_size=80))
def test_no_spelling_of_a_credentials_name_is_overlooked(name, before):
    assert b"geheim" not in Redaction().json(orjson.dumps({"text": before, "inner": {name: "geheim"}}))


@pytest.mark.parametrize("before", range(16_384 - 60, 16_384 + 20))
def test_a_credentials_name_is_found_wherever_it_is_in_a_long_body(before):
    assert b"geheim" not in Redaction().json(orjson.dumps({"text": "x" * before, "authorization": "geheim"}))


def test_a_body_made_of_names_of_credentials_takes_no_more_memory_than_a_few_of_it():
    body = b"token" * 200_000
    tracemalloc.start()
    try:
        assert secrets_in(body)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(body)
    finally:
        tracemalloc.stop()


def test_a_name_hidden_by_an_escape_is_found():
    assert Redaction().body(b'{"pass\\u0077ord":"geheim"}') == b'{"password":"***"}'


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (b'{"billingAccount": "12', b'{"billingAccount": ***'),
        (b'{"a": 1, "pin": 12, "b": "say \\"pin\\"",}', b'{"a": 1, "pin": ***, "b": "say \\"pin\\"",}'),
        (b'{"password": {"a": 1}, "b": 2,}', b'{"password": ***'),
        (b"{'password': 'it\\'s', 'b': 2}", b"{'password': ***, 'b': 2}"),
        (b'{"password": "\xff\xfe", "b": 2}', b'{"password": ***, "b": 2}'),
        (b"user=ana&password=a%20b&x=1", b"user=ana&password=***&x=1"),
        (b"pin: 12; Authorization = Basic", b"pin: ***; Authorization = ***"),
        (b"spin: 12", b"spin: 12"),
        (b"", b""),
    ],
)
def test_text_that_cannot_be_parsed_is_masked_by_name(redaction, body, masked):
    assert redaction.body(body) == masked


def test_json_nested_deeper_than_any_message_is_masked_as_a_whole_below_the_limit(redaction):
    for depth in (150, 250, 400, 5000):
        body = b'{"password":' + b"[" * depth + b'"geheim"' + b"]" * depth + b"}"
        assert b"geheim" not in redaction.body(body)
    deep = b'{"password":"geheim","a":' + b"[" * 250 + b'"x"' + b"]" * 250 + b"}"
    assert b"geheim" not in redaction.body(deep)
    both = b'{"password":' + b'{"a":' * 220 + b'"geheim"' + b"}" * 220 + b"}"
    assert b"geheim" not in redaction.body(both)


ENVELOPE = b"""<?xml version="1.0"?>
<s:Envelope xmlns:s="urn:s" xmlns:w="urn:w" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <s:Header><w:UsernameToken><w:Username>us</w:Username><w:Password Type="#PasswordText">geheim</w:Password></w:UsernameToken></s:Header>
  <s:Body><o:order xmlns:o="urn:o" code="77" other='8'>
    <!-- <pin>in a comment</pin> --><![CDATA[<pin>in text</pin>]]><?pi <pin>?>
    <customer><name>Ana</name><pin seen="yes" xsi:type="x:string">1<b n='2'>3</b><![CDATA[4]]><!-- 5 --><?p 6?></pin>
    <pin/><pin a="9"/><z>free</z></customer>
    <pins>7</pins>
  </o:order><pin>free</pin></s:Body>
</s:Envelope>"""


def test_xml_is_masked_by_local_names_and_attributes_and_keeps_its_structure(redaction):
    masked = redaction.body(ENVELOPE)
    assert masked == (
        ENVELOPE.replace(b"#PasswordText", b"***")
        .replace(b"geheim", b"***")
        .replace(b'code="77"', b'code="***"')
        .replace(b'seen="yes"', b'seen="***"')
        .replace(b">1<b n='2'>3</b><![CDATA[4]]><!-- 5 --><?p 6?><", b'>***<b n="***">***</b>***<!--***-->***<')
        .replace(b'<pin a="9"/>', b'<pin a="***"/>')
    )
    assert [element.tag for element in etree.fromstring(masked).iter("*")] == [
        element.tag for element in etree.fromstring(ENVELOPE).iter("*")
    ]


def test_nested_elements_of_one_name_are_masked_to_the_end_of_the_outer_one():
    redaction = Redaction(["pin"])
    assert redaction.body(b"<a><pin>1<pin>2</pin>3</pin><b>4</b></a>") == b"<a><pin>***<pin>***</pin>***</pin><b>4</b></a>"


def test_xml_without_a_declared_name_keeps_every_byte(redaction):
    body = b"<a><b>1</b></a>"
    assert redaction.body(body) is body
    assert redaction.body(b"<order><other>1</other><pinned>2</pinned></order>") == b"<order><other>1</other><pinned>2</pinned></order>"


@pytest.mark.parametrize("end", range(0, 70, 3))
def test_half_an_answer_is_masked_like_a_whole_one(redaction, end):
    start = b'<order code="geheim"><customer><pin a="geheim">geheim'
    rest = b" geheim</b> <!-- geheim</pin><z>free</z></customer></pin></order>"
    masked = redaction.body(start + rest[:end])
    assert b"geheim" not in masked
    assert masked.startswith(b'<order code="***"><customer><pin a="***">***')


@pytest.mark.parametrize("body", [b'<order code="geheim', b'<order><customer><pin a="1" b="geheim', b"<order><customer><pin a='geheim"])
def test_a_tag_that_is_cut_off_is_masked(redaction, body):
    assert b"geheim" not in redaction.body(body)


def test_an_end_tag_too_many_and_one_too_few_do_no_harm(redaction):
    body = b"</pin></order><order><customer></pin><pin>geheim</customer><b>free</b></order>"
    assert redaction.body(body) == body.replace(b"geheim", b"***")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1"])
def test_xml_is_masked_in_other_encodings(redaction, encoding):
    text = "<order><customer><name>Ren\u00e9</name><pin>geheim</pin></customer></order>"
    masked = redaction.body(text.encode(encoding)).decode(encoding)
    assert masked == text.replace("geheim", "***")


def test_headers_with_credentials_and_declared_ones_are_masked(redaction):
    headers = {"Authorization": "Basic x", "client_secret": "x", "Cookie": "x", "X-Api-Key": "x", "x-account-pin": "x", "Accept": "*/*"}
    assert redaction.headers(headers) == {name: "*/*" if name == "Accept" else MASK for name in headers}


def test_a_parsed_document_is_masked_without_being_changed(redaction):
    document = {"billingAccount": {"amount": Decimal("1.50"), 5: "x"}, "list": ["a", {"password": "p"}], "n": None}
    before = copy.deepcopy(document)
    assert redaction.document(document) == {"billingAccount": {"amount": MASK, 5: MASK}, "list": ["a", {"password": MASK}], "n": None}
    assert document == before
    clean = {"a": [1, {"b": 2}]}
    assert redaction.document(clean) is clean
    assert redaction.document("text") == "text"


def test_a_parsed_document_without_an_end_to_its_depth_is_cut(redaction):
    document: list = ["geheim"]
    for _ in range(3000):
        document = [document]
    assert "geheim" not in str(redaction.document({"a": document}))[:5000]


def test_a_path_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"redact: 'order\.\[pin\]' is no path: expected a member name, found '\['"):
        Redaction(["order.[pin]"])


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"<", b"{", b"<order ", b'{"pin":', b"<order><customer><pin>", b"<!--<pin", b"\xff\xfe<\0"]),
)
def test_nothing_raises_for_any_bytes(body, start):
    assert isinstance(Redaction(PATHS).body(start + body), bytes)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["billingAccount", "note", "text", "@type", "a"]), inner, max_size=4)
    ),
    max_leaves=15,
)


def _leaves(value):
    if isinstance(value, dict):
        return {name: _leaves(member) for name, member in value.items()}
    return [_leaves(item) for item in value] if isinstance(value, list) else None


@settings(max_examples=100, deadline=None)
@given(JSON)
def test_masking_keeps_the_structure_masks_what_is_declared_and_does_so_once(document):
    redaction = Redaction(PATHS)
    masked = redaction.document(document)
    assert _leaves(masked) == _leaves(document)
    assert redaction.document(masked) == masked
    if isinstance(document, dict) and "billingAccount" in document:
        assert set(_scalars(masked["billingAccount"])) <= {MASK, None}


def _scalars(value):
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _scalars(member)
    else:
        yield value


def _walked(value, paths):
    """What these paths lead to, masked rule by rule: the definition, without anything made ready for a message."""
    if () in paths:
        return _masked(value)
    if isinstance(value, list):
        return [_walked(item, paths) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _reached(member, [steps for steps in paths if steps[0].name == name]) for name, member in value.items()}


def _reached(value, paths):
    if isinstance(value, list):
        return [_reached(item, paths) for item in value]
    return _walked(value, [steps[1:] for steps in paths if _holds(steps[0].pick, value)])


def _holds(pick, value):
    found = str(value.get(pick.key)) if pick is not None and isinstance(value, dict) else ""
    return pick is None or (found.casefold() == pick.value.casefold() if pick.fold else found == pick.value)


def _masked(value):
    if isinstance(value, dict):
        return {name: _masked(member) for name, member in value.items()}
    return [_masked(item) for item in value] if isinstance(value, list) else None if value is None else MASK


_STEPS = st.sampled_from(["a", "b", "note", "a[note=x]", "a[note=5]", "a[b=x]", "b[note~=X]", "note[a=x]", "note[a=None]", "b[a=x]"])
_PATHS = st.lists(st.lists(_STEPS, min_size=1, max_size=3).map(".".join), max_size=4)
_ENTRIES = st.lists(
    st.fixed_dictionaries({"a": st.sampled_from(["x", 5, None]), "note": st.sampled_from(["x", "y", 5, ["x"]])}), min_size=1
)
_DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "note"]), _ENTRIES | st.lists(_ENTRIES, max_size=2)) | st.recursive(
    st.none() | st.sampled_from(["x", "X", "", 5, True]) | st.integers(4, 5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "note", "c"]), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=400, deadline=None)
@given(_PATHS, _DOCUMENTS)
def test_what_is_made_ready_for_a_message_masks_what_walking_along_the_paths_masks(paths, document):
    before = copy.deepcopy(document)
    redaction = Redaction(paths)
    masked = redaction.document(document)
    assert masked == _walked(document, [parse_path(path).steps for path in paths])
    assert document == before
    body = orjson.dumps(document)
    if body[:1] in b"{[":
        assert redaction.json(body, document) == redaction.body(body) == (body if masked is document else orjson.dumps(masked))


def test_entries_of_which_one_is_picked_are_masked_there_and_keep_every_byte_where_it_says_nothing():
    redaction = Redaction(["note[@type=Pin].text", "note[@type=Job].id"])
    body = b'{"note": [{"@type": "Free", "text": "1"}, {"@type": "Pin", "text": "2", "id": 3}, {"@type": "Job", "id": 4}]}'
    masked = orjson.loads(redaction.body(body))["note"]
    assert masked == [{"@type": "Free", "text": "1"}, {"@type": "Pin", "text": MASK, "id": 3}, {"@type": "Job", "id": MASK}]
    for nothing in (b'{"note": [{"@type": "Pin", "text": null}], "text": "1"}', b'{"note": [{"@type": "Free", "text": "1"}]}'):
        assert redaction.body(nothing) is nothing


@pytest.mark.parametrize("depth", [150, 250])
def test_lists_inside_of_lists_are_entered_along_a_path_to_the_limit_and_masked_below(depth):
    for path in ("note.text", "note[@type=Pin].text", "note[@type~=pin].text"):
        document: object = {"@type": "Pin", "text": "geheim"}
        for _ in range(depth):
            document = [document]
        assert "geheim" not in str(Redaction([path]).document({"note": document}))


@pytest.mark.parametrize("name", ["capital", "rapid", "keys", "passage"])
def test_names_that_only_begin_like_those_of_credentials_are_free(name):
    body = orjson.dumps({name: "free", "billingAccount": "1"})
    assert Redaction(PATHS).body(body) == body.replace(b'"1"', b'"***"')


def test_a_credential_beside_what_is_declared_is_masked_where_the_document_is_at_hand():
    document = {"billingAccount": "1", "a": [{"password": "geheim"}], "Api-Key": "geheim"}
    for body in (orjson.dumps(document), orjson.dumps(document).replace(b"password", b"pass\\u0077ord")):
        assert Redaction(PATHS).json(body, document) == b'{"billingAccount":"***","a":[{"password":"***"}],"Api-Key":"***"}'


class _ByTags(XmlMasks):
    """The masks as they were before there was a short way: tag by tag, whatever the body looks like."""

    def _mask_plain(self, body: bytes, at: int, parts: list[bytes]) -> int:
        return self._mask_any(body, parts)


_NAMES = [
    b"party",
    b"name",
    b"phone",
    b"q:party",
    b"q:name",
    b"w:phone",
    b"party:name",
    b"line",
    b"names",
    b"Password",
    b"a-party",
    b"deep",
]
_MASKED_PATHS = [("party", "name"), ("phone",), ("line", "@name"), ("deep", "party", "line"), ("party", "party")]


def _piece(name: bytes) -> st.SearchStrategy[bytes]:
    text = st.sampled_from([b"", b"x", b" \n", b" party ", b"name>", b"!", b"?", b"\xc3\xa9", b"a b"])
    whole = text.map(lambda content: b"<%b>%b</%b>" % (name, content, name))
    odd = [
        b"<%b",
        b"<%b ",
        b"<%b>",
        b"</%b>",
        b"<%b/>",
        b'<%b a="1">',
        b"<%b name='<party>'>",
        b"<!--<%b>",
        b"<?%b",
        b"<![CDATA[<%b>",
        b"x%b=",
    ]
    return whole | text | st.sampled_from([form % name for form in odd])


_PIECES = st.sampled_from(_NAMES).flatmap(_piece) | st.sampled_from([b"-->", b"?>", b"]]>", b"<", b">", b'"', b"<?xml version='1.0'?>"])
_TREES = st.recursive(
    _PIECES,
    lambda inner: st.builds(
        lambda name, content: b"<%b>%b</%b>" % (name, b"".join(content), name), st.sampled_from(_NAMES), st.lists(inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([b"", b"<?xml version='1.0'?>", b"<?xml "]), st.lists(_TREES, max_size=6))
def test_the_short_way_masks_what_going_through_all_tags_masks(start, pieces):
    body = start + b"".join(pieces)
    assert XmlMasks(_MASKED_PATHS).mask(body) == _ByTags(_MASKED_PATHS).mask(body)


@pytest.mark.parametrize(
    "piece", [b"<a:party></b:party>", b"<party>", b"<party></q:party>", b"<party><name>", b"<phone>", b"<a:phone></b:phone>"]
)
def test_elements_that_have_no_end_of_their_own_take_no_longer_than_others(piece):
    body = piece * 30_000  # were the rest of the body searched for each end, this would take minutes
    assert XmlMasks(_MASKED_PATHS).mask(body) == body


@pytest.mark.parametrize("start", [b"<a>", b"<"])
def test_many_names_without_a_tag_take_no_longer_than_they_are(start):
    body = start + b"partyphone" * 100_000  # were each looked at from the last tag on, this would take minutes
    assert XmlMasks(_MASKED_PATHS).mask(body) is body
