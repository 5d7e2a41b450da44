"""XML bodies by the ``xml`` objects of a schema: documents ↔ elements. The document is what the same schema has as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from adapter.contract.hygiene import member_path
from adapter.contract.openapi_xml import XmlMember, XmlName, XmlType
from adapter.contract.shape import Kind, Member, Shape
from connectors import xml_generic
from connectors.deviations import Note
from connectors.rest.parameters import text_of
from connectors.rest.tolerant import from_text, missing
from connectors.xml import UnreadableXml
from connectors.xml_text import Refused, escape

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{_XSI}}}nil"
_Scope = dict[str, str]  # prefix → namespace, as declared so far; "" is the default namespace


def write_xml(names: XmlMember, member: Member, value: Any) -> bytes:
    """A whole XML document. ``value`` fits the contract. Raises Refused for members that nobody declared and XML cannot name."""
    return b'<?xml version="1.0" encoding="UTF-8"?>' + _elements(names, member, value, {}).encode()


def _elements(names: XmlMember, member: Member, value: Any, scope: _Scope) -> str:
    """The element of a member; those of a list with what stands around them."""

    def one(single: Any, within: _Scope, step: str) -> str:
        try:
            return _element(names.name, names.type, member.shape, single, within)
        except Refused as wrong:
            raise wrong.up(step) from None

    def several(within: _Scope) -> str:
        return "".join(one(each, within, f"{member.name}[{index}]") for index, each in enumerate(value))

    if value is None:
        return _tagged(names.wrapper or names.name, ' xsi:nil="true"', _nothing, scope)
    if not member.many:
        return one(value, scope, member.name)
    return several(scope) if names.wrapper is None else _tagged(names.wrapper, "", several, scope)


def _nothing(_: _Scope) -> str:
    return ""


def _element(name: XmlName, kind: XmlType, shape: Shape, value: Any, scope: _Scope) -> str:
    if value is None:
        return _tagged(name, ' xsi:nil="true"', _nothing, scope)
    if shape.kind is Kind.ANY:
        return _anything(name, value, scope)
    if not isinstance(value, dict):
        return _tagged(name, "", lambda _: escape(text_of(value)), scope)
    attributes = "".join(
        f' {_qualified(kind.members[key].name)}="{escape(text_of(one))}"'
        for key, one in value.items()
        if key in kind.members and kind.members[key].attribute and one is not None
    )
    elements = [(key, names) for key, names in kind.members.items() if not names.attribute]
    declared = {member.name.prefix: member.name.namespace for member in kind.members.values() if member.attribute and member.name.prefix}

    def inner(within: _Scope) -> str:
        written = [_elements(names, shape.members[key], value[key], within) for key, names in elements if key in value]
        return "".join(written + [xml_generic.write(key, one) for key, one in value.items() if key not in kind.members])

    return _tagged(name, attributes, inner, scope, declared)


def _anything(name: XmlName, value: Any, scope: _Scope) -> str:
    """An element whose content no schema describes: ``@name`` attributes, ``#text``, children by name."""
    inner = value if isinstance(value, dict) else {"#text": value}
    attributes, _ = xml_generic.rest_attributes(inner, frozenset())
    content = xml_generic.scalar(inner.get("#text", "")) + xml_generic.rest(inner, frozenset())[0]
    return _tagged(name, attributes, lambda _: content, scope)


def _tagged(name: XmlName, attributes: str, inner: Callable[[_Scope], str], scope: _Scope, declared: _Scope | None = None) -> str:
    """An element with the namespaces that it and its attributes need and nothing around it has declared."""
    wanted = dict(declared or {})
    if name.namespace:
        wanted[name.prefix] = name.namespace
    if "xsi:nil" in attributes or not scope:
        wanted["xsi"] = _XSI  # on the root, so that all nulls may use it
    new = {prefix: namespace for prefix, namespace in wanted.items() if scope.get(prefix) != namespace}
    within = {**scope, **new}
    spaces = "".join(f' xmlns{":" if prefix else ""}{prefix}="{escape(namespace)}"' for prefix, namespace in new.items())
    content = inner(within)
    tag = _qualified(name)
    return f"<{tag}{spaces}{attributes}>{content}</{tag}>" if content else f"<{tag}{spaces}{attributes}/>"


def _qualified(name: XmlName) -> str:
    return f"{name.prefix}:{name.name}" if name.prefix else name.name


def read_xml(names: XmlMember, member: Member, root: etree._Element, path: str, note: Note) -> Any:
    """The document of a root element. Raises UnreadableXml where that is another one, and where a list is one of something else."""
    name = names.wrapper or names.name
    if etree.QName(root).localname != name.name:
        raise UnreadableXml(f"the root element is '{etree.QName(root).localname}' where '{name.name}' was to be")
    space = _space(root, name, "", path, note)
    if member.many:
        return [] if _is_nil(root) else _list(list(root), names, member, path, space, note)
    return _read(root, names.type, member.shape, path, space, note)


def _list(elements: list[etree._Element], names: XmlMember, member: Member, path: str, space: str, note: Note) -> list[Any]:
    """The elements of a list. Raises UnreadableXml for one that holds others only."""
    found: list[Any] = []
    strangers: list[str] = []
    for element in elements:
        name = etree.QName(element).localname
        if name != names.name.name:
            note("extra", path, name, "the contract has no such element in this list")
            strangers.append(name)
            continue
        _append(found, element, names, member, path, space, note)
    _refuse_strangers(strangers, len(elements), names.name.name, path)
    return found


def _refuse_strangers(strangers: list[str], of: int, wanted: str, path: str) -> None:
    """A list of something else is none without elements: who takes it for one believes that nothing is there."""
    if strangers and len(strangers) == of:
        raise UnreadableXml(f"{path} holds '{strangers[0]}' where the contract has a list of '{wanted}'")


def _append(found: list[Any], element: etree._Element, names: XmlMember, member: Member, path: str, space: str, note: Note) -> None:
    """Reads one more element of a list."""
    at = f"{path}[{len(found)}]"
    if _is_nil(element) and not member.null_elements:
        note("nil", at, "", "is xsi:nil, which the contract does not allow here; read as not there")
        return
    found.append(_read(element, names.type, member.shape, at, _space(element, names.name, space, at, note), note))


def _read(element: etree._Element, kind: XmlType, shape: Shape, path: str, space: str, note: Note) -> Any:
    """What stands in one element; ``space`` is the default namespace in it."""
    if _is_nil(element):
        return None
    if shape.kind is Kind.OBJECT:
        return _object(element, kind, shape, path, space, note)
    if shape.kind is Kind.ANY:
        return xml_generic.read_content(element, space)
    text = element.text or ""
    if len(element):
        note("type", path, "", "the contract has plain text here, there are elements; their texts are read")
        text = "".join(str(part) for part in element.itertext())
    return from_text(shape, text, path, note)


def _object(element: etree._Element, kind: XmlType, shape: Shape, path: str, space: str, note: Note) -> dict[str, Any]:
    found: dict[str, Any] = _attributes(element, kind, shape, path, note)
    by_element = {(one.wrapper or one.name).name: key for key, one in kind.members.items() if not one.attribute}
    strangers: list[str] = []
    for child in element:
        name = etree.QName(child).localname
        key = by_element.get(name)
        if key is None:
            _unknown(child, name, shape, found, path, note)
            strangers.append(name)
            continue
        _member(child, key, kind.members[key], shape.members[key], found, path, space, note)
    for key, names in kind.members.items():
        member = shape.members[key]
        if member.many and member.required and names.wrapper is None and not member.min_items and key not in found:
            if not shape.open:
                _refuse_strangers(strangers, len(element), names.name.name, path)
            found[key] = []  # elements that stand one behind another may be none
    if (element.text or "").strip():
        note("extra", path, "#text", "the contract has no text here, only elements")
    missing(shape, found, path, note)
    return found


def _member(
    child: etree._Element, key: str, names: XmlMember, member: Member, found: dict[str, Any], path: str, space: str, note: Note
) -> None:
    """Reads one child into the member that it belongs to."""
    at = member_path(path, key)
    if member.many and names.wrapper is None:
        _append(found.setdefault(key, []), child, names, member, at, space, note)
        return
    if key in found:
        note("repeated", at, "", "comes more than once, the contract has it once; the first is read")
        return
    within = _space(child, names.wrapper or names.name, space, at, note)
    if _is_nil(child):
        if member.nullable:
            found[key] = None
        else:
            note("nil", at, "", "is xsi:nil, which the contract does not allow here; read as not there")
    elif member.many:
        found[key] = _list(list(child), names, member, at, within, note)
    else:
        found[key] = _read(child, names.type, member.shape, at, within, note)


def _attributes(element: etree._Element, kind: XmlType, shape: Shape, path: str, note: Note) -> dict[str, Any]:
    found: dict[str, Any] = {}
    known = {one.name.name: key for key, one in kind.members.items() if one.attribute}
    for written, value in element.items():
        name = etree.QName(written)
        if name.namespace == _XSI:
            continue
        key = known.get(name.localname)
        if key is None:
            note("extra", path, f"@{name.localname}", "the contract has no such attribute here")
        else:
            found[key] = from_text(shape.members[key].shape, str(value), member_path(path, key), note)
    return found


def _unknown(child: etree._Element, name: str, shape: Shape, found: dict[str, Any], path: str, note: Note) -> None:
    """An element that is not declared: kept where the contract allows others, else noted."""
    if not shape.open:
        note("extra", path, name, f"the contract has no element '{name}' here")
        return
    xml_generic.add(found, name, xml_generic.read(child, etree.QName(child).namespace or ""))


def _space(element: etree._Element, name: XmlName, around: str, path: str, note: Note) -> str:
    """The default namespace within an element; notes where the element's own is not the contract's."""
    wanted = name.namespace or around
    there = etree.QName(element).namespace or ""
    if there != wanted:
        note("namespace", path, "", f"the namespace is '{there}', the contract has '{wanted}'")
    return name.namespace if name.namespace and not name.prefix else around


def _is_nil(element: etree._Element) -> bool:
    return element.get(_NIL) in ("true", "1")
