"""A contract compiled once, and all that a document has against it, in words for the person who wrote the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationError

from adapter.contract.hygiene import MAX_PROBLEMS, member_path, text_problems
from adapter.errors import ConfigError, Problem

__all__ = ["Validator", "text_problems"]

_ECHO = 60
_DRAFT_4 = "http://json-schema.org/draft-04/schema#"
_VALUES = frozenset({"const", "enum", "default", "examples"})  # keywords whose values are data and not schemas
_SECRET = re.compile(r"secret|passw|pwd|token|credential|authorization|api.?key|\bpin\b", re.IGNORECASE)
_FORMATS = {
    "date-time": "a date and time with its zone, like 2023-01-11T12:45:12.028Z",
    "date": "a date like 2023-01-11",
    "time": "a time of day with its zone, like 12:45:12Z",
    "uri": "a complete URI like https://example.com/a",
    "email": "an e-mail address",
    "uuid": "a UUID like 644e1dd7-2a7f-18fb-b8ed-ed78c3f92c2b",
}
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


class _Distinct:
    """The keyword ``distinct``: a list of paths, by which the elements of a list are told apart. Two elements that agree on all of them,
    or where one says less than the other and contradicts it on none, are the same one twice."""

    def __init__(self, parent_schema: Any, value: list[str], schema_path: Any) -> None:  # noqa: ARG002 - so it is called
        self._ways = [path.split(".") for path in value]

    def validate(self, instance: Any) -> None:
        """Raises ValueError where two elements cannot be told apart."""
        seen: dict[str, list[list[Any]]] = {}
        for element in instance if isinstance(instance, list) else ():
            mine = [_reached(element, way) for way in self._ways]
            if mine[0] is None:  # whether it has to be there, another keyword says
                continue
            for theirs in seen.setdefault(str(mine[0]), []):
                if all(one is None or other is None or one == other for one, other in zip(mine, theirs, strict=True)):
                    raise ValueError(f"two elements have the same {self._ways[0][-1]} '{mine[0]}'")
            seen[str(mine[0])].append(mine)


def _reached(element: Any, way: list[str]) -> Any:
    for name in way:
        element = element.get(name) if isinstance(element, Mapping) else None
    return element


def _whole(schema: Any, types: set[tuple[str, ...]]) -> Any:
    """The schema, which asks elsewhere for what it says of an integer and of no other kind of number: in draft 4, where a number written
    with a fraction (1.0) is none; no rule takes it for one. ``types`` gets what it asks for there."""
    if isinstance(schema, list):
        return [_whole(part, types) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    found = {name: part if name in _VALUES else _whole(part, types) for name, part in schema.items()}
    asked = schema.get("type")
    names = tuple(asked) if isinstance(asked, list) else (asked,)
    if "integer" not in names or "number" in names:
        return found
    types.add(names)
    del found["type"]
    return {**found, "allOf": [*found.get("allOf", ()), {"$ref": _address(names)}]}


def _names(schema: Any, keyword: str) -> bool:
    if isinstance(schema, Mapping):
        return keyword in schema or any(_names(part, keyword) for part in schema.values())
    return isinstance(schema, list) and any(_names(part, keyword) for part in schema)


def _address(types: tuple[str, ...]) -> str:
    return f"urn:adapter:whole:{':'.join(types)}"


class Validator:
    """One contract. Thread-safe, keeps nothing of a document."""

    def __init__(self, schema: Mapping[str, Any], *, source: str = "", proved: bool = False) -> None:
        """Raises ConfigError if ``schema`` is no JSON Schema; ``source`` is named in it. ``proved``: it is known to be one, and is compiled
        when the first document comes."""
        self._schema, self._source = schema, source
        if not proved:
            self._compiled  # noqa: B018 - compiled when asked for

    @cached_property
    def _compiled(self) -> jsonschema_rs.Draft202012Validator:
        try:
            types: set[tuple[str, ...]] = set()
            schema = _whole(self._schema, types)
            registry = jsonschema_rs.Registry([(_address(names), {"$schema": _DRAFT_4, "type": list(names)}) for names in types])
            return jsonschema_rs.Draft202012Validator(
                schema,
                validate_formats=True,
                keywords={"distinct": _Distinct} if _names(schema, "distinct") else None,  # one keyword makes all others a third slower
                registry=registry,
            )
        except (ValidationError, ValueError, TypeError) as error:
            raise ConfigError(f"{self._source or 'the schema'} is no JSON Schema: {str(error).splitlines()[0]}") from error

    def problems(self, document: Any) -> list[Problem]:
        """All that is wrong, at most MAX_PROBLEMS, in the order of the document's paths; [] if it fits."""
        if self._compiled.is_valid(document):
            return []
        found: dict[str, Problem] = {}
        for error in self._compiled.iter_errors(document):
            for problem in _explain(error):
                if problem.path not in found or error.kind.name == "type":  # of the wrong kind says all that is to be said of a place
                    found[problem.path] = problem
            if len(found) >= MAX_PROBLEMS:
                break
        return sorted(found.values(), key=lambda problem: _natural(problem.path))


def _natural(path: str) -> tuple[tuple[str, int], ...]:
    """Sorts item[10] behind item[9]."""
    return tuple((text, int(number or 0)) for text, number in re.findall(r"([^\[\]]*)(?:\[(\d+)\])?", path))


def _path(steps: Iterable[str | int]) -> str:
    path = ""
    for step in steps:
        path = f"{path}[{step}]" if isinstance(step, int) else member_path(path, step)
    return path


def _explain(error: ValidationError) -> list[Problem]:
    where = _path(error.instance_path)
    name = error.kind.name
    if name == "required":
        return [Problem(member_path(where, str(error.kind.value)), "is missing and has to be sent")]
    if name in ("additionalProperties", "unevaluatedProperties"):
        return [Problem(member_path(where, extra), "is not known here; remove it") for extra in error.kind.value]
    if name == "propertyNames":
        return [Problem(where, "has a member with a name that is not allowed: " + problem.text) for problem in _explain(error.kind.value)]
    if name in ("anyOf", "oneOf") and isinstance(error.kind.value, list):
        return _nearest(error, where)
    words = _WORDS.get(name)
    return [Problem(where, words(error) if words else _unknown(error))]


def _nearest(error: ValidationError, where: str) -> list[Problem]:
    """Of several alternatives that all failed, what is wrong with the one that the document seems to mean."""
    branches = [branch for branch in error.kind.value if branch]
    apart = [
        branch
        for branch in branches
        if not any(part.kind.name == "type" and list(part.instance_path) == list(error.instance_path) for part in branch)
    ]
    if len(apart) == 1 or (apart and len(apart) < len(branches)):
        return [problem for part in min(apart, key=len) for problem in _explain(part)]
    kinds: list[str] = []
    for branch in branches:
        kinds += [_kinds(part) for part in branch if part.kind.name == "type"]
    if len(kinds) == len(branches) and kinds:
        kinds = [kind for kind in dict.fromkeys(kinds) if kind != "null"] or ["null"]
        return [Problem(where, _other_kind(error, " or ".join(kinds)))]
    return [Problem(where, "fits none of the allowed forms")]


def _kinds(error: ValidationError) -> str:
    types: Any = error.kind.value
    names = [types] if isinstance(types, str) else list(types)
    return " or ".join(_TYPES.get(name, name) for name in names)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    for python, words in ((bool, "true or false"), (str, "text"), (Mapping, "an object"), (list, "a list")):
        if isinstance(value, python):
            return words
    return "a number"


def _secret(error: ValidationError) -> bool:
    return any(isinstance(step, str) and _SECRET.search(step) for step in error.instance_path)


def _echo(error: ValidationError) -> str:
    """The value as sent, shortened; nothing of a value whose name says that it is secret."""
    if _secret(error):
        return "what was sent"
    value = error.instance
    if not isinstance(value, str):
        return _kind(value) if isinstance(value, Mapping | list) else str(value)[:_ECHO]
    shown = value if len(value) <= _ECHO else value[: _ECHO - 1] + "…"
    return "'" + "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in shown) + "'"


def _size(value: Any) -> int:
    return len(value)


def _options(error: ValidationError) -> str:
    options: Sequence[Any] = error.kind.value
    shown = ", ".join(str(option) for option in options[:12])
    return shown + (f" and {len(options) - 12} more" if len(options) > 12 else "")


def _type(error: ValidationError) -> str:
    return _other_kind(error, _kinds(error))


def _other_kind(error: ValidationError, kinds: str) -> str:
    if isinstance(error.instance, Decimal | float) and _TYPES["integer"] in kinds:
        return f"must be {_TYPES['integer']}, written without a fraction or exponent, not {_echo(error)}"
    return f"must be {kinds}, not {_kind(error.instance)}"


def _format(error: ValidationError) -> str:
    name = str(error.kind.value)
    return f"must be {_FORMATS.get(name, f'of the format {name}')}, not {_echo(error)}"


def _unknown(error: ValidationError) -> str:
    return f"does not fit the contract's rule '{error.kind.name}'"


_WORDS: dict[str, Callable[[ValidationError], str]] = {
    "type": _type,
    "enum": lambda error: f"must be one of {_options(error)}, not {_echo(error)}",
    "const": lambda error: f"must be {error.kind.value}, not {_echo(error)}",
    "format": _format,
    "pattern": lambda error: f"must match {error.kind.value}; {_echo(error)} does not",
    "minLength": lambda error: f"must have at least {error.kind.value} characters",
    "maxLength": lambda error: f"must have at most {error.kind.value} characters, it has {_size(error.instance)}",
    "minimum": lambda error: f"must be at least {error.kind.value}",
    "maximum": lambda error: f"must be at most {error.kind.value}",
    "exclusiveMinimum": lambda error: f"must be more than {error.kind.value}",
    "exclusiveMaximum": lambda error: f"must be less than {error.kind.value}",
    "multipleOf": lambda error: f"must be a multiple of {error.kind.value}",
    "minItems": lambda error: f"must have at least {error.kind.value} elements, it has {_size(error.instance)}",
    "maxItems": lambda error: f"must have at most {error.kind.value} elements, it has {_size(error.instance)}",
    "distinct": lambda error: f"{error.message!s}; each needs one of its own",
    "uniqueItems": lambda _: "must not hold the same element twice",
    "minProperties": lambda error: f"must have at least {error.kind.value} members",
    "maxProperties": lambda error: f"must have at most {error.kind.value} members",
    "falseSchema": lambda _: "must not be sent",
}
