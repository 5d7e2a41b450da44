"""What fits the schema of one market fits the one that is published for all."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from adapter.contract.tmf import extend, load_extension, resource
from adapter.contract.tmf.widening import widened
from tests.service_kit import ROOT

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


def test_one_schema_is_itself() -> None:
    schema = {"type": "object", "properties": {"a": TEXT}}
    assert widened([schema]) == schema
    assert widened([schema, dict(schema)]) == schema


def test_members_of_all_are_known_and_of_those_that_differ_any_form_will_do() -> None:
    one = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"], "additionalProperties": TEXT}
    two = {"type": "object", "properties": {"a": NUMBER, "c": TEXT}, "required": ["a"]}
    three = {"type": "object", "properties": {"a": {"type": "null"}, "b": NUMBER, "c": TEXT}}
    wide = widened([one, two])
    assert wide == {"type": "object", "properties": {"a": {"anyOf": [TEXT, NUMBER]}, "b": TEXT, "c": TEXT}, "required": ["a"]}
    assert widened([one, two, one])["properties"]["a"] == {"anyOf": [TEXT, NUMBER]}
    widest = widened([one, two, three])
    assert widest["properties"] == {"a": {"anyOf": [TEXT, NUMBER, {"type": "null"}]}, "b": {"anyOf": [TEXT, NUMBER]}, "c": TEXT}
    assert "required" not in widest


def test_types_are_widened_too() -> None:
    one = {"$defs": {"T": {"type": "object", "properties": {"a": TEXT}, "required": ["a"]}, "U": TEXT}}
    two = {"$defs": {"T": {"type": "object", "properties": {"b": TEXT}}, "V": NUMBER}}
    wide = widened([one, two])["$defs"]
    assert wide["T"] == {"type": "object", "properties": {"a": TEXT, "b": TEXT}}
    assert (wide["U"], wide["V"]) == (TEXT, NUMBER)


@pytest.mark.parametrize("sample", ["pr/selfinstall", "pr/technician", "pr/unscheduled", "jm/liberate", "jm/cerillion", "pa/"])
def test_every_documented_answer_of_the_storefront_fits(sample: str) -> None:
    order = resource("productOrder")
    files = sorted((ROOT / "mappings").glob("*/schema/productOrder.extension.yaml"))
    schema = widened([extend(order, load_extension(file)).answer("hybris").schema for file in files])
    name = f"{sample}{'' if sample.endswith('/') else '.'}response.json"
    jsonschema_rs.Draft202012Validator(schema).validate(json.loads((ROOT / "tests" / "samples" / name).read_text(encoding="utf-8")))
