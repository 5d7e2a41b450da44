"""A small order on both sides, and mappings of it made from YAML text, for the tests of the mapping language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

from adapter.contract.json_schema import to_shape
from adapter.contract.shape import OperationContract, Shape
from adapter.contract.tmf import resource
from adapter.contract.tmf.extension import extend, load_extension
from adapter.contract.wsdl import load_contract, operation_contracts
from adapter.errors import CheckFailed
from adapter.finding import Finding, Position
from adapter.mapping.check import Canonical, Surroundings, change, check_mapping, part, question_for_many, received
from adapter.mapping.compile import MissHook, no_hook
from adapter.mapping.expression import infer, infer_condition, parse_expression
from adapter.mapping.model import MappingFile
from adapter.mapping.parse import load_mapping, parse_mapping
from adapter.mapping.scope import Scope
from adapter.mapping.sections import VIEW
from adapter.mapping.tables import CodeTable, parse_tables, read_tables
from adapter.mapping.translator import Translator, make_translator
from adapter.mapping.types import Contracts, ScopeShapes, Type

MAPPINGS = Path(__file__).parents[1] / "mappings"
SAMPLES = Path(__file__).parent / "samples"
TEXT = {"type": "string"}
ORDER = {
    "title": "Order",
    "type": "object",
    "required": ["item"],
    "properties": {
        "id": TEXT,
        "externalId": {"type": "string", "maxLength": 12},
        "comment": {"type": ["string", "null"]},
        "state": {"enum": ["acknowledged", "held", "done"]},
        "requestedDate": {"type": "string", "format": "date"},
        "count": {"type": "integer"},
        "price": {"type": "number"},
        "express": {"type": "boolean"},
        "tags": {"type": "array", "items": TEXT},
        "account": {"type": ["object", "null"], "title": "Account", "properties": {"id": TEXT, "name": TEXT}},
        "extra": {"type": "object", "additionalProperties": True},
        "note": {
            "type": "array",
            "items": {"title": "Note", "type": "object", "properties": {"text": TEXT, "@type": TEXT, "author": TEXT}},
        },
        "item": {
            "type": "array",
            "items": {
                "title": "Item",
                "type": "object",
                "required": ["code"],
                "properties": {
                    "code": TEXT,
                    "kind": TEXT,
                    "amount": {"type": "integer"},
                    "part": {"type": "array", "items": {"type": "object", "properties": {"name": TEXT, "value": TEXT}}},
                },
            },
        },
    },
}
CALL = {
    "title": "PlaceOrder",
    "type": "object",
    "properties": {
        "reference": {"type": "string", "maxLength": 12},
        "remark": {"type": ["string", "null"]},
        "day": TEXT,
        "count": {"type": "integer"},
        "total": {"type": "number"},
        "totalText": TEXT,
        "flag": {"type": "boolean"},
        "flagText": TEXT,
        "codes": {"type": "array", "items": TEXT},
        "joined": TEXT,
        "any": {},
        "job": {
            "type": "object",
            "title": "Job",
            "required": ["type"],
            "properties": {"type": TEXT, "place": TEXT, "level": {"type": "integer"}},
        },
        "field": {"type": "array", "items": {"type": "object", "title": "Field", "properties": {"key": TEXT, "value": TEXT}}},
        "line": {
            "type": "array",
            "items": {
                "title": "Line",
                "type": "object",
                "required": ["code"],
                "properties": {
                    "code": TEXT,
                    "kind": TEXT,
                    "position": {"type": "integer"},
                    "quantity": {"type": "integer"},
                    "sub": {"type": "array", "items": {"type": "object", "properties": {"n": TEXT, "v": TEXT, "of": TEXT}}},
                },
            },
        },
    },
}
ANSWER = {
    "title": "PlaceOrderResponse",
    "type": "object",
    "properties": {
        **CALL["properties"],
        "result": TEXT,
        "number": TEXT,
        "message": {"type": "array", "items": TEXT},
        "late": {"type": "boolean"},
    },
}
TOLD = {
    "title": "ProgressResponse",
    "type": "object",
    "required": ["code"],
    "properties": {"code": TEXT, "text": TEXT, "number": TEXT},
}
HEAD = "operation: order.create\nlegacy: PlaceOrder\n"
MESSAGE = "operation: order.message\nreceives: Progress\n"
ACCEPTED = "outcome:\n  - is: accepted\n"


def contracts(**given: Any) -> Contracts:
    order: Shape = to_shape(ORDER)
    legacy = OperationContract("PlaceOrder", to_shape(CALL), to_shape(ANSWER))
    return Contracts(
        order,
        order,
        legacy,
        **{
            "header": frozenset({"X-Id", "channel"}),
            "query": frozenset({"fields"}),
            "path": frozenset({"id"}),
            "setting": {"mode": "on", "limit": 3},
            **given,
        },
    )


def contracts_for_many() -> Contracts:
    """The same contracts where one call asks for many orders."""
    one = contracts()
    around = Surroundings(canonical={}, legacy={}, settings=dict(one.setting))
    return around.contracts(question_for_many(Canonical(one.request, one.resource), {"item": "code"}, "id"), one.legacy)


def around(found: Contracts, known: Mapping[str, CodeTable]) -> Surroundings:
    """What a mapping of these contracts is checked against."""
    canonical = Canonical(
        found.request, found.resource, frozenset(found.resource.members), asked=found.asked, known=found.known, subject=found.subject
    )
    return Surroundings(
        canonical={"order": canonical},
        legacy={} if found.received else {found.legacy.name: found.legacy},
        tables=known,
        settings=dict(found.setting),
        faces=frozenset({"front"}),
        header=found.header,
        query=found.query,
        path=found.path,
        received={"order": canonical},
        inbound={found.legacy.name: found.legacy} if found.received else {},
    )


def contracts_of_change(**given: Any) -> Contracts:
    """The same contracts where the operation changes an order on record."""
    one = contracts(**given)
    changing = change(Canonical(one.request, one.resource), {"item": "code"}, part(one.request, {"item": "code"}))
    return replace(one, request=changing.request, resource=changing.resource, known=changing.known, subject=changing.subject)


def contracts_of_message(**given: Any) -> Contracts:
    """A message that the backend sends: what it answers otherwise, and a short answer to it."""
    one = contracts()
    message = received(Canonical(one.request, one.resource), {"item": "code"}, "id")
    legacy = OperationContract("Progress", to_shape(ANSWER), to_shape(TOLD))
    base = {"legacy": legacy, "setting": one.setting, "known": message.known, "received": True}
    return Contracts(one.request, message.resource, **{**base, **given})


def parsed(body: str, head: str = HEAD) -> MappingFile:
    """The mapping with these sections; syntax must be right."""
    text = head + dedent(body)
    found = parse_mapping(text, "mappings/zz/order.create.yaml", "zz")
    assert found.file is not None
    assert not found.findings, "\n".join(map(str, found.findings))
    return found.file


def tables(text: str = "") -> Mapping[str, CodeTable]:
    if not text:
        return {}
    found = parse_tables(dedent(text), "mappings/zz/codes.yaml")
    assert not found.findings, "\n".join(map(str, found.findings))
    return found.tables


def translator(
    body: str, codes: str = "", *, on_miss: MissHook = no_hook, checked: bool = True, of: Contracts | None = None, **given: Any
) -> Translator:
    """A compiled mapping; ``checked``: the checker must have nothing against it. ``of``: contracts of another kind of operation."""
    found, known = of or contracts(**given), tables(codes)
    file = parsed(body, MESSAGE if found.received else HEAD)
    if checked:
        errors = [each for each in check(file, found, known) if each.severity == "error"]
        if errors:
            raise CheckFailed(errors)
    return make_translator(file, known, found, on_miss)


def check(file: MappingFile, found: Contracts, known: Mapping[str, CodeTable]) -> list[Finding]:
    return check_mapping(file, around(found, known))


def asked(request: dict[str, Any] | None = None, **given: Any) -> Scope:
    return Scope(
        request=request or {},
        setting={"mode": "on", "limit": 3},
        **{"correlation_id": "c-1", "client_reference": "r-1", "now": "2026-01-01T00:00:00.000Z", "uid": "u-1", **given},
    )


def market(name: str, operation: str) -> tuple[Translator, Contracts, Mapping[str, CodeTable]]:
    """A real mapping of a SOAP market with its real contracts and code tables."""
    folder = MAPPINGS / name
    found = load_mapping(MAPPINGS, name, operation)
    assert found.file is not None, found.findings
    codes = read_tables(folder / "codes.yaml", f"mappings/{name}/codes.yaml").tables
    offered = [operation_contracts(load_contract(wsdl)) for wsdl in sorted((folder / "schema").glob("*.wsdl"))]
    legacy = next(one[found.file.legacy.value] for one in offered if found.file.legacy.value in one)
    order = resource(operation.partition(".")[0])
    for extension in (folder / "schema").glob("*.extension.yaml"):
        order = extend(order, load_extension(extension))
    known = Contracts(order.create, order.full, legacy, answers={face: each.shape for face, each in order.answers.items()})
    return make_translator(found.file, codes, known), known, codes


def typed(text: str, scope: ScopeShapes | None = None) -> tuple[Type, list[Finding]]:
    """The type of an expression of a reply rule (which knows the most names)."""
    return infer(parse_expression(text, Position("m.yaml", 1, 1)), scope or VIEW.scope(contracts()))


def condition(text: str, scope: ScopeShapes | None = None) -> list[Finding]:
    return infer_condition(parse_expression(text, Position("m.yaml", 1, 1)), scope or VIEW.scope(contracts()))
