"""``like:`` starts from another mapping, the same path overrides, ``without:`` leaves out; every rule keeps its layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.mapping.model import Direction, ListRule, MappingFile, TwoWayList, TwoWayRule, ValueRule
from adapter.mapping.overlay import Folder
from adapter.mapping.parse import Parsed, load_mapping

BASE = """\
operation: order.create
legacy: Place
source: "base"
require:
  - account.id
  - header: lob
both:
  externalId: order.number
  item[]:
    legacy: order.line[]
    both:
      id: code
      name: label
request:
  order.account: request['account.id']
  order.remark[]:
    each: request.note
    set:
      text: item.text
      kind: item.kind
reply:
  id: reply.number
  state: "'done'"
  note[@type=Job].text: reply.job
drop:
  - {path: price, why: "known there"}
outcome:
  - {when: reply.number is present, is: accepted}
view:
  plain:
    state: "'Done'"
"""


class Markets:
    """A folder of mappings under a temporary root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, market: str, text: str, operation: str = "order.create") -> None:
        (self.root / market).mkdir(exist_ok=True)
        (self.root / market / f"{operation}.yaml").write_text(text, encoding="utf-8")

    def load(self, market: str, operation: str = "order.create") -> Parsed:
        return load_mapping(self.root, market, operation, shown="m")

    def file(self, market: str, operation: str = "order.create") -> MappingFile:
        parsed = self.load(market, operation)
        assert list(parsed.findings) == []
        assert parsed.file is not None
        return parsed.file

    def codes(self, market: str, operation: str = "order.create") -> list[tuple[str, str]]:
        return [(finding.code, str(finding.at)) for finding in self.load(market, operation).findings]


@pytest.fixture
def markets(tmp_path: Path) -> Markets:
    found = Markets(tmp_path)
    found.write("base", BASE)
    return found


def targets(rules: tuple[object, ...]) -> list[tuple[str, str]]:
    return [(rule.target.text, rule.layer) for rule in rules if isinstance(rule, ValueRule | ListRule)]


def test_the_same_path_overrides_and_a_new_one_is_added(markets: Markets) -> None:
    markets.write("own", "operation: order.create\nlike: base\nreply:\n  state: reply.state\n  priority: reply.prio\n")
    file = markets.file("own")
    assert targets(file.rules["reply"]) == [("id", "base"), ("state", "own"), ("note[@type=Job].text", "base"), ("priority", "own")]
    assert (file.legacy.value, file.source) == ("Place", "base")
    assert list(file.files) == ["m/base/order.create.yaml", "m/own/order.create.yaml"]
    assert str(file.rules["reply"][0].at).startswith("m/base/order.create.yaml:")
    assert str(file.rules["reply"][1].at).startswith("m/own/order.create.yaml:")


def test_another_spelling_of_the_path_overrides_too(markets: Markets) -> None:
    markets.write("own", "like: base\noperation: order.create\nreply:\n  note[@type='Job'].text: reply.other\n")
    assert targets(markets.file("own").rules["reply"])[2] == ("note[@type='Job'].text", "own")


def test_a_list_block_overrides_a_copied_list_of_the_same_path(markets: Markets) -> None:
    markets.write("base", BASE.replace("  state: \"'done'\"", "  item: request.item"))
    markets.write("own", "like: base\noperation: order.create\nreply:\n  item[]:\n    each: reply.line\n    set: {id: item.code}\n")
    assert [target for target, _ in targets(markets.file("own").rules["reply"])] == ["id", "item[]", "note[@type=Job].text"]


def test_without_leaves_rules_out(markets: Markets) -> None:
    markets.write(
        "own",
        """\
operation: order.create
like: base
without:
  - reply.note[@type='Job'].text
  - request.order.remark[].kind
  - both.item[].both.name
  - require.header.lob
  - drop.price
  - view.plain.state
""",
    )
    file = markets.file("own")
    assert [target for target, _ in targets(file.rules["reply"])] == ["id", "state"]
    remark = file.rules["request"][1]
    assert isinstance(remark, ListRule)
    assert targets(remark.rules) == [("text", "base")]
    items = file.both[1]
    assert isinstance(items, TwoWayList)
    assert [rule.canonical.text for rule in items.both] == ["id"]
    assert [entry.path.text for entry in file.require if entry.path] == ["account.id"]
    assert file.drop == ()
    assert file.view[0].rules == ()


def test_a_whole_face_and_a_whole_list_can_be_left_out(markets: Markets) -> None:
    markets.write("own", "operation: order.create\nlike: base\nwithout: [view.plain, 'both.item[]', require.account.id]\n")
    file = markets.file("own")
    assert (len(file.view), len(file.both), len(file.require)) == (0, 1, 1)


def test_a_block_without_each_changes_parts_of_the_parents_list(markets: Markets) -> None:
    markets.write(
        "own",
        """\
operation: order.create
like: base
request:
  order.remark[]:
    when: item.text is present
    set:
      kind: "'Note'"
both:
  item[]:
    both:
      size: length
  externalId:
    default: "'none'"
""",
    )
    file = markets.file("own")
    remark = file.rules["request"][1]
    assert isinstance(remark, ListRule)
    assert remark.each.text == "request.note"
    assert remark.when is not None
    assert targets(remark.rules) == [("text", "base"), ("kind", "own")]
    number, items = file.both
    assert isinstance(number, TwoWayRule)
    assert number.legacy.text == "order.number"
    assert number.default is not None
    assert isinstance(items, TwoWayList)
    assert [(rule.canonical.text, rule.layer) for rule in items.both] == [("id", "base"), ("name", "base"), ("size", "own")]


def test_a_block_with_each_replaces_the_parents_list(markets: Markets) -> None:
    markets.write(
        "own", "operation: order.create\nlike: base\nrequest:\n  order.remark[]:\n    each: request.other\n    set: {text: item.text}\n"
    )
    remark = markets.file("own").rules["request"][1]
    assert isinstance(remark, ListRule)
    assert (remark.each.text, len(remark.rules)) == ("request.other", 1)


def test_outcome_is_replaced_as_a_whole_and_require_and_drop_are_added(markets: Markets) -> None:
    markets.write(
        "own",
        """\
operation: order.create
like: base
legacy: Other
require: [externalId]
drop: [{path: cost, why: x}]
outcome: [{is: accepted}]
view:
  plain: {id: answer.id}
  tmf: {id: answer.id}
""",
    )
    file = markets.file("own")
    assert file.legacy.value == "Other"
    assert [entry.path.text if entry.path else "" for entry in file.require] == ["account.id", "", "externalId"]
    assert [entry.layer for entry in file.require] == ["base", "base", "own"]
    assert [drop.path.text for drop in file.drop] == ["price", "cost"]
    assert len(file.outcome) == 1
    assert [(view.face.value, len(view.rules)) for view in file.view] == [("plain", 2), ("tmf", 1)]


def test_parents_have_parents(markets: Markets) -> None:
    markets.write("middle", "operation: order.create\nlike: base\nreply:\n  state: reply.middle\n")
    markets.write("own", "operation: order.create\nlike: middle\nreply:\n  id: reply.own\n")
    assert targets(markets.file("own").rules["reply"]) == [("id", "own"), ("state", "middle"), ("note[@type=Job].text", "base")]


def test_another_operation_of_the_same_market_is_a_layer_of_its_own(markets: Markets) -> None:
    text = "operation: order.probe\nlegacy: Find\nlike: base/order.create\ninherit: reply\nrequest:\n  number: request.externalId\n"
    markets.write("base", text + "outcome: [{is: accepted}]\n", "order.probe")
    file = markets.file("base", "order.probe")
    assert targets(file.rules["reply"])[0] == ("id", "base/order.create")
    assert targets(file.rules["request"]) == [("number", "base")]
    assert [rule.only for rule in file.both] == [Direction.REPLY, Direction.REPLY]
    assert (file.require, file.drop, len(file.view)) == ((), (), 1)


def test_inherit_request_takes_the_other_direction(markets: Markets) -> None:
    markets.write("own", "operation: order.create\nlike: base\ninherit: request\nboth:\n  externalId: order.id\n")
    file = markets.file("own")
    assert (file.rules["reply"], file.outcome, file.view) == ((), (), ())
    assert (len(file.require), len(file.rules["request"]), len(file.drop)) == (2, 2, 1)
    assert [rule.only for rule in file.both] == [None, Direction.REQUEST]
    markets.write("next", "operation: order.create\nlike: own\ninherit: reply\nreply: {id: reply.x}\n")
    assert [rule.canonical.text for rule in markets.file("next").both] == ["externalId"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("like: nobody\n", [("M701", "m/own/order.create.yaml:1:7")]),
        ("like: base/order.change\nreply: {id: x}\n", [("M701", "m/own/order.create.yaml:1:7")]),
        ("like: own\nreply: {id: reply.x}\n", [("M702", "m/own/order.create.yaml:1:7")]),
        ("like: base\nreply: {id: reply.number}\n", [("M703", "m/own/order.create.yaml:2:9")]),
        ("like: base\nrequire: [account.id]\n", [("M703", "m/own/order.create.yaml:2:11")]),
        ("like: base\noutcome:\n  - {is: accepted, when: reply.number  is present}\n", [("M703", "m/own/order.create.yaml:3:3")]),
        ("like: base\nview: {plain: {state: \"'Done'\"}}\n", [("M703", "m/own/order.create.yaml:2:16")]),
        ("like: base\nrequest: {'order.remark[]': {set: {kind: item.kind}}}\n", [("M703", "m/own/order.create.yaml:2:36")]),
        (
            "like: base\nwithout: [reply.stat, 'x', [y]]\n",
            [
                ("M704", "m/own/order.create.yaml:2:11"),
                ("M704", "m/own/order.create.yaml:2:24"),
                ("M112", "m/own/order.create.yaml:2:28"),
            ],
        ),
        ("like: base\nwithout: reply.id\nreply: {x: y}\n", [("M112", "m/own/order.create.yaml:2:10")]),
        ("like: base\n", [("M706", "m/own/order.create.yaml:1:1")]),
        ("like: base\nsource: other\n", [("M706", "m/own/order.create.yaml:1:1")]),
        ("like: base\ninherit: both\nreply: {x: y}\n", [("M119", "m/own/order.create.yaml:2:10")]),
        ("legacy: X\ninherit: reply\nwithout: [a.b]\n", [("M705", "m/own/order.create.yaml:3:1"), ("M705", "m/own/order.create.yaml:2:1")]),
    ],
)
def test_overlays_that_do_not_fit(markets: Markets, own: str, expected: list[tuple[str, str]]) -> None:
    markets.write("own", own.replace("\n", "\noperation: order.create\n", 1) if "legacy" in own else own)
    found = markets.codes("own")
    if "legacy" in own:
        expected = [(code, at.replace(":3:", ":4:").replace(":2:", ":3:")) for code, at in expected]
    assert [each for each in found if each[0].startswith("M7") or each[0] in ("M112", "M119")] == expected


def test_a_cycle_over_several_files_is_found(markets: Markets) -> None:
    markets.write("a", "operation: order.create\nlike: b\nreply: {x: reply.a}\n")
    markets.write("b", "operation: order.create\nlegacy: X\nlike: c\nreply: {x: reply.b}\n")
    markets.write("c", "operation: order.create\nlike: a\nreply: {x: reply.c}\n")
    (finding,) = [each for each in markets.load("a").findings if each.code == "M702"]
    assert "a/order.create → b/order.create → c/order.create → a/order.create" in finding.text
    assert str(finding.at) == "m/c/order.create.yaml:2:7"


def test_a_parent_that_is_no_yaml_is_told_with_its_own_place(markets: Markets) -> None:
    markets.write("base", "a: [")
    markets.write("own", "operation: order.create\nlegacy: X\nlike: base\nreply: {id: reply.x}\n")
    assert markets.codes("own") == [("M101", "m/base/order.create.yaml:1:5")]


def test_sections_of_another_form_are_replaced_and_told(markets: Markets) -> None:
    markets.write("own", "operation: order.create\nlike: base\nreply: text\nview: {plain: text}\nboth: {externalId: [x]}\n")
    assert {code for code, _ in markets.codes("own")} == {"M112"}


def test_the_names_of_a_folder(markets: Markets) -> None:
    markets.write("base", BASE, "order.probe")
    (markets.root / "base" / "codes.yaml").write_text("tables: {}\n", encoding="utf-8")
    assert Folder(markets.root, "m").names() == ["base/order.create", "base/order.probe"]


MESSAGE = """\
operation: order.create
receives: Progress
identity: message.id
both:
  externalId: order.number
report:
  id: message.number
  state: "'done'"
answer:
  code: "'0'"
"""


def test_one_direction_of_a_received_message_may_be_taken(markets: Markets) -> None:
    markets.write("base", MESSAGE)
    markets.write("own", "like: base\ninherit: report\nanswer:\n  text: outcome.text\n")
    file = markets.file("own")
    assert file.received
    assert file.legacy.value == "Progress"
    assert targets(file.rules["report"]) == [("id", "base"), ("state", "base")]
    assert targets(file.rules["answer"]) == [("text", "own")]
    assert file.identity is not None
    assert [rule.only for rule in file.both] == [None]
    markets.write("own", "like: base\ninherit: answer\nreport:\n  id: message.reference\n")
    file = markets.file("own")
    assert (file.identity, file.both) == (None, ())
    assert (targets(file.rules["report"]), targets(file.rules["answer"])) == ([("id", "own")], [("code", "base")])


def test_rules_of_a_received_message_are_overridden_and_left_out(markets: Markets) -> None:
    markets.write("base", MESSAGE)
    markets.write("own", "like: base\nidentity: message.reference\nwithout: [report.state]\nanswer:\n  code: \"'OK'\"\n")
    file = markets.file("own")
    assert file.identity is not None
    assert file.identity.text == "message.reference"
    assert targets(file.rules["report"]) == [("id", "base")]
    assert targets(file.rules["answer"]) == [("code", "own")]
    markets.write("own", "like: base\nwithout: [identity]\n")
    assert markets.file("own").identity is None


REFUSING = """\
operation: order.create
legacy: Place
refuse:
  - {when: known is absent, text: "'unknown'", code: "1"}
  - {when: known.state == 'done', text: "'over'", code: "2"}
request:
  number: known.id
subject:
  state: "'held'"
  comment: reply.remark
outcome:
  - is: accepted
"""


def test_refusals_are_added_and_left_out_by_code(markets: Markets) -> None:
    markets.write("base", REFUSING)
    own = 'like: base\nwithout: [refuse.2, subject.comment]\nrefuse:\n  - {when: now == "", text: now, status: 422}\n'
    markets.write("own", own + "subject:\n  state: \"'done'\"\n")
    file = markets.file("own")
    assert [(rule.code, rule.status, rule.layer) for rule in file.refuse] == [("1", 409, "base"), ("", 422, "own")]
    assert targets(file.rules["subject"]) == [("state", "own")]


def test_each_direction_has_its_judging_sections(markets: Markets) -> None:
    markets.write("base", REFUSING)
    markets.write("own", "like: base\ninherit: reply\nrequest:\n  number: now\n")
    file = markets.file("own")
    assert (file.refuse, len(file.rules["subject"])) == ((), 2)
    markets.write("own", "like: base\ninherit: request\nreply:\n  id: reply.id\n")
    file = markets.file("own")
    assert (len(file.refuse), file.rules["subject"]) == (2, ())
