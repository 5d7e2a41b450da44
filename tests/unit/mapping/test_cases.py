"""Cases of a market: what they compare, how they tell a difference, and what they cover."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapter.contract.shape import Kind, Member, Shape
from adapter.errors import ConfigError, NotFound
from adapter.mapping.cases import Case, Report, compare, load_cases, read_cases, run_cases
from adapter.mapping.cases.wire import is_wire, request_of
from adapter.mapping.coverage import Coverage
from adapter.mapping.model import Direction
from adapter.ports import InboundRequest, Received
from tests.mapping_kit import contracts_of_change, contracts_of_message, tables, translator

KINDS = """
tables:
  kinds:
    on_miss: {request: reject, reply: pass}
    rows:
      package: P
      addOn: A
      bundle: P
"""
BODY = """
    require:
      - header: X-Id
      - path: comment
        when: request.count == 1
    both:
      externalId: {legacy: reference, default: "'none'"}
      price: total
      item[]:
        legacy: line[]
        both:
          code: code
          kind: kind | code(kinds)
    request:
      joined:
        choose:
          - when: setting.mode == 'on'
            value: correlationId ~ clientReference ~ now ~ uid
          - otherwise: "'off'"
    reply:
      id: reply.number
      comment: warnings | join(',')
    outcome:
      - when: reply.result == '0'
        is: accepted
        texts: reply.message
      - when: reply.result == '9'
        is: rejected
        message: "'no'"
        status: 409
    view:
      front:
        state: "'done'"
        comment: absent
"""
PLACE = "mappings/zz/order.create.yaml"
REFUSED = "The request is not valid; header X-Id: is required and missing"
MADE = translator(BODY, KINDS, checked=False)
TABLES = tables(KINDS)
REQUEST = {"externalId": "e", "price": 1.50, "item": [{"code": "a", "kind": "addOn"}]}
LEGACY = {
    "reference": "e",
    "total": 1.5,
    "line": [{"code": "a", "kind": "A"}],
    "joined": "CORRELATION-IDCLIENT-REFERENCE2026-01-01T00:00:00.000ZUID",
}
HEADER = {"X-Id": "h"}
ORDER = {"title": "an order", "operation": "order.create", "header": HEADER, "request": REQUEST, "legacy": LEGACY}
ANSWERED = {
    "title": "an answer",
    "operation": "order.create",
    "reply": {"result": "0", "number": "7", "message": ["w"], "reference": "e", "line": [{"code": "a", "kind": "P"}]},
    "outcome": {"is": "accepted", "texts": ["w"]},
    "answer": {"id": "7", "comment": "w", "externalId": "e", "item": [{"code": "a", "kind": "package"}]},
    "view": {"front": {"state": "done", "comment": None}},
}
REST = [
    {"title": "missing", "operation": "order.create", "request": {"count": 1, "item": []}, "problems": ["comment", "header X-Id"]},
    {"title": "off", "operation": "order.create", "header": HEADER, "setting": {"mode": "off"}, "request": {"item": []},
     "legacy": {"reference": "none", "joined": "off", "line": []}},
    {"title": "refused", "operation": "order.create", "reply": {"result": "9"},
     "outcome": {"is": "rejected", "message": "no", "status": 409}},
    {"title": "codes", "table": "kinds", "rows": [["package", "P"], ["addOn", "A"], ["bundle", "P"]],
     "misses": {"request": {"x": None}, "reply": {"x": "x"}}},
]  # fmt: skip


def run(*cases: Mapping[str, Any]) -> Report:
    return run_cases({"order.create": MADE}, TABLES, read_cases(json.dumps(cases).encode(), "zz/x.json"), {"mode": "on"})


def differences(case: Mapping[str, Any], **changed: Any) -> list[str]:
    (result,) = run({**case, **changed}).results
    return list(result.differences)


def test_cases_that_hold_and_cover_everything_pass() -> None:
    report = run(ORDER, ANSWERED, *REST)
    assert report.passed, str(report)
    assert str(report).endswith("6 of 6 cases passed; used: 10/10 rules, 4/4 branches, 2/2 requires, 2/2 outcomes, 3/3 rows")
    assert "ok   zz/x.json: an order" in str(report)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"legacy": {**LEGACY, "reference": "x"}}, ['legacy reference: expected "x", got "e" (rule mappings/zz/order.create.yaml:9:3)']),
        ({"legacy": {**LEGACY, "total": 2}}, ["legacy total: expected 2, got 1.5 (rule mappings/zz/order.create.yaml:10:3)"]),
        ({"legacy": {**LEGACY, "day": "d"}}, ['legacy day: expected "d", got nothing']),
        ({"legacy": {**LEGACY, "line": []}}, ['legacy line[0]: expected nothing, got {"code": "a", "kind": "A"}']),
        (
            {"header": {}},
            [f"expected a legacy document, got InvalidMessage: {REFUSED}"],
        ),
        ({"problems": ["x"]}, ["expected a refusal that names x, got a legacy document"]),
        (
            {"header": {}, "problems": []},
            [f"expected a refusal that names nothing, got {REFUSED}"],
        ),
        ({"operation": "order.creat"}, ["there is no mapping of 'order.creat'; did you mean 'order.create'?"]),
    ],
)
def test_a_difference_in_the_request_is_told(changed: dict[str, Any], told: list[str]) -> None:
    assert differences(ORDER, **changed) == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"outcome": {"is": "rejected"}}, ['outcome is: expected "rejected", got "accepted" (rule mappings/zz/order.create.yaml:26:5)']),
        ({"outcome": {"iss": "rejected"}}, ["'iss' is no part of an outcome; did you mean 'is'?"]),
        ({"answer": {**ANSWERED["answer"], "id": "8"}}, ['answer id: expected "8", got "7" (rule mappings/zz/order.create.yaml:23:3)']),  # type: ignore[dict-item]
        ({"view": {"front": {"state": "held", "comment": None}}},
         [f'view front state: expected "held", got "done" (rule {PLACE}:35:5)']),
        ({"view": {"fron": {}}}, ["there is no view of the face 'fron'; did you mean 'front'?"]),
        ({"reply": {"result": "0", "number": 7, "line": []}},
         [f"expected an answer, got MappingFailed: text is wanted here, and the value is an integer (rule {PLACE}:23:3 for id)"]),
        ({"reply": {"result": 0, "line": {}}, "outcome": {"is": "inDoubt"}, "answer": {}},
         [f"expected an answer, got MappingFailed: a list is wanted here, and the value is an object (rule {PLACE}:11:3 for item)"]),
    ],
)  # fmt: skip
def test_a_difference_in_the_reply_is_told(changed: dict[str, Any], told: list[str]) -> None:
    assert differences({**ANSWERED, "outcome": {}}, **changed) == told


def test_an_answer_without_an_outcome_means_accepted() -> None:
    case = {key: value for key, value in ANSWERED.items() if key != "outcome"}
    assert differences(case) == []
    assert differences({**case, "reply": {"result": "9", "line": []}, "answer": {"item": [], "comment": ""}, "view": {}}) == [
        'outcome is: expected "accepted", got "rejected" (rule mappings/zz/order.create.yaml:29:5)'
    ]


def test_a_failing_outcome_or_view_is_told() -> None:
    body = BODY.replace("reply.result == '0'", "reply.result | upper == '0'").replace("\"'done'\"", "answer.id | upper")
    broken = translator(body, KINDS, checked=False)
    cases = read_cases(
        json.dumps(
            [{**ANSWERED, "reply": {"line": []}}, {**ANSWERED, "answer": {"comment": "", "item": []}, "reply": {"result": "0", "line": []}}]
        ).encode(),
        "f",
    )
    first, second = run_cases({"order.create": broken}, TABLES, cases, {"mode": "on"}).results
    assert first.differences[0].startswith("expected an outcome, got MappingFailed")
    assert any(line.startswith("expected a view, got MappingFailed") for line in second.differences)
    assert str(second).startswith("FAIL f: an answer\n     ")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rows": [["package", "A"]]}, ["request 'package': expected 'A', got 'P'", "reply 'A': expected 'package', got 'addOn'"]),
        ({"misses": {"request": {"x": "x"}}}, ["request 'x': expected 'x', got a refusal"]),
        ({"misses": {"reply": {"x": None}}}, ["reply 'x': expected a refusal, got 'x'"]),
        ({"table": "kind"}, ["there is no table 'kind'; did you mean 'kinds'?"]),
    ],
)
def test_a_difference_in_a_table_is_told(changed: dict[str, Any], told: list[str]) -> None:
    assert differences({"title": "codes", "table": "kinds", **changed}) == told


def test_what_no_case_uses_is_listed_with_its_place() -> None:
    report = run(ORDER)
    assert not report.failed
    assert not report.passed
    missing = [str(point) for point in report.coverage.missing]
    assert "mappings/zz/codes.yaml:6:7: no case uses the row 'package' of table kinds" in missing
    assert "mappings/zz/order.create.yaml:5:5: no case uses the require header X-Id" in missing
    assert "mappings/zz/order.create.yaml:9:45: no case uses the branch 'default' of reference" in missing
    assert "mappings/zz/order.create.yaml:21:9: no case uses the branch 'otherwise' of joined" in missing
    assert "mappings/zz/order.create.yaml:23:3: no case uses the rule id" in missing
    assert "mappings/zz/order.create.yaml:26:5: no case uses the outcome accepted" in missing
    assert all(line in str(report) for line in missing)


STATES_TEXT = "tables: {states: {rows: {held: H, done: [D, SIGNED_OFF, CLOSED], acknowledged: D}}}"
STATES = tables(STATES_TEXT)


def of_states(*rows: Any, **more: Any) -> Report:
    cases = [{"title": "states", "table": "states", "rows": rows, **more}]
    return run_cases({}, STATES, read_cases(json.dumps(cases).encode(), "zz/x.json"), {})


def test_of_a_row_each_legacy_code_is_covered_by_itself() -> None:
    report = of_states(["held", "H"], ["done", ["D", "SIGNED_OFF"]])
    assert report.passed is False
    assert [str(point) for point in report.coverage.missing] == [
        "mappings/zz/codes.yaml:1:57: no case uses the row 'done: CLOSED' of table states",
        "mappings/zz/codes.yaml:1:66: no case uses the row 'acknowledged' of table states",
    ]
    assert of_states(["held", "H"], ["done", ["D", "CLOSED", "SIGNED_OFF"]], ["acknowledged", ["D"]]).passed


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (["done", ["CLOSED", "D"]], ["request 'done': expected 'CLOSED', got 'D'"]),
        (["done", ["D", "H"]], ["reply 'H': expected 'done', got 'held'"]),
        (["done", ["D", "LOST"]], ["reply 'LOST': expected 'done', got a refusal"]),
        (["acknowledged", ["D", "CLOSED"]], ["reply 'CLOSED': expected 'acknowledged', got 'done'"]),
    ],
)
def test_a_case_of_several_codes_says_which_differs(row: Any, expected: list[str]) -> None:
    (result,) = of_states(row).results
    assert list(result.differences) == expected


def test_a_rule_that_reads_a_further_code_covers_that_one() -> None:
    made = translator("reply:\n  state: {value: reply.result, table: states}\noutcome:\n  - is: accepted\n", STATES_TEXT)
    case = {"title": "over", "operation": "order.create", "reply": {"result": "SIGNED_OFF"}, "answer": {"state": "done"}}
    report = run_cases({"order.create": made}, STATES, read_cases(json.dumps(case).encode(), "zz/x.json"), {})
    assert [point.name for point in report.coverage.missing] == [
        f"{name} of table states" for name in ("'held'", "'done'", "'done: CLOSED'", "'acknowledged'")
    ]


def test_an_unknown_code_covers_no_row() -> None:
    coverage = Coverage([], TABLES)
    coverage.use_row(TABLES["kinds"], Direction.REPLY, "unknown")
    assert len(coverage.missing) == 3


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("{", "zz/x.json:1:2: error: K113: the file is not valid JSON"),
        ('{"title": 1}', "an object with a title"),
        ("[3]", "an object with a title"),
        ('{"title": "t", "operaton": "x"}', "zz/x.json:1:17: error: K113: 'operaton' is no part of a case (did you mean 'operation'?)"),
        ('{"title": "t", "operation": "x", "request": []}', "'request' is an object"),
        ('{"title": "t", "legacy": {}}', "name the operation, or the table"),
        ('{"title": "t", "operation": "x"}', "nothing is expected"),
        ('{"title": "t", "table": "x", "rows": ["a"]}', "rows are pairs"),
        ('{"title": "t", "table": "x", "rows": [["a", []]]}', "rows are pairs"),
        ('{"title": "t", "table": "x", "rows": [["a", ["b", 1]]]}', 'write [["canonical", "legacy"], ["canonical", ["sent", "read"]], …]'),
    ],
)
def test_a_broken_case_file_says_what_is_wrong(raw: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_cases(raw.encode(), "zz/x.json")
    assert said in str(caught.value)


def test_cases_are_read_from_a_folder_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(json.dumps({**ORDER, "rules": ["R2", "R1"]}))
    (tmp_path / "a.json").write_text(json.dumps(ANSWERED))
    (tmp_path / "readme.md").write_text("no case")
    found = load_cases(tmp_path, "mappings/zz/cases")
    assert [str(case) for case in found] == ["mappings/zz/cases/a.json: an answer", "mappings/zz/cases/b.json: an order (R2, R1)"]
    assert load_cases(tmp_path)[0].file == f"{tmp_path.name}/a.json"
    assert isinstance(found[0], Case)
    assert found[1].request is not None
    assert found[1].request["price"] == Decimal("1.5")


def test_the_correlation_id_comes_from_the_header() -> None:
    told = differences(ORDER, header={**HEADER, "CorrelationId": "c"})
    got = "cCLIENT-REFERENCE2026-01-01T00:00:00.000ZUID"
    assert told == [f'legacy joined: expected "{LEGACY["joined"]}", got "{got}" (rule {PLACE}:17:3)']


@pytest.mark.parametrize(
    ("left", "right", "places"),
    [
        ({"a": 1}, {"a": Decimal("1.00")}, []),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": "1"}, {"a": 1}, ["a"]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["a[1].b"]),
        ({"a": [1]}, {"a": []}, ["a[0]"]),
        ({"a": []}, {"a": [1, 2]}, ["a[0]", "a[1]"]),
        ({"a": {"b": 1}}, {"a": {"c": 1}}, ["a.b", "a.c"]),
        ({"a": None}, {"a": None}, []),
        ({"a": None}, {}, ["a"]),
        ({}, {"a": 1}, ["a"]),
        (1, 2, [""]),
    ],
)
def test_documents_are_compared_by_value(left: Any, right: Any, places: list[str]) -> None:
    assert [difference.path for difference in compare(left, right)] == places


# -- messages, refusals, subjects

TOLD = """
tables:
  told:
    rows: {accepted: "0", refused: "2"}
"""
ARRIVING = """
    identity: message.reference
    report:
      id: message.number
      state: {value: message.result, table: told}
      comment: known.comment
    answer:
      code: {value: outcome.kind, table: told}
      text: outcome.text
"""
MESSAGE = {
    "title": "progress",
    "operation": "order.message",
    "message": {"number": "7", "reference": "R-1", "result": "0"},
    "known": {"comment": "c"},
    "identity": "R-1",
    "report": {"id": "7", "state": "accepted", "comment": "c"},
    "answer": {"code": "0", "text": ""},
}


def arriving(*cases: Mapping[str, Any], read: Any = None) -> Report:
    made = translator(ARRIVING, TOLD, of=contracts_of_message(), checked=False)
    return run_cases({"order.message": made}, tables(TOLD), read_cases(json.dumps(cases).encode(), "zz/m.json"), {}, read)


def told_of(case: Mapping[str, Any], **changed: Any) -> list[str]:
    (result,) = arriving({**MESSAGE, **changed}).results
    return list(result.differences)


def test_a_message_is_reported_and_answered() -> None:
    refused = {
        "title": "refused",
        "operation": "order.message",
        "message": {"number": "8", "result": "X"},
        "outcome": {"kind": "refused", "text": "no"},
        "answer": {"code": "2", "text": "no"},
    }
    codes = {"title": "codes", "table": "told", "rows": [["accepted", "0"], ["refused", "2"]]}
    report = arriving(MESSAGE, refused, codes)
    assert report.passed, str(report)
    assert str(report).endswith("used: 5/5 rules, 1/1 identities, 2/2 rows")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"identity": "R-2"}, ['identity: expected "R-2", got "R-1"']),
        ({"identity": "R-2", "message": {"number": "7", "result": "0"}}, ['identity: expected "R-2", got none']),
        ({"report": {"id": "8", "state": "accepted", "comment": "c"}}, [f'report id: expected "8", got "7" (rule {PLACE}:6:3)']),
        ({"answer": {"code": "1", "text": ""}}, [f'answer code: expected "1", got "0" (rule {PLACE}:10:3)']),
        (
            {"message": {"number": "7", "reference": "R-1", "result": "X"}},
            [f"expected a report, got UnknownCode: the code table told has no row for 'X' (rule {PLACE}:7:3 for state)"],
        ),
        (
            {"outcome": {"kind": "lost"}},
            [f"expected answer, got UnknownCode: the code table told has no row for 'lost' (rule {PLACE}:10:3 for code)"],
        ),
        ({"subject": {}}, []),
        ({"message": "<Progress/>"}, ["the message cannot be read: this market has nothing that reads messages as they come over the wire; "
                                      "give the legacy document"]),
    ],
)  # fmt: skip
def test_a_difference_in_a_message_is_told(changed: dict[str, Any], told: list[str]) -> None:
    assert told_of(MESSAGE, **changed) == told


def test_an_identity_that_fails_is_told() -> None:
    made = translator(ARRIVING.replace("message.reference", "message.reference | upper"), TOLD, of=contracts_of_message(), checked=False)
    cases = read_cases(json.dumps({**MESSAGE, "message": {"number": "7"}}).encode(), "f")
    (result,) = run_cases({"order.message": made}, tables(TOLD), cases).results
    assert result.differences[0].startswith("expected an identity, got MappingFailed")


def test_a_message_may_be_given_as_it_comes(tmp_path: Path) -> None:
    (tmp_path / "progress.xml").write_text("<Progress>7 R-1</Progress>", encoding="utf-8")
    (tmp_path / "a.json").write_text(
        json.dumps([{**MESSAGE, "message": "progress.xml"}, {**MESSAGE, "message": " <Progress>7 R-1</Progress>"}])
    )

    made = translator(ARRIVING, TOLD, of=contracts_of_message(), checked=False)

    def read(request: InboundRequest) -> Received:
        number, reference = request.body.decode().removeprefix("<Progress>").removesuffix("</Progress>").split()
        return Received(made.legacy, {"number": number, "reference": reference, "result": "0"})

    report = run_cases({"order.message": made}, tables(TOLD), load_cases(tmp_path), {}, read)
    assert not report.failed, str(report)
    with pytest.raises(ConfigError, match=r"there is no readable file 'nothing\.xml' beside the case"):
        read_cases(json.dumps({**MESSAGE, "message": "nothing.xml"}).encode(), "f", tmp_path)


def test_a_message_of_another_kind_is_not_taken_for_this_one() -> None:
    (result,) = arriving({**MESSAGE, "message": "<Other/>"}, read=lambda _: Received("Other", {"number": "7"})).results
    assert result.differences == ("the message cannot be read: it is a message 'Other', and order.message takes 'Progress'",)


def test_a_message_that_is_known_by_its_path_names_it_and_one_that_does_not_is_told_how() -> None:
    def read(request: InboundRequest) -> Received:
        if not request.path:
            raise NotFound("There is nothing at this path; messages are taken at: progress")
        return Received("Progress", {"number": "7", "reference": "R-1", "result": "0"})

    assert arriving({**MESSAGE, "message": "POST /progress\n{}"}, read=read).failed == ()
    (result,) = arriving({**MESSAGE, "message": "{}"}, read=read).results
    assert result.differences == (
        "the message cannot be read: There is nothing at this path; messages are taken at: progress; "
        "a message that is known by its path begins with the line that names it, such as 'POST /path'",
    )


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        (" {} ", InboundRequest("POST", "", "", {"content-type": "application/json"}, b"{}")),
        ("\n<a/>", InboundRequest("POST", "", "", {"content-type": "text/xml"}, b"<a/>")),
        (
            "POST /inbound/pl/events/Changed?at=1&by=x HTTP/1.1\r\nHost: here\r\nX-Sender:  s\r\n\r\n[1]\r\n",
            InboundRequest(
                "POST", "events/Changed", "at=1&by=x", {"host": "here", "x-sender": "s", "content-type": "application/json"}, b"[1]"
            ),
        ),
        ("PUT /orders/7\n<a/>", InboundRequest("PUT", "orders/7", "", {"content-type": "text/xml"}, b"<a/>")),
        ("PUT /orders/7\n\n{}", InboundRequest("PUT", "orders/7", "", {"content-type": "application/json"}, b"{}")),
        ("POST /a\nContent-Type: text/plain\n\nb: c", InboundRequest("POST", "a", "", {"content-type": "text/plain"}, b"b: c")),
        ("DELETE /orders/7", InboundRequest("DELETE", "orders/7", "", {}, b"")),
    ],
)
def test_a_message_is_read_as_it_would_come(text: str, request_: InboundRequest) -> None:
    assert is_wire(text)
    assert request_of(text) == request_


@pytest.mark.parametrize("name", ["progress.xml", "POST.json", "POST progress", "post /progress"])
def test_the_name_of_a_file_is_no_message(name: str) -> None:
    assert not is_wire(name)


CHANGING = """
    require: [count]
    refuse:
      - when: known.state == 'done'
        text: "'the order is done'"
        code: "1087"
    request:
      count: request.count
    subject:
      state: "'held'"
    outcome:
      - when: reply.result == '0'
        is: accepted
"""
SENT = {"title": "sent", "operation": "order.create", "request": {"count": 1}, "known": {"state": "held"}, "legacy": {"count": 1},
        "reply": {"result": "0"}, "subject": {"state": "held"}}  # fmt: skip
LATE = {"title": "late", "operation": "order.create", "request": {"count": 1}, "known": {"state": "done"},
        "refused": [{"status": 409, "code": "1087"}]}  # fmt: skip


def changing(*cases: Mapping[str, Any], **without: str) -> Report:
    body = CHANGING.replace(*without.popitem()) if without else CHANGING
    made = translator(body, of=contracts_of_change(), checked=False)
    return run_cases({"order.create": made}, {}, read_cases(json.dumps(cases).encode(), "zz/c.json"), {})


def test_refusals_and_subjects_are_compared_and_covered() -> None:
    report = changing(SENT, LATE, {"title": "none", "operation": "order.create", "request": {}, "problems": ["count"]})
    assert report.passed, str(report)
    assert str(report).endswith("used: 2/2 rules, 1/1 requires, 1/1 refusals, 1/1 outcomes")
    assert f"{PLACE}:6:5: no case uses the refuse 1087" in map(str, changing(SENT).coverage.missing)


@pytest.mark.parametrize(
    ("case", "changed", "told"),
    [
        (LATE, {"refused": [{"code": "1085"}]},
         ['refused: expected [{"code": "1085"}], got [{"status": 409, "code": "1087", "text": "the order is done"}]']),
        (LATE, {"refused": []}, ['refused: expected [], got [{"status": 409, "code": "1087", "text": "the order is done"}]']),
        (LATE, {"request": {}}, ['expected [{"status": 409, "code": "1087"}], got InvalidMessage: The request is not valid; '
                                 "count: is required and missing"]),
        (SENT, {"known": {"state": "done"}},
         ['refused: expected [], got [{"status": 409, "code": "1087", "text": "the order is done"}]']),
        (SENT, {"subject": {"state": "done"}}, [f'subject state: expected "done", got "held" (rule {PLACE}:12:3)']),
    ],
)  # fmt: skip
def test_a_difference_in_a_change_is_told(case: dict[str, Any], changed: dict[str, Any], told: list[str]) -> None:
    (result,) = changing({**case, **changed}).results
    assert list(result.differences) == told


def test_a_section_that_the_mapping_does_not_have_is_told() -> None:
    case = {**ANSWERED, "subject": {"state": "held"}}
    assert differences(case) == ["the mapping has no section 'subject'"]


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"message": 5}, "'message' is an object, a text as it comes over the wire, or the name of a file"),
        ({"identity": {}}, "'identity' is a text"),
        ({"refused": {}}, "'refused' is a list"),
        ({"known": []}, "'known' is an object"),
    ],
)
def test_parts_of_a_case_have_their_form(part: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_cases(json.dumps({**MESSAGE, **part}).encode(), "f")


def _shape(**members: Member) -> Shape:
    return Shape(Kind.OBJECT, "Reply", members=members)


SAID = _shape(
    result=Member("result", Shape(Kind.TEXT), required=True),
    number=Member("number", Shape(Kind.TEXT), nullable=True),
    message=Member("message", Shape(Kind.TEXT), many=True, null_elements=True),
    total=Member("total", Shape(Kind.DECIMAL)),
    late=Member("late", Shape(Kind.BOOLEAN)),
    extra=Member("extra", Shape(Kind.OBJECT, open=True)),
    line=Member("line", _shape(code=Member("code", Shape(Kind.TEXT))), many=True),
    any=Member("any", Shape(Kind.ANY)),
)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"result": "0", "number": None, "message": ["a", None], "total": 1, "late": False, "extra": {"x": 1}, "any": [1], "line": []}, []),
        ({"reslt": "0"}, ["reply reslt: the contract has no such member; did you mean 'result'?"]),
        ({"result": 0}, ["reply result: the contract has text here"]),
        ({"result": ["0"]}, ["reply result: the contract has one value here"]),
        ({"result": None}, ["reply result: the contract has text here"]),
        ({"message": "m"}, ["reply message: the contract has a list here"]),
        ({"total": True}, ["reply total: the contract has decimal here"]),
        ({"late": 1}, ["reply late: the contract has boolean here"]),
        ({"line": [{"code": "a"}, {"cod": "b"}, 7]},
         ["reply line[1].cod: the contract has no such member; did you mean 'code'?", "reply line[2]: the contract has object here"]),
    ],
)  # fmt: skip
def test_what_a_case_lets_the_backend_say_is_in_its_contract(reply: Mapping[str, Any], said: list[str]) -> None:
    case = {"title": "t", "operation": "order.create", "reply": reply, "outcome": {}}
    (result,) = run_cases(
        {"order.create": MADE}, TABLES, read_cases(json.dumps(case).encode(), "zz/x.json"), said={"order.create": SAID}
    ).results
    assert [each for each in result.differences if each.startswith("reply ")] == said
