"""Content that no contract describes (``xs:any``, ``xs:anyType``) as plain data, both ways.

Text is ``str``; an element with attributes or children is a dict: ``@name`` attributes, ``#text``, children by local
name, a list where a name is repeated. ``@xmlns`` is there where the namespace is not that of the parent.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from lxml import etree

from connectors.xml_text import Refused, escape, wrong_kind

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_NAME = re.compile(r"[^\W\d][\w.\-\u00b7]*").fullmatch


def read(element: etree._Element, namespace: str = "") -> Any:
    """The element as plain data; ``namespace`` is the one it would inherit."""
    name = etree.QName(element)
    content = read_content(element, name.namespace or "")
    if (name.namespace or "") == namespace or content is None:
        return content
    return {"@xmlns": name.namespace or ""} | (content if isinstance(content, dict) else {"#text": content})


def read_content(element: etree._Element, namespace: str = "") -> Any:
    """What stands in the element, without its own namespace."""
    if element.get(f"{XSI}nil") in ("true", "1"):
        return None
    found: dict[str, Any] = {f"@{etree.QName(key).localname}": value for key, value in element.items() if not str(key).startswith(XSI)}
    for child in element:
        name = etree.QName(child).localname
        add(found, name, read(child, namespace))
    text = element.text or ""
    if not found:
        return text
    if text.strip():
        found["#text"] = text
    return found


def add(found: dict[str, Any], name: str, value: Any) -> None:
    """Puts an element into what was read; one whose name is there already makes a list of both."""
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]


def write(name: str, value: Any) -> str:
    """Elements of this name (several for a list). Raises Refused for what XML cannot name or carry."""
    if not _NAME(name):
        raise Refused("the member's name cannot be the name of an XML element", name)
    if isinstance(value, list):
        return "".join(write(name, one) for one in value)
    try:
        return element(name, value)
    except Refused as wrong:
        raise wrong.up(name) from None


def element(tag: str, value: Any) -> str:
    """One element with a tag that is known to be good."""
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if not isinstance(value, dict):
        return f"<{tag}>{scalar(value)}</{tag}>"
    attributes, content = [], []
    for key, one in value.items():
        if key == "#text":
            content.append(scalar(one))
        elif key == "@xmlns":
            attributes.append(f' xmlns="{scalar(one)}"')
        elif key.startswith("@"):
            attributes.append(attribute(key, one))
        else:
            content.append(write(key, one))
    return f"<{tag}{''.join(attributes)}>{''.join(content)}</{tag}>"


def attribute(key: str, value: Any) -> str:
    """An attribute from a member ``@name``."""
    if not _NAME(key[1:]) or key[1:].lower().startswith("xmlns"):
        raise Refused("the member's name cannot be the name of an XML attribute", key)
    return f' {key[1:]}="{scalar(value)}"'


def rest(document: dict[str, Any], known: frozenset[str]) -> tuple[str, int]:
    """The elements for all members that the contract does not name, and how many members these are."""
    found = [key for key in document if key not in known and not key.startswith(("@", "#"))]
    return "".join(write(key, document[key]) for key in found), len(found)


def rest_attributes(document: dict[str, Any], known: frozenset[str]) -> tuple[str, int]:
    """The attributes for all ``@`` members that the contract does not name, and how many these are."""
    found = [key for key in document if key not in known and key.startswith("@") and key not in ("@xsi:type", "@xmlns")]
    return "".join(attribute(key, document[key]) for key in found), len(found)


def scalar(value: Any) -> str:
    """A plain value as escaped text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, int | float):
        return str(value)
    raise wrong_kind(value, "text or a number")
