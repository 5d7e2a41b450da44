"""Loads a WSDL with zeep and takes from it what its ports offer. The only module of the contract that imports zeep."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import unquote, urlsplit

from lxml import etree
from zeep import wsdl, xsd
from zeep.exceptions import Error as ZeepError
from zeep.settings import Settings
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding
from zeep.xsd.elements.indicators import OrderIndicator

from adapter.contract.wsdl_components import read_components
from adapter.contract.wsdl_model import ComplexType, Element, Group, MessageModel, OperationModel, SoapContract, particles
from adapter.contract.wsdl_references import dangling
from adapter.contract.wsdl_schema import SchemaTypes
from adapter.contract.wsdl_sources import WELL_KNOWN, WSDL, Sources
from adapter.errors import ConfigError

_SOAP_BINDINGS = ("{http://schemas.xmlsoap.org/wsdl/soap/}", "{http://schemas.xmlsoap.org/wsdl/soap12/}")
# zeep writes a warning for each harmless oddity of a WSDL; what matters is raised.
logging.getLogger("zeep.wsdl").setLevel(logging.ERROR)


class FileTransport:
    """zeep's way to files: gives out what was read and digested, opens nothing itself."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def load(self, url: str) -> bytes:
        """The text of a file of the contract. Raises ConfigError for anything else."""
        if url in WELL_KNOWN:
            return WELL_KNOWN[url]
        path = Path(unquote(urlsplit(url).path) if url.startswith("file:") else url).resolve()
        if path not in self.sources.texts:
            raise ConfigError(f"{self.sources.wsdl}: '{url}' is not among the files of the contract")
        return self.sources.texts[path]


def load_document(sources: Sources) -> Any:
    """zeep's own model of the WSDL. Raises ConfigError with zeep's words where it cannot be loaded."""
    try:
        with warnings.catch_warnings():
            # zeep warns of what it leaves out, an operation without its message for one; nothing is left out here
            warnings.simplefilter("error", UserWarning)
            return wsdl.Document(str(sources.wsdl), cast("Any", FileTransport(sources)), settings=Settings(force_https=False))
    except ConfigError:
        raise
    except (UserWarning, ZeepError, LookupError, ValueError, TypeError, AttributeError, NotImplementedError, AssertionError) as wrong:
        raise ConfigError(dangling(sources) or f"{sources.wsdl} cannot be loaded as a WSDL: {_reason(wrong)}") from wrong


def _reason(wrong: BaseException) -> str:
    """zeep's words, with those of its first error where it tells only of a later one."""
    words, cause = f"{type(wrong).__name__}: {wrong}", wrong.__context__
    first = ""
    while cause is not None:
        first = str(cause) if isinstance(cause, ZeepError) else first
        cause = cause.__context__
    return f"{words} ({first})" if first else words


def read_contract(sources: Sources, digest: str, port: str | None) -> SoapContract:
    """The contract of one SOAP port (the first where ``port`` is None). Raises ConfigError."""
    known = _soap_ports(load_document(sources), sources)
    if port is not None and port not in known:
        raise ConfigError(f"{sources.wsdl} has no SOAP port '{port}'; it has: {', '.join(known)}")
    service_name, port_name, found = known[port or next(iter(known))]
    schema = SchemaTypes(read_components(sources))
    encoded = set(_encoded(sources, found.binding.name))
    operations = {
        name: _operation(schema, operation, "the SOAP encoding (use='encoded')" if name in encoded else "")
        for name, operation in found.binding.all().items()
    }
    contract = SoapContract(
        location=str(sources.wsdl),
        digest=digest,
        service=service_name,
        port=port_name,
        address=found.binding_options.get("address") or "",
        version="1.2" if isinstance(found.binding, Soap12Binding) else "1.1",
        operations=operations,
        types=schema.finish(),
        elsewhere={name: other for other, (_, _, one) in reversed(known.items()) for name in one.binding.all() if name not in operations},
    )
    return _refuse_unknown(contract, found.binding.all())


def _soap_ports(document: Any, sources: Sources) -> dict[str, tuple[str, str, Any]]:
    known: dict[str, tuple[str, str, Any]] = {}
    for service_name, service in document.services.items():
        for name, one in service.ports.items():
            if isinstance(one.binding, SoapBinding):
                known.setdefault(name, (service_name, name, one))
    if not known:
        if found := dangling(sources):
            raise ConfigError(found)
        raise ConfigError(f"{sources.wsdl} has no service with a SOAP port: there is no wsdl:port whose binding exists and is a SOAP one")
    return known


def _encoded(sources: Sources, binding: etree.QName) -> Iterator[str]:
    for root in sources.roots.values():
        for node in root.iterfind(f"{WSDL}binding[@name='{binding.localname}']"):
            for operation in node.iterfind(f"{WSDL}operation"):
                if any(part.get("use") == "encoded" and str(part.tag).startswith(_SOAP_BINDINGS) for part in operation.iter()):
                    yield operation.get("name", "")


def _operation(schema: SchemaTypes, operation: Any, refused: str) -> OperationModel:
    style: Literal["document", "rpc"] = "rpc" if operation.style == "rpc" else "document"
    wrong = [refused] if refused else []
    request = _message(schema, operation.input, style, wrong)
    reply = None
    if operation.abstract.output_message is not None:
        reply = _message(schema, operation.output, style, wrong)
    faults = []
    for fault in operation.faults.values():
        for part_name, part in (fault.abstract.parts if fault.abstract else {}).items():
            faults.append(_part(schema, part.element, part_name, part.type))
    return OperationModel(
        operation.name, operation.soapaction or "", style, request or MessageModel(), reply, tuple(faults), "; ".join(wrong)
    )


def _message(schema: SchemaTypes, message: Any, style: str, wrong: list[str]) -> MessageModel:
    header: tuple[Element, ...] = ()
    if message is None or message.envelope is None:
        return MessageModel()
    if message.header is not None and message.header.type._element:
        header = tuple(_part(schema, one, one.name, one.type) for one in message.header.type._element)
        if len({one.name for one in header}) < len(header):
            wrong.append("two header parts of one name")
    if message.body is None:
        return MessageModel(None, header)
    if style == "rpc":
        parts = [_part(schema, one, one.name, one.type) for one in message.body.type._element or ()]
        return MessageModel(_wrapper(schema, message.body.qname, parts), header)
    if message._is_body_wrapped:
        wrong.append("several parts in one SOAP body")
        return MessageModel(_wrapper(schema, message.body.qname, []), header)
    return MessageModel(_part(schema, message.body, message.body.name, message.body.type), header)


def _wrapper(schema: SchemaTypes, name: etree.QName, parts: list[Element]) -> Element:
    """The element that an rpc message is wrapped in, with a type of its own."""
    key = f"{name.text}(rpc)"
    number = 0
    while key in schema.types:
        number += 1
        key = f"{name.text}(rpc {number})"
    schema.types[key] = ComplexType(key, content=Group("sequence", tuple(parts)))
    return Element(name.localname, name.namespace or "", key)


def _part(schema: SchemaTypes, element: Any, name: str, type_: Any) -> Element:
    """A message part: a global element, or an unqualified element of a type."""
    if element is not None and element.is_global:
        return schema.element(f"{{{element.qname.namespace or ''}}}{element.qname.localname}")
    qname = type_.qname
    key = f"{{{qname.namespace or ''}}}{qname.localname}" if qname is not None else ""
    return Element(name, "", schema.named(key))


def _refuse_unknown(contract: SoapContract, zeep_operations: dict[str, Any]) -> SoapContract:
    """Marks the operations whose types the reader does not know, or whose bodies zeep sees otherwise."""
    operations = {}
    for name, operation in contract.operations.items():
        reasons = [operation.refused] if operation.refused else []
        messages = [message for message in (operation.input, operation.output) if message]
        elements = tuple(one for message in messages for one in (*((message.body,) if message.body else ()), *message.header))
        for found in contract.reached(elements):
            if found.unknown:
                reasons.append(f"type {found.key}: {found.unknown}")
        if not reasons:
            zeep_operation = zeep_operations[name]
            for model, zeep_message in ((operation.input, zeep_operation.input), (operation.output, zeep_operation.output)):
                if model is not None and model.body is not None and zeep_message is not None and zeep_message.body is not None:
                    reasons += _differences(contract, model.body.type, zeep_message.body.type, set())
        operations[name] = dataclasses.replace(operation, refused="; ".join(dict.fromkeys(reasons)))
    return dataclasses.replace(contract, operations=operations)


def _differences(contract: SoapContract, key: str, zeep_type: Any, seen: set[str]) -> Iterator[str]:
    """Where zeep and our reader see other elements or attributes in a type: one of both is wrong, so neither is trusted."""
    ours = contract.complex(key)
    if ours is None or key in seen or not isinstance(zeep_type, xsd.ComplexType):
        return
    seen.add(key)
    mine = {f"{{{item.namespace}}}{item.name}": item for item in particles(ours.content) if isinstance(item, Element)}
    theirs = (
        {} if ours.text else {f"{{{item.qname.namespace or ''}}}{item.qname.localname}": item for item in _elements(zeep_type._element)}
    )
    if set(mine) != set(theirs):
        named = ", ".join(sorted(set(mine) ^ set(theirs)))
        yield f"type {key}: zeep and the schema reader do not agree on {named}"
    for name in set(mine) & set(theirs):
        yield from _differences(contract, mine[name].type, theirs[name].type, seen)


def _elements(item: Any) -> Iterator[Any]:
    """The elements of a content model as zeep sees it, without those that may come no time at all."""
    if isinstance(item, xsd.Element):
        yield item
    elif isinstance(item, xsd.Group):
        yield from _elements(item.child)
    elif isinstance(item, OrderIndicator) and item.max_occurs != 0:
        for one in item:
            yield from _elements(one)
