"""An answer in XML: the document of the answer in JSON, with its one member as the root element.

Members are elements in their order, a list is its element once for each entry, null and an empty object are empty elements. Names that are
no names of elements are refused: an answer's names are those that its face declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

_NAME = re.compile(r"[A-Za-z_][\w.\-]*", re.ASCII)
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what no XML 1.0 document can hold


def write_xml(document: Any) -> bytes:
    """UTF-8 with a declaration. Raises ValueError for a document that is no object with one member, or has a name that is none."""
    if not isinstance(document, dict) or len(document) != 1:
        raise ValueError("a document has one member to be written as XML: the root element")
    [(root, value)] = document.items()
    if isinstance(value, list):
        raise ValueError(f"the root element '{root}' stands once, so it cannot be a list")
    return f'<?xml version="1.0" encoding="utf-8"?>{"".join(_element(root, value))}'.encode()


def _element(name: str, value: Any) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' cannot be the name of an element")
    if isinstance(value, list):
        for each in value:
            yield from _element(name, each)
        return
    yield f"<{name}>"
    if isinstance(value, dict):
        for member, inner in value.items():
            yield from _element(member, inner)
    else:
        yield _text(value)
    yield f"</{name}>"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(_IMPOSSIBLE.sub("\ufffd", str(value)))
