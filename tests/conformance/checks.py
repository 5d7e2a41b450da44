"""What every answer has to be, whatever was asked: judged by the definition where it says something, by the rules of TMF630 where not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import requests
from schemathesis import Case
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.conformance.definitions import tested

_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|/home/|/tmp/|site-packages|\badapter\.|connectors\.|demo-secret|<html|sqlite|lxml", re.IGNORECASE
)
_MAY_FAIL = frozenset({501, 503, 504})


def faults(api: str, case: Case, response: requests.Response, *, judged_whole: bool = True) -> Iterator[str]:
    """Everything wrong with an answer. ``judged_whole``: its body holds all required members, no selection of ``fields``."""
    whole = judged_whole and "fields" not in (case.query or {})
    checks = [status_code_conformance, response_headers_conformance, negative_data_rejection]
    if response.status_code != 204:  # what is not there has no type
        checks.append(content_type_conformance)
    if whole or not response.ok:
        checks.append(response_schema_conformance)
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        yield from (f"{type(failure).__name__}: {failure.title}: {_short(failure.message)}" for failure in group.exceptions)
    except json.JSONDecodeError as error:
        yield f"not JSON: {error}"
    if response.status_code >= 500 and response.status_code not in _MAY_FAIL:
        yield f"a fault of the service: {response.status_code}"
    if response.ok:
        yield from _success(api, case, response, whole=whole)
    else:
        yield from _error(response)


def _success(api: str, case: Case, response: requests.Response, *, whole: bool) -> Iterator[str]:
    if response.status_code == 204:
        if response.content:
            yield "a body with 204"
        return
    document = response.json()
    if response.status_code == 201 and "href" in document and response.headers.get("Location") != document["href"]:
        yield f"Location {response.headers.get('Location')} is not the href {document['href']}"
    if response.status_code == 201 and "Location" not in response.headers:
        yield "201 without Location"
    if isinstance(document, list):
        yield from _list(response, document, counted=(case.query or {}).get("limit") in (0, "0"))
    if not whole:
        yield from _selection(api, case, document)
    for one in document if isinstance(document, list) else [document]:
        if "/hub" not in case.path and not (isinstance(one.get("id"), str) and isinstance(one.get("href"), str)):
            yield "a resource without id and href"


def _list(response: requests.Response, document: list[Any], *, counted: bool) -> Iterator[str]:
    """``counted``: only the number was asked for, so that nothing in the body is a part as well."""
    total, shown = response.headers.get("X-Total-Count", ""), response.headers.get("X-Result-Count", "")
    if not (total.isdigit() and shown == str(len(document)) and int(total) >= len(document)):
        yield f"X-Total-Count '{total}' and X-Result-Count '{shown}' with {len(document)} elements"
    elif (response.status_code == 206) != (len(document) < int(total) and (counted or bool(document))):
        yield f"{response.status_code} with {len(document)} of {total}"


def _selection(api: str, case: Case, document: Any) -> Iterator[str]:
    """A part of a resource: its members as the definition says, and none beside those asked for, id and href."""
    asked = {name.strip().partition(".")[0] for name in str((case.query or {}).get("fields", "")).split(",")} - {""}
    for one in document if isinstance(document, list) else [document]:
        if asked and not set(one) <= asked | {"id", "href"}:
            yield f"fields={sorted(asked)} got {sorted(one)}"
        yield from (f"{error.instance_path}: {_short(error.message)}" for error in _members(api, case.path, case.method).iter_errors(one))


@cache
def _members(api: str, path: str, method: str) -> Any:
    """A check of single members of what an operation answers."""
    definition = tested(api)
    schema = definition["paths"][path][method.lower()]["responses"]["200"]["schema"]
    name = (schema.get("items") or schema)["$ref"].rpartition("/")[2]
    definitions = {**definition["definitions"], name: {k: v for k, v in definition["definitions"][name].items() if k != "required"}}
    return jsonschema_rs.Draft4Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


def _error(response: requests.Response) -> Iterator[str]:
    try:
        body = response.json()
    except ValueError:
        yield f"no Error but {_short(response.text)}"
        return
    if not isinstance(body, dict) or {"detail", "errors"} & set(body):
        yield f"no Error but {_short(response.text)}"
        return
    if body.get("status") != str(response.status_code):
        yield f"status {body.get('status')!r} in an Error with {response.status_code}"
    if not all(isinstance(body.get(name), str) and body[name].strip() for name in ("code", "reason", "message")):
        yield f"an Error that does not say what is wrong: {_short(response.text)}"
    if body.get("@type") != "Error":
        yield "an Error whose @type is something else"
    if found := _INSIDE.search(re.sub(r"'[^']*'", "", response.text)):
        yield f"the inside shows: {found.group()} in {_short(response.text)}"


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
