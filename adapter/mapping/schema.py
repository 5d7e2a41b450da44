"""The JSON Schemas (2020-12) of mapping files and codes files, for editors; written from the same ``keys`` the parser checks against."""

from __future__ import annotations

from typing import Any

from adapter.mapping.forms import Either, Entries, Form, Key, Keys, Named, Sequence, Word
from adapter.mapping.keys import CALL, NAMED, OF_RECEIVED, RECEIVED, TABLES

_SCALAR = ["string", "number", "boolean"]  # an editor's YAML types 400 and true; the parser reads all of it as text


def mapping_schema() -> dict[str, Any]:
    """The schema of ``<resource>.<verb>.yaml``. Paths and expressions are text here; ``adapter check`` looks into them."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Mapping file",
        "if": _is_received(),
        "then": _schema(RECEIVED),
        "else": _schema(CALL),
        "$defs": {_identifier(name): _schema(form) for name, form in NAMED.items()},
    }


def _is_received() -> dict[str, Any]:
    """As ``keys.mapping_form`` says it: an editor then speaks of one of the two kinds of file only."""
    implied = {"not": {"required": ["legacy"]}, "anyOf": [{"required": [name]} for name in sorted(OF_RECEIVED)]}
    return {"anyOf": [{"required": ["receives"]}, implied]}


def codes_schema() -> dict[str, Any]:
    """The schema of ``codes.yaml``, as far as its code tables go."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Codes file", **_schema(TABLES)}


def _schema(form: Form) -> dict[str, Any]:
    match form:
        case Word():
            return _word(form)
        case Named(name=name):
            return {"$ref": f"#/$defs/{_identifier(name)}"}
        case Sequence(item=item):
            least = {} if form.may_be_empty else {"minItems": 1}
            return {**_described(form.doc), "type": "array", "items": _schema(item), **least}
        case Entries(value=value):
            return {**_described(form.doc), "type": "object", "additionalProperties": _schema(value)}
        case Either(forms=forms):
            return {**_described(form.doc), "anyOf": [_schema(each) for each in forms]}
        case Keys():
            return _keys(form)


def _word(form: Word) -> dict[str, Any]:
    schema: dict[str, Any] = {**_described(form.doc), "type": _SCALAR}
    if form.words:
        schema["enum"] = list(form.words)
    if form.pattern:
        schema["pattern"] = f"^(?:{form.pattern})$"
    if not form.may_be_empty:
        schema["minLength"] = 1
    return schema


def _keys(form: Keys) -> dict[str, Any]:
    schema: dict[str, Any] = {**_described(form.doc), "type": "object", "properties": {key.name: _property(key) for key in form.keys}}
    if not form.open:
        schema["additionalProperties"] = False
    required = [key.name for key in form.keys if key.required and not key.inherited]
    if required:
        schema["required"] = required
    rules = [{"oneOf": [{"required": [name]} for name in group]} for group in form.one_of]
    inherited = [key.name for key in form.keys if key.required and key.inherited]
    if inherited and any(key.name == "like" for key in form.keys):
        rules.append({"anyOf": [{"required": ["like"]}, {"required": inherited}]})
    if rules:
        schema["allOf"] = rules
    return schema


def _property(key: Key) -> dict[str, Any]:
    schema = _schema(key.form)
    return {**schema, "description": f"{key.doc[:1].upper()}{key.doc[1:]}."} if key.doc else schema


def _described(doc: str) -> dict[str, Any]:
    return {"description": doc} if doc else {}


def _identifier(name: str) -> str:
    return name.replace(" ", "-")
