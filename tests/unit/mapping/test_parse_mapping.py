"""Text → MappingFile: every form of a rule, its place and its layer; all findings at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.mapping.legacy_text import LegacyTextError, converter_calls, path_part
from adapter.mapping.model import Direction, ListRule, MappingFile, TwoWayList, TwoWayRule, ValueRule
from adapter.mapping.parse import load_mapping, parse_mapping

WHOLE = """\
operation: productOrder.create
legacy: Place
source: "page 2"
require:
  - account.id
  - path: note[@type=Job].text
    when: request.urgent == true
  - header: lob
  - query: dryRun
both:
  externalId: order.number | code(kinds) | padded(4, '0')
  category: {legacy: order.category, default: "'R'"}
  item[]:
    legacy: order.line[]
    both:
      id: code
    request:
      kind: "'x'"
    reply:
      state: "'done'"
request:
  order.account: request['account.id']
  order.date:
    choose:
      - when: request.urgent == true
        value: now
        note: sent at once
      - otherwise: request.date
    default: "'never'"
    table: dates
  order.flag: {value: "'Y'", when: request.urgent == true, note: flagged}
  order.remark[]:
    each: request.note
    when: item.text is present
    set:
      text: item.text
      part[]:
        each: item.part
        set:
          id: outer.item.id
reply:
  id: reply.number
drop:
  - {path: "item[].price", why: "the backend knows it"}
outcome:
  - when: reply.code == '0'
    is: accepted
    texts: reply.texts
  - is: rejected
    message: reply.code
    status: 409
view:
  plain:
    state: "'Done'"
"""


def parsed(text: str) -> MappingFile:
    result = parse_mapping(text, "f.yaml", "pr")
    assert list(result.findings) == []
    assert result.file is not None
    return result.file


def findings(text: str) -> list[tuple[str, str]]:
    return [(finding.code, f"{finding.at.line}:{finding.at.column}") for finding in parse_mapping(text, "f.yaml").findings]


def with_rule(rule: str) -> str:
    return f"operation: a.b\nlegacy: X\nrequest:\n{rule}"


def test_every_form_is_read() -> None:
    file = parsed(WHOLE)
    assert (file.operation.value, file.legacy.value, file.source) == ("productOrder.create", "Place", "page 2")
    path, conditional, header, query = file.require
    assert path.path is not None
    assert path.path.text == "account.id"
    assert conditional.when is not None
    assert conditional.when.text == "request.urgent == true"
    assert header.header is not None
    assert header.header.value == "lob"
    assert query.query is not None
    assert query.query.value == "dryRun"
    assert [str(drop.path.path) for drop in file.drop] == ["item[].price"]
    accepted, rejected = file.outcome
    assert (accepted.kind.value, accepted.status, accepted.message) == ("accepted", None, None)
    assert (rejected.kind.value, rejected.status, rejected.when) == ("rejected", 409, None)
    assert file.view[0].face.value == "plain"
    assert list(file.files) == ["f.yaml"]
    assert str(file.places["view"]) == "f.yaml:52:1"


def test_two_way_rules() -> None:
    number, category, items = parsed(WHOLE).both
    assert isinstance(number, TwoWayRule)
    assert str(number.legacy.path) == "order.number"
    assert [(call.name, call.arguments, str(call.at)) for call in number.converters] == [
        ("code", ("kinds",), "f.yaml:11:30"),
        ("padded", (4, "0"), "f.yaml:11:44"),
    ]
    assert isinstance(category, TwoWayRule)
    assert category.default is not None
    assert category.only is None
    assert isinstance(items, TwoWayList)
    assert (len(items.both), len(items.request), len(items.reply)) == (1, 1, 1)


def test_one_way_rules() -> None:
    account, date, flag, remark = parsed(WHOLE).rules["request"]
    assert isinstance(account, ValueRule)
    assert (account.branches[0].when, account.layer, str(account.at)) == (None, "pr", "f.yaml:22:3")
    assert isinstance(date, ValueRule)
    assert [branch.note for branch in date.branches] == ["sent at once", ""]
    assert date.branches[1].when is None
    assert date.default is not None
    assert date.table is not None
    assert date.table.value == "dates"
    assert isinstance(flag, ValueRule)
    assert (flag.branches[0].note, flag.branches[0].when is None) == ("flagged", False)
    assert isinstance(remark, ListRule)
    text, part = remark.rules
    assert isinstance(text, ValueRule)
    assert isinstance(part, ListRule)
    assert part.each.text == "item.part"


def test_all_findings_are_told_at_once() -> None:
    text = with_rule("  a.b[: x\n  c: x |\n  d: {value: y, tabel: t}\n  e:\n  f[]: {set: {}}\nreplay: {}\n")
    assert sorted(findings(text)) == [
        ("M110", "6:17"),
        ("M110", "9:1"),
        ("M111", "8:9"),
        ("M113", "7:5"),
        ("M115", "5:8"),
        ("M117", "4:7"),
    ]


def test_a_rule_that_cannot_be_read_leaves_the_others() -> None:
    result = parse_mapping(with_rule("  a: x |\n  b: request.b\n  c: {value: x.y(), when: z |}\n"), "f.yaml")
    assert result.file is not None
    assert [str(rule.target.path) for rule in result.file.rules["request"]] == ["b"]
    assert [finding.code for finding in result.findings] == ["M115", "M115", "M116"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("  a[x=1].b: y\n  a[x='1'].b: z\n", [("M103", "5:3")]),
        ("  a[].b: y\n", [("M413", "4:3")]),
        ("  a[]: y\n", [("M413", "4:3")]),
        ("  a[x=1]: y\n", [("M413", "4:3")]),
        ("  a: {each: y, set: {b: item}}\n", [("M413", "4:3")]),
        ("  a: {choose: [{otherwise: x}, {when: y, value: z}]}\n", [("M409", "4:32")]),
        ("  a: {when: y, choose: [{otherwise: x}]}\n", [("M114", "4:7")]),
        ("  a: {value: x, choose: [{otherwise: x}]}\n", [("M114", "4:17")]),
        ("  a: {choose: [x]}\n", [("M112", "4:16")]),
        ("  a: {choose: [{when: x}]}\n", [("M111", "4:17")]),
        ("  a: [x]\n", [("M112", "4:6")]),
        ("  a: {value: ''}\n", [("M113", "4:14")]),
        ("  ' ': x\n", [("M113", "4:4")]),
        ("  a: {value: {b: c}}\n", [("M112", "4:14")]),
        ("  a: {each: y, set: z}\n", [("M112", "4:21"), ("M413", "4:3")]),
    ],
)
def test_forms_of_rules_that_do_not_fit(rule: str, expected: list[tuple[str, str]]) -> None:
    assert findings(with_rule(rule)) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("  a: b | code(\n", [("M118", "4:15")]),
        ("  a: b | 3\n", [("M118", "4:10")]),
        ("  a: b | code x\n", [("M118", "4:15")]),
        ("  a: b | code(x y)\n", [("M118", "4:17")]),
        ("  a: b | code(,)\n", [("M118", "4:15")]),
        ("  a: b | code(?)\n", [("M118", "4:15")]),
        ("  a: '| code(x)'\n", [("M117", "4:7")]),
        ("  a: b..c\n", [("M117", "4:8")]),
        ("  a: ''\n", [("M113", "4:6")]),
        ("  a[]: b\n", [("M413", "4:3")]),
        ("  a: b[]\n", [("M413", "4:6")]),
        ("  a: {default: x}\n", [("M111", "4:7")]),
        ("  a: {legacy: [b]}\n", [("M112", "4:15")]),
        ("  a[]: {legacy: 'b', both: {c: d}}\n", [("M413", "4:18")]),
        ("  a[]: {legacy: 'b[', both: {c: d}}\n", [("M117", "4:20")]),
        ("  a: [b]\n", [("M112", "4:6")]),
    ],
)
def test_two_way_rules_that_do_not_fit(rule: str, expected: list[tuple[str, str]]) -> None:
    assert findings(f"operation: a.b\nlegacy: X\nboth:\n{rule}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("legacy: X\n", [("M111", "1:1")]),
        ("operation: productOrder\nlegacy: X\n", [("M119", "1:12")]),
        ("operation: [a]\nlegacy: X\n", [("M112", "1:12")]),
        ("operation: a.b\nlegacy: X\nrequire: a\n", [("M112", "3:10")]),
        ("operation: a.b\nlegacy: X\nrequire: [{path: a, header: b}]\n", [("M114", "3:21")]),
        ("operation: a.b\nlegacy: X\nrequire: [{when: a}]\n", [("M111", "3:12")]),
        ("operation: a.b\nlegacy: X\nrequire: [[a]]\n", [("M112", "3:11")]),
        ("operation: a.b\nlegacy: X\nrequire: ['a[']\n", [("M117", "3:14")]),
        ("operation: a.b\nlegacy: X\ndrop: [{path: 'a[', why: b}, {path: c}, d]\n", [("M111", "3:31"), ("M112", "3:41"), ("M117", "3:18")]),
        ("operation: a.b\nlegacy: X\noutcome: [{when: a}, b, {is: ok}]\n", [("M111", "3:12"), ("M112", "3:22"), ("M212", "3:30")]),
        ("operation: a.b\nlegacy: X\noutcome: [{is: accepted, status: abc}]\n", [("M119", "3:34")]),
        ("operation: a.b\nlegacy: X\nview: a\n", [("M112", "3:7")]),
        ("operation: a.b\nlegacy: X\nview: {f: a}\n", [("M112", "3:11")]),
        ("operation: a.b\nlegacy: X\nlike: pr\n", [("M701", "3:1")]),
        ("operation: a.b\nlegacy: X\nlike: ''\n", [("M113", "3:7"), ("M701", "3:1")]),
    ],
)
def test_sections_that_do_not_fit(text: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(findings(text)) == sorted(expected)


def test_a_text_that_is_no_yaml_gives_no_file() -> None:
    assert parse_mapping("a: [", "f.yaml").file is None


def test_a_finding_in_a_folded_expression_lies_on_its_own_line() -> None:
    text = with_rule("  a: >-\n    request.b == 'x'\n    and request.c == = 'y'\n")
    assert findings(text) == [("M115", "6:22")]


def test_a_file_knows_its_layer_and_shown_name(tmp_path: Path) -> None:
    (tmp_path / "mappings" / "pr").mkdir(parents=True)
    path = tmp_path / "mappings" / "pr" / "productOrder.create.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    result = load_mapping(tmp_path / "mappings", "pr", "productOrder.create")
    assert result.file is not None
    assert result.file.rules["request"][0].layer == "pr"
    assert str(result.file.rules["request"][0].at) == "mappings/pr/productOrder.create.yaml:22:3"
    assert result.file.files == {"mappings/pr/productOrder.create.yaml": WHOLE}
    assert result.findings == ()


def test_the_directions_are_those_of_the_sections() -> None:
    assert [str(direction) for direction in Direction] == ["request", "reply"]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b", "a.b"),
        ("a.b | code(x)", "a.b "),
        ("a[k='x|y'].b|c", "a[k='x|y'].b"),
        ("a[k=x|y] | c", "a[k=x|y] "),
        ('a[k="|"]', 'a[k="|"]'),
    ],
)
def test_the_path_ends_at_the_first_bar_outside_of_brackets(text: str, path: str) -> None:
    assert path_part(text) == path


def test_arguments_are_constants() -> None:
    text = "a | one | two() | three(x, 'y z', \"w\", -3, true, false)  "
    calls = converter_calls(text, 2)
    assert [(call.name, call.arguments) for call in calls] == [("one", ()), ("two", ()), ("three", ("x", "y z", "w", -3, True, False))]
    assert [text[call.offset :].split(maxsplit=1)[0].rstrip("()") for call in calls][:2] == ["one", "two"]
    assert converter_calls("a", 1) == ()
    with pytest.raises(LegacyTextError) as caught:
        converter_calls("a | b(", 2)
    assert caught.value.offset == 6
