"""The strict side: a document is held against its contract before a byte of it is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from adapter.contract.hygiene import UNWRITABLE, member_path
from adapter.contract.openapi_model import Content
from adapter.contract.shape import Kind, Shape
from adapter.contract.validation import Validator
from adapter.errors import SerialisationFailed
from adapter.ports import Document
from connectors.xml_text import described


class Strict:
    """Checks documents of one content. Compiled once, keeps nothing."""

    def __init__(self, content: Content, source: str) -> None:
        """Raises ConfigError naming ``source`` where the schema cannot be compiled."""
        self._shape = content.shape
        self._xml = content.form == "xml"
        self._validator = Validator(content.schema, source=source)

    def check(self, document: Document) -> None:
        """Raises SerialisationFailed with the place of the first thing that is wrong; the text says of how many."""
        try:
            self._object(document, self._shape, "")
        except RecursionError:
            raise SerialisationFailed("the document is nested too deep to be written") from None
        problems = self._validator.problems(document)
        if problems:
            more = f" (and {len(problems) - 1} more: {', '.join(one.path for one in problems[1:4])})" if len(problems) > 1 else ""
            raise SerialisationFailed(problems[0].text + more, problems[0].path)

    def _object(self, document: Document, shape: Shape, path: str) -> None:
        for name, value in document.items():
            member = shape.members.get(name)
            if member is None:
                if shape.kind is Kind.OBJECT and not shape.open:
                    known = ", ".join(shape.members) or "none"
                    raise SerialisationFailed(f"the contract has no such member here; it has: {known}", member_path(path, name))
                self._value(value, _ANY, member_path(path, name))
            else:
                self._value(value, member.shape, member_path(path, name))

    def _value(self, value: Any, shape: Shape, path: str) -> None:
        """What the validator cannot see: members nobody declared, and values that cannot be written at all."""
        if value.__class__ is str:
            self._text(value, path)
        elif isinstance(value, dict):
            self._object(value, shape if shape.kind is Kind.OBJECT else _ANY, path)
        elif isinstance(value, list):
            for index, one in enumerate(value):
                self._value(one, shape, f"{path}[{index}]")
        elif isinstance(value, Decimal):
            if not value.is_finite():
                raise SerialisationFailed(f"{value} is no number that can be written", path)
        elif value is not None and not isinstance(value, bool | int):
            raise SerialisationFailed(f"{described(value)} is no plain data", path)

    def _text(self, value: str, path: str) -> None:
        if value.isascii() and value.isprintable():
            return
        found = UNWRITABLE.search(value)
        if found is not None and (self._xml or "\ud800" <= found.group() <= "\udfff"):
            code = ord(found.group())
            raise SerialisationFailed(f"the character U+{code:04X} at position {found.start() + 1} cannot be carried; take it out", path)


_ANY = Shape(Kind.ANY)
