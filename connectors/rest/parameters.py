"""Values outside of the body: in the path, the query and headers, in the styles form and simple of OpenAPI (RFC 6570)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote_plus

from adapter.contract.openapi_model import Content, Parameter
from adapter.contract.shape import Kind, Member
from adapter.errors import SerialisationFailed
from adapter.ports import Document
from connectors.deviations import Note
from connectors.rest.tolerant import from_text

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_RESERVED = ":/?[]@!$'()*,;="  # but for what would end the value (&, #) or be read as a blank (+)
_VISIBLE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?|")


def text_of(value: Any) -> str:
    """A value as text: numbers with all their digits, ``true`` and ``false``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def target(path: str, parameters: Sequence[Parameter], document: Document) -> str:
    """The path with its parameters, and the query; a fragment of the path, which tells operations of one address apart, is not sent.
    Raises SerialisationFailed for a path parameter that would be lost."""
    path = path.partition("#")[0]
    by_name = {parameter.name: parameter for parameter in parameters if parameter.where == "path"}
    values = document.get("path", {})
    written = _PLACEHOLDER.sub(lambda found: _segment(by_name[found.group(1)], values), quote(path, safe="/{}~!$&'()*+,;=:@%"))
    query = "&".join(pair for one in parameters if one.where == "query" for pair in _query(one, document.get("query", {})))
    return f"{written}?{query}" if query else written


def headers_of(parameters: Sequence[Parameter], document: Document) -> dict[str, str]:
    """The declared headers that the document has. Raises SerialisationFailed for what a header cannot carry."""
    values = document.get("header", {})
    found: dict[str, str] = {}
    for one in parameters:
        if one.where != "header" or values.get(one.member) is None:
            continue
        text = _simple(values[one.member], one, lambda part: part)
        if not _VISIBLE.fullmatch(text):
            raise SerialisationFailed(
                "a header cannot carry this: only ASCII characters, no line break, no blank at either end", f"header.{one.member}"
            )
        parts = _parts(values[one.member])
        if isinstance(values[one.member], list | dict) and any("," in part or part != part.strip() for part in parts):
            raise SerialisationFailed("a comma would part this value in two, and blanks at its ends would be lost", f"header.{one.member}")
        _check_parts(parts, f"header.{one.member}")
        found[one.name] = text
    return found


def _check_parts(parts: list[str], path: str) -> None:
    """Raises SerialisationFailed for a list that its reader would take for an empty one."""
    if parts == [""]:
        raise SerialisationFailed("one empty text cannot be told from no text at all; leave it out", path)


def _segment(parameter: Parameter, values: Mapping[str, Any]) -> str:
    text = _simple(values[parameter.member], parameter, lambda part: quote(part, safe=""))
    if text in ("", ".", ".."):
        raise SerialisationFailed(f"'{text}' cannot stand in a path: the request would reach another one", f"path.{parameter.member}")
    return text


def _simple(value: Any, parameter: Parameter, write: Callable[[str], str]) -> str:
    if isinstance(value, dict):
        sign = "=" if parameter.explode else ","
        return ",".join(f"{write(key)}{sign}{write(text_of(one))}" for key, one in value.items())
    return ",".join(write(part) for part in _parts(value))


def _parts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [part for key, one in value.items() for part in (key, text_of(one))]
    return [text_of(one) for one in value] if isinstance(value, list) else [text_of(value)]


def _query(parameter: Parameter, values: Mapping[str, Any]) -> Iterator[str]:
    value = values.get(parameter.member)
    if value is None:
        return
    name = quote(parameter.name, safe="[]$@:")

    def write(part: str) -> str:
        return quote(part, safe=_RESERVED if parameter.reserved else "")

    if not isinstance(value, list | dict):
        yield f"{name}={write(text_of(value))}"
    elif not parameter.explode:
        _check_parts(_parts(value), f"query.{parameter.member}")
        if value:
            yield f"{name}={','.join(quote(part, safe='') for part in _parts(value))}"
    elif isinstance(value, dict):
        yield from (f"{quote(key, safe='')}={write(text_of(one))}" for key, one in value.items())
    else:
        yield from (f"{name}={write(text_of(one))}" for one in value)


def read_headers(parameters: Sequence[Parameter], content: Content, headers: Mapping[str, str], note: Note) -> dict[str, Any]:
    """The declared headers of a message. What is required and missing is noted."""
    found: dict[str, Any] = {}
    for one, member in _declared(parameters, content, "header"):
        text = headers.get(one.member)
        if text is not None:
            found[one.member] = _read_simple(one, member, text, "header", note)
        elif member.required:
            note("missing", "header", one.member, "is required by the contract but not there")
    return found


def read_path(parameters: Sequence[Parameter], content: Content, texts: Mapping[str, str], note: Note) -> dict[str, Any]:
    """The parameters of a path that was matched."""
    return {one.member: _read_simple(one, member, texts[one.name], "path", note) for one, member in _declared(parameters, content, "path")}


def read_query(parameters: Sequence[Parameter], content: Content, query: str, note: Note) -> dict[str, Any]:
    """The declared parameters of a raw query string; others are noted."""
    pairs = [(unquote_plus(name), value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]
    found: dict[str, Any] = {}
    known: set[str] = set()
    for one, member in _declared(parameters, content, "query"):
        names = member.shape.members.keys() if one.explode and member.shape.kind is Kind.OBJECT and not member.many else {one.name}
        known |= names
        own = [pair for pair in pairs if pair[0] in names]
        if own:
            found[one.member] = _read_query(one, member, own, note)
        elif member.required:
            note("missing", "query", one.member, "is required by the contract but not there")
    for name in dict.fromkeys(name for name, _ in pairs):
        if name not in known:
            note("extra", "query", name, "the contract has no such parameter")
    return found


def _declared(parameters: Sequence[Parameter], content: Content, where: str) -> Iterator[tuple[Parameter, Member]]:
    for one in parameters:
        if one.where == where:
            yield one, content.shape.members[where].shape.members[one.member]


def _read_query(parameter: Parameter, member: Member, pairs: list[tuple[str, str]], note: Note) -> Any:
    path, texts = f"query.{parameter.member}", [text for _, text in pairs]
    if parameter.explode and member.many:
        return [from_text(member.shape, unquote_plus(text), f"{path}[{index}]", note) for index, text in enumerate(texts)]
    if parameter.explode and member.shape.kind is Kind.OBJECT:
        return _members(member, [(name, unquote_plus(text)) for name, text in pairs], path, note)
    if len(texts) > 1:
        note("repeated", path, "", "comes more than once, the contract has it once; the first is read")
    return _read_simple(parameter, member, texts[0], "query", note, unquote_plus)


def _read_simple(parameter: Parameter, member: Member, text: str, where: str, note: Note, decode: Callable[[str], str] = str) -> Any:
    """``decode`` is what is left to be done to each part of a text once commas have parted it."""
    path = f"{where}.{parameter.member}"
    if not member.many and member.shape.kind is not Kind.OBJECT:
        return from_text(member.shape, decode(text), path, note)
    parts = [decode(part.strip(" \t") if where == "header" else part) for part in text.split(",")] if text else []
    if member.many:
        return [from_text(member.shape, part, f"{path}[{index}]", note) for index, part in enumerate(parts)]
    if not parameter.explode:
        return _members(member, list(zip(parts[::2], parts[1::2], strict=False)), path, note)
    return _members(member, [(name, value) for name, _, value in (part.partition("=") for part in parts)], path, note)


def _members(member: Member, pairs: Sequence[tuple[str, str]], path: str, note: Note) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in pairs:
        inner = member.shape.members.get(name)
        if inner is not None:
            found[name] = from_text(inner.shape, text, f"{path}.{name}", note)
        elif member.shape.open:
            found[name] = text
        else:
            note("extra", path, name, "the contract has no such member here")
    for name, inner in member.shape.members.items():
        if inner.required and name not in found and pairs:
            note("missing", path, name, "is required by the contract but not there")
    return found
