"""Documents ↔ SOAP envelopes of one contract, both ways, compiled once per message and direction, when the first one comes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from lxml import etree

from adapter.contract.shape import OperationContract
from adapter.contract.wsdl import operation_contracts
from adapter.contract.wsdl_model import Element, MessageModel, OperationModel, SoapContract
from adapter.errors import SerialisationFailed
from adapter.ports import Deviation, Document
from connectors.deviations import Notes
from connectors.soap import envelope
from connectors.soap.plain_writer import PlainWriter
from connectors.soap.reader import Read, Reader
from connectors.soap.serialiser import Serialiser, Writer
from connectors.soap.straight import Straight
from connectors.soap.zeep_fallback import ZeepFallback
from connectors.xml import UnreadableXml
from connectors.xml_text import Refused


class SoapCodec:
    """The compiled contract. Requests are written and replies read by a client; the other two by a server (simulators)."""

    def __init__(self, contract: SoapContract) -> None:
        self.contract = contract
        self.contracts: Mapping[str, OperationContract] = operation_contracts(contract)
        self._fallback = ZeepFallback(contract)
        self._reader = Reader(contract)
        self._messages: dict[tuple[str, str], _Message] = {}
        self._faults: dict[str, dict[str, Read]] = {}

    def operation(self, name: str) -> OperationModel:
        """The operation of this name. Raises SerialisationFailed, naming those there are."""
        found = self.contract.operations.get(name)
        if found is None:
            known = ", ".join(self.contract.operations)
            raise SerialisationFailed(f"the WSDL port {self.contract.port} has no operation '{name}'; it has: {known}")
        return found

    def write_request(self, name: str, document: Document, header: str = "") -> bytes:
        """The request's envelope; ``header`` is XML text to stand first in its header. Raises SerialisationFailed."""
        if self.operation(name).refused:
            return self._fallback.write(name, document, header)
        return self._message(name, "input").write(document, header)

    def write_reply(self, name: str, document: Document) -> bytes:
        """The reply's envelope. Raises SerialisationFailed, also for what only zeep serves: zeep writes no replies."""
        refused = self.operation(name).refused
        if refused:
            raise SerialisationFailed(f"replies of {name} cannot be written, the contract has {refused}")
        return self._message(name, "output").write(document, "")

    def read_reply(
        self, name: str, root: etree._Element, opened: envelope.Envelope | None = None
    ) -> tuple[Document, tuple[Deviation, ...]]:
        """The reply's document and where it breaks the contract. ``opened`` is its envelope, where that is at hand. Raises UnreadableXml
        where it is no reply at all."""
        if self.operation(name).refused:
            return self._fallback.read(name, root), ()
        return self._message(name, "output").read(opened or envelope.opened(root))

    def read_straight(self, name: str, data: bytes) -> Document | None:
        """The document of a reply in UTF-8 that is exactly as the contract has it; None for any other, which ``read_reply`` is for."""
        return None if self.operation(name).refused else self._message(name, "output").read_straight(data)

    def read_request(self, name: str, root: etree._Element) -> tuple[Document, tuple[Deviation, ...]]:
        """The request's document and where it breaks the contract. Raises UnreadableXml where it is no request at all."""
        if self.operation(name).refused:
            raise UnreadableXml(f"requests of {name} cannot be read, the contract has {self.operation(name).refused}")
        return self._message(name, "input").read(envelope.opened(root))

    def fault_readers(self, name: str) -> dict[str, Read]:
        """The readers of an operation's fault details by local name."""
        found = self._faults.get(name)
        if found is None:
            faults = self.operation(name).faults
            found = self._faults[name] = {fault.name: self._reader.of(fault) for fault in faults if not self._unknown(fault)}
        return found

    def _unknown(self, element: Element) -> bool:
        return any(found.unknown for found in self.contract.reached((element,)))

    def _message(self, name: str, direction: str) -> _Message:
        found = self._messages.get((name, direction))
        if found is None:
            operation = self.contract.operations[name]
            model = (operation.input if direction == "input" else operation.output) or MessageModel()
            found = self._messages[name, direction] = _Message(self.contract, model, self._reader, rpc=operation.style == "rpc")
        return found


class _Message:
    """One message of one operation."""

    def __init__(self, contract: SoapContract, model: MessageModel, reader: Reader, *, rpc: bool) -> None:
        self.model, self.version, self.rpc = model, contract.version, rpc
        self._contract, self._reader = contract, reader
        self._plain_headers = {part.name for part in model.header if contract.simple(part.type) is not None}
        self._tag = "" if model.body is None else etree.QName(model.body.namespace or None, model.body.name).text

    @cached_property
    def serialiser(self) -> Serialiser:
        """What writes the message."""
        return Serialiser(self._contract, self.model)

    @cached_property
    def _write(self) -> Writer:
        return self.serialiser.write

    @cached_property
    def _plain(self) -> PlainWriter | None:
        return PlainWriter(self.serialiser, self.model.body) if self.model.body else None

    @cached_property
    def _head(self) -> str:
        return envelope.head(self.version, self.serialiser.namespaces)

    @cached_property
    def _body(self) -> Read | None:
        return self._reader.of(self.model.body) if self.model.body else None

    @cached_property
    def _header(self) -> dict[str, Read]:
        return {part.name: self._reader.of(part) for part in self.model.header}

    @cached_property
    def _straight(self) -> Straight | None:
        return Straight(self._contract, self.model.body) if self.model.body else None

    def read_straight(self, data: bytes) -> Document | None:
        return None if self._straight is None else self._straight.read(data)

    def write(self, document: Document, header: str) -> bytes:
        plain = None if self._plain is None else self._plain.write(document)
        if plain is not None:
            return envelope.sealed(self._head, header, plain)
        try:
            head, body = self._write(document)
        except Refused as wrong:
            raise SerialisationFailed(wrong.text, wrong.path) from None
        except RecursionError:
            raise SerialisationFailed("the document is nested too deep to be written") from None
        return envelope.sealed(self._head, header + head, body)

    def read(self, opened: envelope.Envelope) -> tuple[Document, tuple[Deviation, ...]]:
        notes = Notes()
        if opened.version != self.version:
            notes("version", "", "", f"the envelope is of SOAP {opened.version}, the contract has {self.version}")
        document = self._read_body(opened, notes)
        if self._header:
            header = self._read_header(opened, notes)
            if header:
                document["#header"] = header
        return document, tuple(notes.found)

    def _read_body(self, opened: envelope.Envelope, notes: Notes) -> Document:
        if self._body is None or self.model.body is None:
            if opened.content:
                notes("extra", "", etree.QName(opened.content[0]).localname, "the contract has an empty SOAP body")
            return {}
        if not opened.content:
            raise UnreadableXml(f"the SOAP body is empty where '{self.model.body.name}' was to be")
        element = opened.content[0]
        name = etree.QName(element)
        if element.tag != self._tag:
            if name.localname != self.model.body.name and not self.rpc:
                raise UnreadableXml(f"the SOAP body holds '{name.localname}' where '{self.model.body.name}' was to be")
            notes("namespace", "", "", f"the body holds {name.text}, the contract has {self._tag}")
        for more in opened.content[1:]:
            notes("extra", "", etree.QName(more).localname, "a second element in the SOAP body is not read")
        read: Document = self._body(element, "", "", notes)
        return read

    def _read_header(self, opened: envelope.Envelope, notes: Notes) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for element in opened.header:
            name = etree.QName(element).localname
            if name in self._header and name not in found:
                value = self._header[name](element, "#header", name, notes)
                found[name] = value.get("#text") if name in self._plain_headers else value
        return found
