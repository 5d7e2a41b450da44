"""Resources that the standard does not have are files: ``adapter/resource/schema``. A further one needs no Python."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.contract.path import parse_path
from adapter.contract.shape import Kind, resolve
from adapter.contract.tmf import resource, resource_names
from adapter.contract.tmf.described import described, described_names
from adapter.contract.validation import Validator
from adapter.errors import CheckFailed, ConfigError

BASE = """\
standard: {ProductOrderRef: reference}
create:
  properties: {productOrder: {$ref: "#/$defs/ProductOrderRef"}}
  required: [productOrder]
full:
  properties: {id: {type: string}, state: {$ref: "#/$defs/CallState"}}
$defs:
  CallState: {description: Where it is., enum: [acknowledged, done], type: string}
  Unused: {properties: {a: {type: string}}}
"""
CALL = """\
like: base
create:
  description: The wish to be called.
  properties: {when: {type: string, format: date-time}, reason: {type: array, items: {$ref: "#/$defs/Reason"}}}
  required: [productOrder, when]
full: {description: The wish as it is shown.}
$defs:
  Reason: {description: Why., properties: {text: {type: string}}}
"""
LIFE = "resource: callBack"


def written(folder: Path, *, base: str = BASE, call: str = CALL) -> Path:
    (folder / "schema").mkdir()
    (folder / "schema" / "base.yaml").write_text(base, encoding="utf-8")
    (folder / "schema" / "callBack.yaml").write_text(call, encoding="utf-8")
    (folder / "callBack.yaml").write_text(LIFE, encoding="utf-8")
    return folder


def test_a_file_beside_a_life_is_a_resource_and_one_without_is_what_others_begin_from(tmp_path):
    assert described_names(written(tmp_path)) == ("CallBack",)
    assert set(resource_names()) >= {"RespondProviderChange", "RescheduleProductOrder"}
    assert "OrderTask" not in resource_names()
    with pytest.raises(ConfigError, match="did you mean 'RespondProviderChange'"):
        resource("RespondProviderChanges")


def test_its_forms_are_those_of_the_file_with_the_members_that_every_type_may_be_extended_by(tmp_path):
    call = described("CallBack", written(tmp_path))
    assert list(call.create_schema["properties"]) == ["productOrder", "when", "reason", "@baseType", "@schemaLocation", "@type"]
    assert list(call.full_schema["properties"])[:3] == ["id", "state", "productOrder"]
    assert call.full_schema["required"] == ["productOrder", "when"]
    assert (call.create_schema["title"], call.full_schema["title"]) == ("CallBackCreate", "CallBack")
    assert list(call.create_schema["$defs"]) == ["ProductOrderRef", "Reason"]  # what a form does not need, it does not show
    assert list(call.full_schema["$defs"]) == ["CallState", "ProductOrderRef", "Reason"]
    assert call.server_owned == {"id", "state"}
    assert call.update_schema is None
    assert resolve(call.full, parse_path("reason[].text")).shape.kind is Kind.TEXT
    assert resolve(call.full, parse_path("productOrder.href")).shape.kind is Kind.TEXT


def test_its_requests_are_checked_as_those_of_the_standard_are(tmp_path):
    check = Validator(described("CallBack", written(tmp_path)).create_schema, source="callBack")
    good = {"productOrder": {"id": "1"}, "when": "2026-01-01T10:00:00Z", "reason": [{"text": "why", "@type": "MyReason"}]}
    assert not check.problems(good)
    assert [problem.path for problem in check.problems({**good, "productOrder": {}})] == ["productOrder.id"]
    assert check.problems({**good, "when": "tomorrow"})


@pytest.mark.parametrize(
    ("base", "call", "said"),
    [
        (BASE, CALL.replace("Reason: {d", "Grund: {d"), "callBack.yaml: there is no type 'Reason'; write it under \\$defs"),
        (BASE.replace(": reference", ": references"), CALL, "standard: there is no ProductOrderRef in adapter.contract.tmf.references"),
        (BASE.replace("{ProductOrderRef", "{ProductOrdersRef"), CALL, "there is no ProductOrdersRef in adapter.contract.tmf.reference"),
        (BASE, CALL.replace("like: base\n", ""), "callBack.yaml: '.*' is missing; a resource has create and full"),
        (BASE, CALL.replace("full:", "shown:"), "'shown' means nothing here; known are like, \\$defs, create, full, standard"),
        (BASE, CALL.replace("like: base", "like: callBack"), "like: callBack begins from this file itself"),
        (f"like: callBack\n{BASE}", CALL, "like: callBack begins from this file itself"),
        ("", CALL, "base.yaml: the file is empty"),
    ],
)
def test_what_makes_no_resource_is_told_with_its_file(tmp_path, base, call, said):
    with pytest.raises(ConfigError, match=said):
        described("CallBack", written(tmp_path, base=base, call=call))


def test_a_file_that_cannot_be_read_names_its_line(tmp_path):
    with pytest.raises(CheckFailed, match=r"callBack\.yaml:3:1"):
        described("CallBack", written(tmp_path, call="like: base\ncreate: [\n"))
