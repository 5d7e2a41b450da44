"""Provenance: the rule, sources, branch and code table row of each field, and what of the request nobody read."""

from __future__ import annotations

from adapter.mapping.explain import FieldOrigin
from adapter.mapping.translator import Translator
from tests.mapping_kit import asked, translator

KINDS = "tables:\n  kinds:\n    on_miss: pass\n    rows:\n      package: P\n      addOn: A\n"
BODY = """
    both:
      externalId: {legacy: reference, default: "'none'"}
      note[@type=Day].text: day
      item[]:
        legacy: line[]
        both:
          code: code
          kind: kind | code(kinds)
          part[]:
            legacy: sub[]
            both:
              name: n
    request:
      job.type: "header['X-Id'] | default(setting.mode)"
      joined:
        choose:
          - when: request.count == 1
            value: request.id
          - otherwise: request['account.name']
        default: now
      flagText: {value: request.state, table: kinds}
    reply:
      id: reply.number
    outcome:
      - is: accepted
    view:
      front:
        state: "'done'"
        comment: {value: answer.id, when: answer.id is present}
    drop:
      - {path: price, why: not sold there}
"""
REQUEST = {
    "id": "1",
    "count": 1,
    "price": 5,
    "state": "held",
    "note": [{"@type": "Day", "text": "d", "author": "me"}, {"@type": "Other", "text": "o"}, "odd"],
    "item": [{"code": "a", "kind": "addOn", "part": [{"name": "x", "value": "v"}], "amount": 3}, {"code": "b", "kind": "new"}],
    "account": {"id": "a", "name": "n"},
    "tags": ["t"],
    "express": None,
    "extra": {},
}


def made() -> Translator:
    return translator(BODY, KINDS, checked=False)


def explained(**given: object) -> dict[str, FieldOrigin]:
    written, origins = made().explain("request", asked(REQUEST, **given))
    assert written == made().request(asked(REQUEST, **given))
    return {origin.target: origin for origin in origins}


def test_each_field_names_its_rule_and_sources() -> None:
    found = explained()
    assert {target: (origin.value, origin.rule.line, origin.sources) for target, origin in found.items()} == {
        "reference": ("none", 5, ()),
        "day": ("d", 6, ("request.note[@type=Day].text",)),
        "job.type": ("on", 17, ("header X-Id", "setting mode")),
        "joined": ("1", 18, ("request.id", "request.count")),
        "flagText": ("held", 24, ("request.state",)),
        "line[0].code": ("a", 10, ("request.item[0].code",)),
        "line[0].kind": ("A", 11, ("request.item[0].kind",)),
        "line[0].sub[0].n": ("x", 15, ("request.item[0].part[0].name",)),
        "line[1].code": ("b", 10, ("request.item[1].code",)),
        "line[1].kind": ("new", 11, ("request.item[1].kind",)),
    }
    assert {origin.layer for origin in found.values()} == {"zz"}


def test_branches_and_rows_are_named() -> None:
    found = explained()
    assert [found[name].branch for name in ("reference", "joined", "day")] == ["default", "when 1", ""]
    at = found["joined"].branch_at
    assert at is not None
    assert (at.line, at.file) == (20, "mappings/zz/order.create.yaml")
    row = found["line[0].kind"].row
    assert (found["line[0].kind"].table, str(row)) == ("kinds", "mappings/zz/codes.yaml:6:7")
    assert (found["line[1].kind"].table, found["line[1].kind"].row) == ("kinds", None)


def test_the_other_branch_is_named_too() -> None:
    written, origins = made().explain("request", asked({"count": 2, "account": {"name": "n"}, "item": []}))
    found = {origin.target: origin for origin in origins}
    assert (found["joined"].branch, found["joined"].sources) == ("otherwise", ("request.account.name",))
    written, origins = made().explain("request", asked({"item": []}))
    assert next(origin.branch for origin in origins if origin.target == "joined") == "default"
    assert written.document["joined"] == "2026-01-01T00:00:00.000Z"


def test_replies_and_views_are_explained() -> None:
    reply = {"number": "n", "day": "d", "line": [{"code": "a", "kind": "A"}]}
    written, origins = made().explain("reply", asked(reply=reply))
    assert written == made().reply(asked(reply=reply))
    found = {origin.target: origin for origin in origins}
    assert found["id"].sources == ("reply.number",)
    assert found["note[@type=Day].text"].sources == ("reply.day",)
    assert str(found["item[0].kind"].row) == "mappings/zz/codes.yaml:6:14"
    shown, changed = made().explain_view("front", asked(reply=reply), written.document)
    assert shown == made().view("front", asked(reply=reply), written.document)
    assert [(origin.target, origin.value, origin.branch) for origin in changed] == [("state", "done", ""), ("comment", "n", "when")]


def test_what_nobody_read_is_listed() -> None:
    assert made().unread(asked(REQUEST)) == [
        "note[0].author",
        "note[1].@type",
        "note[1].text",
        "note[2]",
        "item[0].part[0].value",
        "item[0].amount",
        "account.id",
        "tags[0]",
        "express",
        "extra",
    ]


def test_what_was_copied_as_a_whole_was_read() -> None:
    copying = translator(
        "    request:\n      any: request.note\n      joined: request['item[part=x].code']\n      flagText: request.account.id\n"
        "      field[]:\n        each: request.tags\n        set: {value: item}\n    outcome:\n      - is: accepted\n",
        checked=False,
    )
    request = {
        "note": [{"text": "x"}],
        "account": {"id": "1"},
        "tags": ["a"],
        "item": [{"part": "x", "code": "1"}, {"part": "y", "code": "2"}],
    }
    assert copying.unread(asked(request)) == ["item[1].part", "item[1].code"]


def test_of_several_legacy_codes_the_one_that_was_read_is_the_row() -> None:
    codes = "tables:\n  kinds:\n    rows:\n      package:\n        - P\n        - PACK\n      addOn: [A, ADD]\n"
    made = translator(
        "both:\n  item[]: {legacy: 'line[]', both: {code: code, kind: kind | code(kinds)}}\noutcome:\n  - is: accepted\n", codes
    )
    _, origins = made.explain("reply", asked(reply={"line": [{"code": "a", "kind": "PACK"}, {"code": "b", "kind": "ADD"}]}))
    rows = {origin.target: (origin.value, str(origin.row)) for origin in origins if origin.table}
    assert rows == {
        "item[0].kind": ("package", "mappings/zz/codes.yaml:6:11"),
        "item[1].kind": ("addOn", "mappings/zz/codes.yaml:7:18"),
    }
    _, origins = made.explain("request", asked({"item": [{"code": "a", "kind": "package"}]}))
    assert [(origin.value, str(origin.row)) for origin in origins if origin.table] == [("P", "mappings/zz/codes.yaml:4:7")]
