"""Takes secrets and declared personal data out of messages before they are recorded or logged.

A declared path (``adapter.contract.path``) names what to mask: in a JSON document from its root, ``note[@type=PinCode].text``; in XML by
local names, one element inside the other at any depth, ``order.customer.pin`` or ``order.@pin`` for an attribute;
``header.X-Account-Pin`` for an HTTP header. A list is walked whether or not the path says ``[]``. Picks (``[key=value]``) hold in JSON;
in XML every element of that name is masked. Credentials are masked without being declared.

Values become ``***``, whatever is around them stays. Text that cannot be parsed is masked by the last name of each path, so
rather too much than too little. Nothing here raises for a message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from adapter.contract.json_bytes import write_json
from adapter.contract.path import PathError, parse_path
from adapter.contract.shape import Shape
from adapter.errors import ConfigError
from adapter.redaction.documents import MASK, SECRETS, Steps, masker, secrets_in, without_secrets
from adapter.redaction.written import Places, masked, places_of
from adapter.redaction.xml import XmlMasks

_SECRET_HEADER = re.compile(r"authorization|cookie|secret|password|token|api-?key", re.IGNORECASE)
_SECRET_ELEMENTS = (("Password",), ("BinarySecurityToken",))


class Redaction:
    """The masks of one market. Raises ConfigError for a path that does not parse."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        headers: set[str] = set()
        documents: list[Steps] = []
        for path in paths:
            try:
                steps = parse_path(path).steps
            except PathError as error:
                raise ConfigError(f"redact: {path!r} is no path: {error}") from error
            if steps[0].name == "header" and len(steps) == 2:
                headers.add(steps[1].name.lower())
            else:
                documents.append(steps)
        self._headers = frozenset(headers)
        self._declared = masker(documents)
        names = {steps[-1].name for steps in documents}
        self._members = tuple(f'"{name}"'.encode() for name in names)
        self._text = _text_pattern(names)
        self._elements = [*_SECRET_ELEMENTS, *(tuple(step.name for step in steps) for steps in documents)]
        self._xml = XmlMasks(self._elements)
        self._places: dict[Shape, Places | None] = {}  # by the messages of the market's contract

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """HTTP headers with credentials and declared names masked."""
        return {name: MASK if name.lower() in self._headers or _SECRET_HEADER.search(name) else value for name, value in headers.items()}

    def document(self, document: Any) -> Any:
        """A parsed document, masked; the same object where there is nothing to mask. The argument is not changed."""
        return without_secrets(self._declared(document, 0), 0)

    def body(self, body: bytes) -> bytes:
        """A message body as it travelled, masked by what it is: XML, JSON, or any other text."""
        if body.find(b"\0", 0, 8) >= 0 and (b"\0<" in body[:8] or b"<\0" in body[:8]):
            return self._utf_16(body)
        start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if start == b"<":
            return self._xml.mask(body)
        if start in (b"{", b"["):
            return self.json(body)
        return self._any(body)

    def envelope(self, body: bytes, document: Any, shape: Shape) -> bytes:
        """A SOAP envelope in UTF-8 that holds this document, of this shape, and nothing else: masked as ``body`` does it, at a third of the
        cost."""
        if shape not in self._places:
            self._places[shape] = places_of(shape, self._elements)
        places = self._places[shape]
        found = None if places is None else masked(body, document, places)
        return self._xml.mask(body) if found is None else found

    def _utf_16(self, body: bytes) -> bytes:
        order = "utf-16-be" if b"\0<" in body[:4] and not body.startswith(b"\xff\xfe") else "utf-16-le"
        text = body.decode(order, "replace")
        found = self._xml.mask(text.encode("utf-8", "surrogatepass"))
        return found.decode("utf-8", "replace").encode(order, "replace")

    def json(self, body: bytes, document: Any = None) -> bytes:
        """A JSON body, masked; the same bytes where there is nothing to mask. ``document`` where it has been parsed already."""
        if document is None:
            if not secrets_in(body) and not any(body.find(name) >= 0 for name in self._members):
                return body
            try:
                document = orjson.loads(body)
            except orjson.JSONDecodeError:
                return self._any(body)
        declared = self._declared(document, 0)
        text = body if declared is document else write_json(declared)
        if not secrets_in(text):  # what was written is shorter than what came
            return text
        bare = without_secrets(declared, 0)
        return text if bare is declared else write_json(bare)

    def _any(self, body: bytes) -> bytes:
        return self._text.sub(rb"\g<name>" + MASK.encode(), body)


def _text_pattern(names: Iterable[str]) -> re.Pattern[bytes]:
    """``name: value``, ``name=value`` and ``"name": "value"``; where the value is an object or a list, all that follows."""
    words = "|".join([SECRETS, *map(re.escape, names)])
    value = r""""(?:[^"\\]|\\.)*+"?|'(?:[^'\\]|\\.)*+'?|[{\[].*|[^\s,;&}\]]+"""
    pattern = rf"""(?P<name>(?<![\w@])(?:{words})["']?\s*+[:=]\s*+)(?:{value})"""
    return re.compile(pattern.encode(), re.IGNORECASE | re.DOTALL)
