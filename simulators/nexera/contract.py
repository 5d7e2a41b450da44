"""The REST interface by its OpenAPI document: which operation a request is, and whether bodies fit. Strict in both directions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs

from simulators.scenario import read_yaml

_VERB = re.compile(r"(create|retrieve|list|update|read)(.+)")


class ContractError(Exception):
    """A request that breaks the contract; the text says where."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: ``verb`` and ``kind`` of resource (``create``, ``productOrder``) are the two parts of ``name``."""

    name: str
    verb: str
    kind: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    request: jsonschema_rs.Draft202012Validator | None
    answers: Mapping[int, jsonschema_rs.Draft202012Validator]


class Contract:
    """A read OpenAPI document. Its paths are matched without regard to case, and with or without a slash at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        document = read_yaml(path)
        self._server = str(document["servers"][0]["url"])
        self._components = document["components"]
        self.operations = [
            self._operation(address, method, declared) for address, item in document["paths"].items() for method, declared in item.items()
        ]
        # What is spelled out comes before what a parameter would take: /serviceTest/limits is no test.
        self.operations.sort(key=lambda operation: "(" in operation.path.pattern)
        self.messages = {name: self._validator(_content(item["post"]["requestBody"])) for name, item in document["webhooks"].items()}

    def served(self, address: str) -> bytes:
        """The document with ``address`` as its server."""
        return self._path.read_bytes().replace(self._server.encode(), address.encode(), 1)

    def find(self, method: str, path: str) -> tuple[Operation | None, dict[str, str], frozenset[str]]:
        """The operation, the values in its path, and the methods that there are at this path."""
        at_path = [(operation, match) for operation in self.operations if (match := operation.path.fullmatch(path))]
        for operation, match in at_path:
            if operation.method == method:
                return operation, match.groupdict(), frozenset()
        return None, {}, frozenset(operation.method for operation, _ in at_path)

    def read_query(self, operation: Operation, query: str) -> dict[str, str]:
        """The parameters by name. Raises ContractError for one that is not declared."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        for name in given:
            if name not in operation.query:
                raise ContractError(f"query {name}: known are {', '.join(sorted(operation.query)) or 'none'}")
        return given

    def check_request(self, operation: Operation, body: Any) -> None:
        """Raises ContractError."""
        if operation.request is not None:
            _check(operation.request, body)

    def check_answer(self, operation: Operation, status: int, body: Any) -> None:
        """The twin keeps to its own contract. Raises ContractError."""
        if status not in operation.answers:
            raise ContractError(f"{operation.name} has no answer {status}")
        _check(operation.answers[status], body)

    def check_message(self, name: str, body: Any) -> None:
        """Raises ContractError for a message to the operator that breaks the contract."""
        _check(self.messages[name], body)

    def _operation(self, address: str, method: str, declared: Mapping[str, Any]) -> Operation:
        verb = _VERB.fullmatch(declared["operationId"])
        if verb is None:
            raise ValueError(f"{declared['operationId']}: an operation here is called create…, retrieve…, list…, update… or read…")
        body = declared.get("requestBody")
        return Operation(
            name=declared["operationId"],
            verb=verb[1],
            kind=verb[2][0].lower() + verb[2][1:],
            method=method.upper(),
            path=re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(address.rstrip("/"))) + "/?", re.IGNORECASE),
            query=frozenset(one["name"] for one in declared.get("parameters", ()) if one["in"] == "query"),
            request=self._validator(_content(body)) if body else None,
            answers={int(status): self._validator(_content(answer)) for status, answer in declared["responses"].items()},
        )

    def _validator(self, schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator({**schema, "components": self._components}, validate_formats=True)


def _content(declared: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = declared["content"]["application/json"]["schema"]
    return schema


def _check(validator: jsonschema_rs.Draft202012Validator, body: Any) -> None:
    errors = [f"{'.'.join(map(str, error.instance_path)) or 'body'}: {error.message}" for error in validator.iter_errors(body)]
    if errors:
        raise ContractError("; ".join(errors[:5]))
