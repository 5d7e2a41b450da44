"""What the checker says about a mapping, beyond the corpus in tests/diagnostics: presence, correlation, tables, drops, choices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapter.contract.path import parse_path
from adapter.contract.shape import Branch, Kind, Member, MemberGroup, OperationContract, Place, Shape
from adapter.finding import Position
from adapter.mapping.check import Canonical, Surroundings, check_mapping, check_parsed, unused_tables
from adapter.mapping.check.targets import Completeness, Write, tree
from adapter.mapping.check.values import constant_misfit, misfit, shape_misfit
from adapter.mapping.model import Direction, MappingFile, PathText
from adapter.mapping.parse import parse_mapping
from adapter.mapping.tables import parse_tables
from adapter.mapping.types import Type, constant

TEXT = Shape(Kind.TEXT)
INTEGER = Shape(Kind.INTEGER)
AT = Position("f", 1, 1)


def obj(*members: Member, name: str = "Thing", groups: tuple[MemberGroup, ...] = (), open_: bool = False) -> Shape:
    return Shape(Kind.OBJECT, name, {member.name: member for member in members}, groups=groups, open=open_)


def must(name: str, shape: Shape = TEXT, *, many: bool = False, nullable: bool = False) -> Member:
    return Member(name, shape, required=True, many=many, nullable=nullable)


def may(name: str, shape: Shape = TEXT, *, many: bool = False, nullable: bool = False) -> Member:
    return Member(name, shape, many=many, nullable=nullable)


PARTY = obj(must("id"), may("name"), may("address", obj(must("street"), may("town"), name="Address")), name="Party")
REQUEST = obj(
    may("externalId"),
    may("count", INTEGER),
    may("kind", Shape(Kind.TEXT, enum=("a", "b"))),
    may("customer", PARTY),
    may("party", PARTY, many=True),
    must("item", obj(must("id"), may("part", obj(must("id"), may("size", INTEGER), name="Part"), many=True), name="Item"), many=True),
    may("anything", Shape(Kind.ANY)),
    name="Request",
)
RESOURCE = obj(must("id"), *REQUEST.members.values(), name="Resource")
LINE = obj(must("code"), may("piece", obj(must("code"), may("length", INTEGER), name="Piece"), many=True), name="Line")
INPUT = obj(
    must("number"),
    may("amount", Shape(Kind.DECIMAL)),
    may("kind", Shape(Kind.TEXT, enum=("1", "2"))),
    may("owner", obj(must("id"), may("name"), may("street"), name="Owner")),
    may("line", LINE, many=True),
    may("free", obj(name="Free", open_=True)),
)
OUTPUT = obj(must("code"), may("number"), may("kind", Shape(Kind.TEXT, enum=("1", "2"))), may("line", LINE, many=True), name="Reply")
AROUND = Surroundings(
    canonical={"order": Canonical(REQUEST, RESOURCE, answers={"short": obj(may("nr"))}), "order.probe": Canonical(obj(), RESOURCE)},
    legacy={"Place": OperationContract("Place", INPUT, OUTPUT)},
    faces=frozenset({"plain", "short"}),
    path=frozenset({"id"}),
)

HEAD = "operation: order.create\nlegacy: Place\n"
SENT = "  number: correlationId\n"
GIVEN = "  id: reply.code\n  item: request.item\n"
ACCEPTED = "outcome:\n  - {is: accepted}\n"


def mapping(request: str = "", reply: str = "", rest: str = "", outcome: str = ACCEPTED) -> str:
    return f"{HEAD}request:\n{SENT}{request}reply:\n{GIVEN}{reply}{outcome}{rest}"


def file_of(text: str) -> MappingFile:
    parsed = parse_mapping(text, "f")
    assert list(parsed.findings) == []
    assert parsed.file is not None
    return parsed.file


def codes(text: str, around: Surroundings = AROUND) -> list[str]:
    return [finding.code for finding in check_mapping(file_of(text), around)]


def hints(text: str, around: Surroundings = AROUND) -> list[str]:
    return [f"{finding.code}: {finding.hint}" for finding in check_mapping(file_of(text), around)]


def test_a_sound_mapping_has_no_findings() -> None:
    assert codes(mapping()) == []


# -- presence


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # a customer that is there has an id; the name of one that is there may be missing
        ("  owner.id: request['customer.id']\n  owner.name: request['customer.name']\n", []),
        ("  owner.id: request['customer.name']\n  owner.name: request['customer.id']\n", ["M402"]),
        ("  owner.id: request['customer.id']\n  owner.name: request.externalId\n", ["M402"]),
        ("  owner.id: request['customer.id']\n  owner.name: correlationId\n", ["M402"]),
        ("  owner.id: request['customer.id']\n", []),
        ("  owner.name: request['customer.id']\n", ["M401"]),
        ("  owner.id: request['customer.address.street']\n  owner.street: request['customer.address.town']\n", []),
        ("  owner.id: request['customer.address.street']\n  owner.street: request['customer.id']\n", ["M402"]),
        # the same condition on both
        ("  owner.id: {value: uid, when: request.count == 1}\n  owner.name: {value: now, when: request.count  == 1}\n", []),
        ("  owner.id: {value: uid, when: request.count == 1}\n  owner.name: {value: now, when: request.count == 2}\n", ["M402"]),
        ("  owner.id: request['customer.id']\n  owner.name: {value: now, when: request.customer is present}\n", []),
        # of what is not known nothing is said
        ("  owner.id: request.externalId | default(absent)\n  owner.name: request.externalId\n", []),
        ("  owner.id: request['party[name=x].id']\n  owner.name: request['party[name=x].name']\n", []),
        ("  owner.id: request['party[name=x].id']\n  owner.name: request['party[name=y].name']\n", ["M402"]),
        ("  owner.id: path['id']\n  owner.name: now\n", []),
    ],
)
def test_a_required_member_of_an_optional_object(rules: str, expected: list[str]) -> None:
    assert codes(mapping(rules)) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("request.externalId", ["M402"]),
        ("request.externalId | default('x')", []),
        ("absent", ["M402"]),
        ("{value: request.externalId, default: uid}", []),
        ("{value: request.externalId, default: request.kind}", ["M402"]),
        ("{value: uid, when: request.count == 1}", ["M402"]),
        ("{choose: [{when: request.externalId is present, value: request.externalId}, {otherwise: uid}]}", []),
        ("{choose: [{when: request.externalId is absent, value: uid}, {otherwise: request.externalId}]}", []),
        ("{choose: [{when: request.count == 1, value: uid}, {otherwise: request.externalId}]}", ["M402"]),
        ("stored.request.externalId", ["M402"]),
        ("request.anything", ["M402"]),
        ("{value: uid, default: request.nothing}", ["M414", "M201"]),
    ],
)
def test_a_required_place_on_every_branch(number: str, expected: list[str]) -> None:
    assert codes(mapping().replace("  number: correlationId", f"  number: {number}")) == expected


def test_what_is_required_or_accepted_is_there() -> None:
    text = mapping().replace("  number: correlationId", "  number: request.externalId")
    assert codes(text + "require: [externalId]\n") == []
    assert codes(text + "require: [{path: externalId, when: request.count == 1}]\n") == ["M402"]
    reply = mapping().replace("reply.code", "reply.number")
    assert hints(reply) == ["M402: let the accepted outcome ask for it (reply['number'] is present), or write … | default(…)"]
    assert codes(reply.replace("{is: accepted}", "{is: accepted, when: reply.number is present}")) == []
    assert codes(reply.replace("{is: accepted}", "{is: accepted, when: reply.number is present}\n  - {is: accepted}")) == ["M402"]


def test_what_is_required_of_each_element_is_there_in_each_element() -> None:
    rules = "  line[]:\n    each: request.party\n    set:\n      code: item.name\n"
    assert hints(mapping(rules)) == ["M402: require party[].name, or write … | default(…)"]
    assert codes(mapping(rules, rest="require: ['party[].name']\n")) == []
    assert codes(mapping(rules.replace("    set", "    when: item.name is present\n    set"))) == []
    nested = (
        "  line[]:\n    each: request.item\n    set:\n      code: item.id\n      piece[]:\n"
        "        each: item.part\n        set:\n          code: outer.item.id\n          length: item.size | default(0) + index\n"
    )
    assert codes(mapping(nested)) == []
    deep = nested.replace("code: outer.item.id", "code: item.size | text")
    assert codes(mapping(deep)) == ["M309"]


def test_a_list_block_walks_a_list() -> None:
    rules = "  line[]:\n    each: {each}\n    set:\n      code: item.id\n"
    assert codes(mapping(rules.replace("{each}", "request.item"))) == []
    assert codes(mapping(rules.replace("{each}", "request.customer"))) == ["M303"]
    assert codes(mapping(rules.replace("{each}", "request.anything"))) == ["M402"]  # nothing says that its elements have an id
    assert codes(mapping(rules.replace("{each}", "request.nothing"))) == ["M201"]
    assert codes(mapping(rules.replace("{each}", "request['party[].address']").replace("item.id", "item.street"))) == []


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("  customer.name: uid\n  customer: request.customer\n", ["M404"]),
        ("  customer: request.customer\n  customer.name: uid\n", ["M404"]),
        ("  party[name=x].id: uid\n  party: request.party\n", ["M404"]),
        ("  party: request.party\n  party[name=x].id: uid\n", ["M404"]),
        ("  party[name=x].id: uid\n  party[]: {each: request.party, set: {id: item.id}}\n", []),
        ("  party[name=x].id: uid\n  party[name=y].id: uid\n", []),
        ("  party[name=x].id: uid\n  party[name=x].address.street: now\n", []),
        ("  party[]: {each: request.party, set: {id: item.id}}\n  party: request.party\n", ["M404"]),
    ],
)
def test_a_copy_and_its_parts_are_not_both_written(rules: str, expected: list[str]) -> None:
    found = codes(mapping(reply=rules))
    assert found == expected


def test_branches_that_ask_the_same() -> None:
    rule = "  owner.id:\n    choose:\n      - {when: request.count == 1, value: uid}\n      - {when: request.count  == 1, value: now}\n"
    assert codes(mapping(rule)) == ["M409"]


def test_what_is_read_through_a_filter_has_its_type_too() -> None:
    assert codes(mapping("  owner.id: (request.item | first).id\n", rest="drop: [{path: 'item[].part', why: x}]\n")) == []
    assert codes(mapping("  owner.id: (request.item | first).nothing\n")) == ["M201"]
    rules = "  line[]:\n    each: request.party if request.count == 1 else absent\n    set: {code: item.name}\n"
    assert hints(mapping(rules)) == ["M402: write … | default(…)"]


def test_members_of_an_open_object_can_be_written() -> None:
    assert codes(mapping("  free.any.thing: uid\n  free.more[x=y].id: uid\n")) == []


# -- reply, views, operations


def test_the_reply_writes_what_the_resource_requires() -> None:
    assert codes(mapping().replace("  item: request.item\n", "")) == ["M401"]
    assert codes(mapping().replace("  id: reply.code\n", "")) == ["M401"]
    supplied = replace(AROUND, canonical={"order": Canonical(REQUEST, RESOURCE, frozenset({"id"}))})
    assert codes(mapping().replace("  id: reply.code\n", ""), supplied) == []


def test_a_view_is_checked_against_what_its_face_shows() -> None:
    assert codes(mapping(rest="view:\n  plain: {externalId: answer.id}\n  short: {nr: answer.id}\n")) == []
    assert codes(mapping(rest="view:\n  short: {externalId: answer.id}\n")) == ["M201"]
    assert codes(mapping(rest="view:\n  plain: {externalId: answer.customer}\n")) == ["M301"]
    assert codes(mapping(rest="view:\n  plain: {customer: request.customer, customer.name: uid}\n")) == ["M404"]


def test_an_operation_has_its_own_contract_before_that_of_its_resource() -> None:
    text = mapping().replace("order.create", "order.probe").replace("  item: request.item\n", "")
    assert codes(text) == ["M401"]
    assert codes(text.replace("correlationId", "request.externalId")) == ["M201", "M401"]


def test_only_a_probe_can_be_absent_and_a_file_needs_outcomes() -> None:
    absent = "outcome:\n  - {when: reply.code == '0', is: accepted}\n  - {is: absent}\n"
    assert codes(mapping(outcome=absent)) == ["M411"]
    probe = (
        mapping(outcome=absent).replace("order.create", "order.probe").replace("  item: request.item\n", "  item: stored.request.item\n")
    )
    assert "M411" not in codes(probe)
    assert codes(mapping(outcome="")) == ["M407"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{is: accepted, texts: reply.number}", []),
        ("{is: accepted, texts: \"reply['line[].code']\"}", []),
        ("{is: accepted, texts: absent}", []),
        ("{is: accepted, texts: reply.line}", ["M301"]),
        ("{is: accepted, texts: reply.nothing}", ["M202"]),
        ("{is: accepted, message: 5}", ["M301"]),
        ("{is: accepted, message: \"reply['line[].code']\"}", ["M302"]),
        ("{is: accepted, when: 'true'}", ["M408"]),
        ("{is: accepted}\n  - {is: rejected, when: reply.code == '1'}", ["M409"]),
        ("{is: accepted, when: warnings | length == 0}", ["M203"]),
    ],
)
def test_outcome_rules(rule: str, expected: list[str]) -> None:
    assert codes(mapping(outcome=f"outcome:\n  - {rule}\n")) == expected


# -- drops


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("customer", ["M406"]),
        ("customer.name", []),
        ("externalId", ["M406"]),
        ("party[].name", ["M406"]),
        ("item[].part[].size", ["M406"]),
        ("item[].part[].id", []),
        ("count", ["M406"]),
        ("kind", ["M406"]),
        ("nothing", ["M201"]),
    ],
)
def test_a_dropped_path_is_not_used(path: str, expected: list[str]) -> None:
    text = mapping(
        "  owner.id: request['customer.id']\n"
        "  amount: {value: 1, when: request.count == 1}\n"
        "  line[]:\n    each: request.item\n    set:\n      code: item.id\n"
        "      piece[]: {each: item.part, when: item.size == 1, set: {code: outer.item.id}}\n",
        reply="  party: request.party\n",
        rest=(
            f"drop: [{{path: '{path}', why: x}}]\n"
            "both:\n  kind: {legacy: kind | code(kinds), default: \"'1'\"}\n  party[]: {legacy: 'line[]', both: {name: code}}\n"
        ),
    )
    text = text.replace("  party: request.party\n", "").replace("  line[]:", "  free.line[]:")
    text = text.replace("  number: correlationId", "  number: {value: request.externalId, default: uid}")
    tables = parse_tables("tables: {kinds: {rows: {a: '1', b: '2'}}}", "c").tables
    found = [code for code in codes(text, replace(AROUND, tables=tables)) if code in ("M406", "M201")]
    assert found == expected


# -- tables


def looked_up(rows: str, rule: str = "  kind: {value: request.kind, table: t}\n", both: str = "") -> list[str]:
    tables = parse_tables(f"tables: {{t: {rows}}}", "c").tables
    return codes(mapping(rule, rest=both), replace(AROUND, tables=tables))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("{rows: {a: '1', b: '2'}}", []),
        ("{rows: {a: '1'}}", ["M603"]),
        ("{rows: {a: '1'}, on_miss: pass}", []),
        ("{rows: {a: '1'}, on_miss: {default: '2'}}", []),
        ("{rows: {a: '1', b: '3'}}", ["M604"]),
        ("{rows: {a: '1', b: '2', c: '2'}}", ["M605"]),
    ],
)
def test_a_table_between_two_enumerations(rows: str, expected: list[str]) -> None:
    assert looked_up(rows) == expected


def test_a_table_looks_up_one_text() -> None:
    rows = "{rows: {a: '1', b: '2'}, on_miss: pass}"
    assert looked_up(rows, "  kind: {value: request.count, table: t}\n") == ["M301"]
    assert looked_up(rows, "  kind: {value: \"request['party[].name']\", table: t}\n") == ["M301"]
    assert looked_up(rows, "  kind: {value: request.externalId, table: t}\n") == []
    assert looked_up(rows, "  kind: {value: \"'a'\", table: t}\n") == []
    assert looked_up("{rows: {b: '2'}}", "  kind: {value: \"'a'\", table: t}\n") == ["M603"]


def test_a_two_way_table_is_checked_in_both_directions() -> None:
    both = "both: {kind: kind | code(t)}\n"
    assert looked_up("{rows: {a: '1', b: '2'}}", "", both) == []
    assert looked_up("{rows: {a: '1', b: '1'}}", "", both) == ["M503"]
    assert looked_up("{rows: {a: '1', b: '2', c: '3'}}", "", both) == ["M604", "M605", "M604", "M605"]
    assert looked_up("{rows: {a: '1', b: '2'}}", "", "both: {externalId: kind | code(t) | prefixed('x')}\n") == []


def test_of_several_legacy_codes_only_the_first_has_to_fit_what_is_sent() -> None:
    both = "both: {kind: kind | code(t)}\n"
    assert looked_up("{rows: {a: ['1', '2'], b: '2'}}") == []  # one direction: a row that reads twice is the table's own finding
    assert looked_up("{rows: {a: ['1', x], b: '2'}}") == []
    assert looked_up("{rows: {a: [x, '1'], b: '2'}}") == ["M604"]
    assert looked_up("{rows: {a: ['1', x], b: '2'}}", "", both) == ["M605"]
    assert looked_up("{rows: {a: ['1', '2'], b: '1'}}", "", both) == ["M503"]


def test_unused_tables_are_those_of_no_file() -> None:
    tables = parse_tables("tables: {a: {rows: {x: y}}, b: {rows: {x: y}}, c: {rows: {x: y}}, d: {rows: {x: y}}, e: {rows: {x: y}}}", "c")
    text = mapping(
        "  line[]: {each: request.item, set: {code: {value: item.id, table: a}}}\n",
        rest=(
            "both: {'party[]': {legacy: 'line[]', both: {name: code | code(b) | padded(4)}, request: {x: {value: y, table: c}}}}\n"
            "view: {plain: {externalId: {value: answer.id, table: d}}}\n"
        ),
    )
    assert [finding.text for finding in unused_tables(tables, [file_of(text)])] == ["no rule uses the table e"]


# -- two-way rules


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("externalId: number", ["M403"]),
        ("externalId: free.anything", ["M502"]),
        ("count: kind", ["M504"]),
        ("count: kind | number", []),
        ("count: kind | number | number", ["M501"]),
        ("externalId: kind | separated(',')", ["M501"]),
        ("nothing: kind", ["M201"]),
        ("externalId: nothing", ["M202"]),
        ("id: code", ["M505", "M505"]),
        ("anything: line", []),
        ("'party[]': {legacy: 'kind[]', both: {id: code}}", ["M303"]),
        ("externalId: line.code", ["M302"]),
        ("externalId: {legacy: kind, default: 1}", ["M301"]),
        ("externalId: {legacy: kind, default: request.nothing}", ["M201"]),
        ("externalId: {legacy: kind, default: request.kind}", ["M305"]),
        ("externalId: kind | padded(0)", ["M207"]),
        ("externalId: kind | code(none)", ["M601"]),
    ],
)
def test_two_way_rules(rule: str, expected: list[str]) -> None:
    assert codes(mapping(rest=f"both:\n  {rule}\n")) == expected


def test_a_default_of_what_is_always_there_has_no_effect() -> None:
    text = mapping(rest="require: [externalId]\nboth:\n  externalId: {legacy: kind, default: \"'1'\"}\n")
    assert codes(text) == ["M414"]


def test_a_rule_that_is_inherited_one_way_is_checked_that_way_only() -> None:
    file = file_of(mapping(rest="both:\n  externalId: free.anything\n  'party[]': {legacy: 'line[]', both: {name: code}}\n"))
    assert {finding.code for finding in check_mapping(file, AROUND)} == {"M401", "M402", "M502"}
    # seen from the request alone, nothing has to come back, and the reply needs no party
    one_way = replace(file, both=tuple(replace(rule, only=Direction.REQUEST) for rule in file.both))
    assert [finding.code for finding in check_mapping(one_way, AROUND)] == ["M402"]


# -- choices


def test_members_that_only_come_together_or_exclude_each_other() -> None:
    pair = MemberGroup("pair", False, (Branch(("street", "town"), ("street", "town")),))
    inner = MemberGroup("how", True, (Branch(("phone",), ("phone",)), Branch(("mail",), ("mail",))))
    outer = MemberGroup("who", True, (Branch(("name",), ("name",)), Branch((), (), (inner,))))
    contact = obj(*(may(name) for name in ("street", "town", "phone", "mail", "name")), groups=(pair, outer))
    root = obj(must("contact", contact))

    def found(*writes: tuple[str, bool, bool]) -> list[str]:
        made = [
            Write(PathText(path, parse_path(path), AT), always, replace(AT, line=line), guarded)
            for line, (path, always, guarded) in enumerate(writes, 1)
        ]
        top, findings = tree(root, made)
        return [finding.code for finding in [*findings, *Completeness("'request'", AT).root(top)]]

    assert found(("contact.name", True, False)) == []
    assert found(("contact.phone", True, False)) == []
    assert found(("contact.name", False, True), ("contact.phone", False, True)) == []
    assert found(("contact.name", True, False), ("contact.phone", True, False)) == ["M405"]
    assert found(("contact.phone", True, False), ("contact.mail", True, False)) == ["M405"]
    assert found(("contact.name", False, False)) == ["M402"]
    assert found(("contact.name", True, False), ("contact.street", True, False)) == ["M401"]
    assert found(("contact.street", True, False), ("contact.town", True, False)) == ["M401"]
    assert found() == ["M401"]


# -- values

PLACES = {
    "text": Place(TEXT, False, False),
    "integer": Place(Shape(Kind.INTEGER, minimum=1, maximum=9), False, False),
    "decimal": Place(Shape(Kind.DECIMAL), False, False),
    "texts": Place(TEXT, True, False),
    "any": Place(Shape(Kind.ANY), False, False),
    "nullable": Place(TEXT, False, False, nullable=True),
    "short": Place(Shape(Kind.TEXT, min_length=2, max_length=3, pattern="[a-c]+"), False, False),
    "enum": Place(Shape(Kind.TEXT, enum=("a", "b")), False, False),
    "object": Place(PARTY, False, False),
}


@pytest.mark.parametrize(
    ("value", "place", "expected"),
    [
        (constant("x"), "text", []),
        (constant(5), "text", ["M301"]),
        (constant(5), "integer", []),
        (constant(0), "integer", ["M311"]),
        (constant(10), "integer", ["M311"]),
        (constant(True), "integer", ["M301"]),
        (constant(5), "decimal", []),
        (constant(Decimal("1.5")), "integer", ["M301"]),
        (constant(["x"]), "texts", []),
        (constant(["x"]), "text", ["M302"]),
        (constant("x"), "texts", ["M303"]),
        (constant(["x"]), "any", []),
        (constant(None), "text", ["M310"]),
        (constant(None), "nullable", []),
        (constant(None), "any", []),
        (constant("ab"), "short", []),
        (constant("a"), "short", ["M306"]),
        (constant("abca"), "short", ["M306"]),
        (constant("xx"), "short", ["M307"]),
        (constant("c"), "enum", ["M305"]),
        (Type(Kind.TEXT, enum=("a", "c")), "enum", ["M305"]),
        (Type(Kind.TEXT, enum=("a",)), "enum", []),
        (Type(Kind.TEXT), "enum", []),
        (Type(Kind.TEXT, max_length=9), "short", ["M308"]),
        (Type(Kind.TEXT, max_length=3), "short", []),
        (Type(Kind.ANY), "integer", []),
        (Type(Kind.ANY, many=True), "integer", ["M302"]),
        (Type(Kind.ANY, never=True), "integer", []),
        (Type(Kind.OBJECT, PARTY), "object", []),
        (Type(Kind.OBJECT), "object", []),
        (Type(Kind.OBJECT, LINE), "object", ["M312"]),
        (Type(Kind.OBJECT, PARTY), "text", ["M301"]),
    ],
)
def test_what_fits_where(value: Type, place: str, expected: list[str]) -> None:
    assert [finding.code for finding in misfit(value, PLACES[place], AT, "'x'")] == expected


def test_numbers_without_a_bound_and_truth_values_have_no_range() -> None:
    assert constant_misfit(5, Shape(Kind.INTEGER, maximum=4)) == ("M311", "takes numbers from … to 4, not 5", "")
    assert constant_misfit(5, Shape(Kind.INTEGER, minimum=6)) == ("M311", "takes numbers from 6 to …, not 5", "")
    assert constant_misfit(True, Shape(Kind.INTEGER, maximum=0)) is None


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        (obj(must("a")), obj(must("a"), may("b")), None),
        (obj(may("a")), obj(must("a")), "'a' is required there and may be absent here"),
        (obj(), obj(must("a")), "'a' is required there and does not exist here"),
        (obj(must("a", TEXT, many=True)), obj(must("a")), "'a' is a list here and one value there"),
        (obj(must("a")), obj(must("a", TEXT, many=True)), "'a' is one value here and a list there"),
        (obj(must("a")), obj(must("a", INTEGER)), "a is text here and integer there"),
        (obj(must("a", INTEGER)), obj(must("a", Shape(Kind.DECIMAL))), None),
        (obj(must("a", obj(may("b")))), obj(must("a", obj())), "there is no 'a.b' there"),
        (obj(must("a", obj(may("b")))), obj(must("a", obj(open_=True))), None),
        (obj(must("a")), obj(must("a", Shape(Kind.ANY))), None),
        (
            obj(may("a", Shape(Kind.TEXT, enum=("x", "y")))),
            obj(may("a", Shape(Kind.TEXT, enum=("x",)))),
            "a can be 'y', which its place does not take",
        ),
    ],
)
def test_copied_shapes(source: Shape, target: Shape, expected: str | None) -> None:
    assert shape_misfit(source, target) == expected


def test_shapes_that_contain_themselves_are_compared_once() -> None:
    first, second = obj(may("id")), obj(may("id"))
    first.members["part"] = may("part", first, many=True)
    second.members["part"] = may("part", second, many=True)
    assert shape_misfit(first, second) is None


# -- what was read in part


def test_what_an_unreadable_rule_may_have_caused_is_not_told() -> None:
    text = mapping().replace("  number: correlationId", "  number: correlationId |")
    parsed = parse_mapping(text, "f")
    assert [finding.code for finding in check_parsed(parsed, AROUND)] == ["M115"]
    assert [finding.code for finding in check_parsed(parse_mapping("a: [", "f"), AROUND)] == ["M101"]


def test_nothing_is_said_against_contracts_that_are_not_there() -> None:
    assert codes(mapping("  nothing: x\n").replace("order.create", "ordr.create").replace("Place", "Plce")) == ["M210", "M209"]
    assert check_parsed(parse_mapping("source: x\n", "f"), AROUND)[0].code == "M111"


# -- null


def nullable(rules: str, *, both: str = "", require: str = "") -> list[str]:
    """The findings about a request whose members may be null; its legacy side takes none."""
    request = obj(may("a", nullable=True), may("b", obj(must("c", nullable=True), name="B")), must("d", nullable=True), name="Request")
    legacy = obj(may("x"), may("y", obj(must("z"), may("w"), name="Y")), may("free", Shape(Kind.ANY)), may("b", obj(may("c"), name="B")))
    around = replace(
        AROUND,
        canonical={"order": Canonical(request, obj(*request.members.values()), supplied=frozenset({"d"}))},
        legacy={"Place": OperationContract("Place", legacy, legacy)},
    )
    text = f"{HEAD}{require}{both}{'request:' if rules else ''}\n{rules}\n{ACCEPTED}"
    return [f"{each.code} {each.text}" for each in check_parsed(parse_mapping(text, "f", "zz"), around)]


@pytest.mark.parametrize(
    "rules",
    [
        "  free: request.a",
        "  x: request.a | default(absent)",
        "  x: request.a | default('')",
        "  x: {value: request.a, default: \"''\"}",
        "  x: {value: request.a, when: request.a is present and request.a is not null}",
        "  x: {value: request.a, when: request.a != none}",
        "  x: {value: request.a, when: request.a == 'k'}",
    ],
)
def test_null_that_is_provided_for_is_no_finding(rules: str) -> None:
    assert nullable(rules) == []


@pytest.mark.parametrize(
    "rules", ["  x: request.a", "  x: {value: request.a, when: request.a is present}", "  x: \"request.a if true else 'k'\""]
)
def test_null_into_a_place_that_takes_none_is_found(rules: str) -> None:
    assert nullable(rules) == ["M313 'x' takes no null, and the value may be null"]


def test_what_is_required_is_not_null() -> None:
    assert nullable("  x: request.a", require="require: [a]\n") == []


def test_a_copied_object_may_not_bring_null() -> None:
    assert nullable("  b: request.b") == ["M312 'b' cannot be copied as a whole: 'c' may be null here and takes no null there"]


def test_a_two_way_rule_leaves_null_out_which_a_required_place_does_not_take() -> None:
    assert nullable("", both="both:\n  a: x\n") == []
    assert nullable("", both="both:\n  d: y.z\n") == []
    assert nullable("  y.w: now", both="both:\n  d: y.z\n", require="require: [d]\n") == []
    assert nullable("  y.w: now", both="both:\n  d: y.z\n") == ["M402 'y.z' is required, and this rule does not always write it"]


# -- what is required counts in the conditions of other requirements, and in the outcome


def test_requirements_without_a_condition_are_certain_in_conditions() -> None:
    require = "require:\n  - externalId\n  - {path: count, when: request.externalId | upper == 'X'}\n"
    outcome = "outcome:\n  - {when: request.externalId | length > 2, is: accepted}\n"
    assert [each.code for each in check_parsed(parse_mapping(mapping(outcome=outcome, rest=require), "f", "zz"), AROUND)] == []
    loose = require.replace("  - externalId\n", "")
    assert [each.code for each in check_parsed(parse_mapping(mapping(rest=loose), "f", "zz"), AROUND)] == ["M309"]
