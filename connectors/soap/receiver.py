"""The way in of a SOAP backend: an endpoint that the adapter serves by a WSDL. Tolerant of what comes, strict with what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote

from lxml import etree

from adapter.contract.shape import OperationContract
from adapter.contract.wsdl_model import OperationModel, SoapContract
from adapter.contract.wsdl_sources import WELL_KNOWN, WSDL, XSD, Sources, read_sources, target
from adapter.errors import (
    AdapterError,
    CallerError,
    InvalidMessage,
    MethodNotAllowed,
    NotFound,
    Problem,
    StoreUnavailable,
    UnsupportedMedia,
)
from adapter.ports import Deviation, Document, InboundRequest, Received, WireReply
from connectors.http import media_of
from connectors.soap import envelope
from connectors.soap.codec import SoapCodec
from connectors.soap.faults import NotUnderstood, VersionMismatch, fault
from connectors.xml import DEFAULT_LIMITS, UnreadableXml, XmlLimits, parse_xml

MEDIA = {"1.1": "text/xml", "1.2": "application/soap+xml"}
_BINDINGS = ("{http://schemas.xmlsoap.org/wsdl/soap/}address", "{http://schemas.xmlsoap.org/wsdl/soap12/}address")
_OF_HTTP = frozenset((401, 403, 404, 405, 408, 413, 415, 429, 503))
"""Statuses that say something of their own; any other fault has the one that SOAP's binding to HTTP prescribes."""


class SoapReceiver:
    """Takes the messages of one SOAP port. ``limits`` bound what is read. Raises ConfigError for a WSDL that cannot be read."""

    def __init__(self, contract: SoapContract, limits: XmlLimits = DEFAULT_LIMITS) -> None:
        self.codec = SoapCodec(contract)
        self._version, self._port, self._limits = contract.version, contract.port, limits
        self._sources = read_sources(Path(contract.location))
        operations = contract.operations.values()
        self._by_element = {one.input.body.name: one for one in operations if one.input.body is not None and one.style != "rpc"}
        self._by_name = {one.name: one for one in operations if one.style == "rpc"}
        self._by_action = {one.action: one for one in operations if one.action}
        self._alone = {one.name for one in operations if one.output is None}

    def contracts(self) -> Mapping[str, OperationContract]:
        """The operations of the port with the shapes of their documents."""
        return self.codec.contracts

    # the contract itself

    def described(self, request: InboundRequest, address: str) -> WireReply | None:
        """The WSDL at ``?wsdl`` with ``address`` in it, and the files that it names at ``?part=…``."""
        if request.method not in ("GET", "HEAD") or request.path:
            return None
        wanted = {name.lower(): value for name, value in parse_qsl(request.query, keep_blank_values=True)}
        file = self._sources.wsdl if "wsdl" in wanted else self._part(wanted.get("part", ""))
        if file is None:
            return None
        return WireReply(200, {"content-type": "text/xml; charset=utf-8"}, _served(self._sources, file, self._port, address))

    def _part(self, name: str) -> Path | None:
        return next((file for file in self._sources.texts if file != self._sources.wsdl and _name(self._sources, file) == name), None)

    # messages

    def read(self, request: InboundRequest) -> Received:
        """A request of one of the port's operations. Raises CallerError."""
        if request.path:
            raise NotFound("There is nothing at this path; SOAP messages are taken at the path above")
        if request.method != "POST":
            raise MethodNotAllowed("SOAP messages are sent by POST", headers={"Allow": "GET, POST"})
        kind, charset = media_of(request.headers)
        if "xml" not in kind or kind.startswith("multipart/"):
            raise UnsupportedMedia(f"The body is '{_short(kind)}'; send {MEDIA[self._version]}")
        try:
            root = parse_xml(request.body, self._limits, charset)
            return self._received(root, envelope.opened(root), request, kind)
        except UnreadableXml as wrong:
            raise InvalidMessage("The message cannot be read", [Problem("", str(wrong))]) from None

    def _received(self, root: etree._Element, opened: envelope.Envelope, request: InboundRequest, kind: str) -> Received:
        if opened.version != self._version:
            raise VersionMismatch(f"The envelope is of SOAP {opened.version}; this port takes SOAP {self._version}")
        operation = self._operation(opened, request)
        self._check_understood(operation, opened)
        document, deviations = self.codec.read_request(operation.name, root)
        if kind != MEDIA[self._version]:
            deviations = (
                *deviations,
                Deviation("media", "", f"the message is sent as {_short(kind)}, SOAP {self._version} is another type"),
            )
        return Received(operation.name, document, deviations)

    def _operation(self, opened: envelope.Envelope, request: InboundRequest) -> OperationModel:
        """By the element in the body; by the action where the body is empty."""
        if opened.fault is not None:
            raise InvalidMessage("The body holds a fault, and nobody has been asked anything")
        if opened.content:
            name = etree.QName(opened.content[0]).localname
            found = self._by_element.get(name) or self._by_name.get(name)
        else:
            name = _action(request)
            found = self._by_action.get(name)
        if found is None:
            known = ", ".join([*self._by_element, *self._by_name])
            raise InvalidMessage(f"'{_short(name)}' is no operation of this port; it has: {known}")
        return found

    def _check_understood(self, operation: OperationModel, opened: envelope.Envelope) -> None:
        space = envelope.NAMESPACES[opened.version]
        known = {part.name for part in operation.input.header}
        for block in opened.header:
            wanted = block.get(f"{{{space}}}mustUnderstand", "").strip() in ("1", "true")
            others = block.get(f"{{{space}}}actor") or block.get(f"{{{space}}}role") or ""
            if wanted and etree.QName(block).localname not in known and _for_us(others):
                raise NotUnderstood(f"The header block '{etree.QName(block).localname}' has to be understood, and is not")

    def answer(self, request: InboundRequest, received: Received, document: Document) -> WireReply:  # noqa: ARG002 - as ports.Receiver has it
        """The reply by the WSDL; of a one-way operation 202 without a body. Raises SerialisationFailed."""
        if received.operation in self._alone:
            return WireReply(202, {}, b"")
        body = self.codec.write_reply(received.operation, document)
        return WireReply(200, {"content-type": f"{MEDIA[self._version]}; charset=utf-8"}, body)

    def fault(self, request: InboundRequest, error: AdapterError) -> WireReply:  # noqa: ARG002 - as ports.Receiver has it
        """A SOAP fault: the sender's where it has to change something, else the server's, which asks it to send again."""
        version = self._version
        if isinstance(error, CallerError) and error.status < 500:
            mismatch = isinstance(error, VersionMismatch)
            code = "VersionMismatch" if mismatch else "MustUnderstand" if isinstance(error, NotUnderstood) else ""
            version = "1.1" if mismatch else version  # what both a 1.1 and a 1.2 sender can read, as SOAP 1.2 has it in its appendix A
            body = fault(version, str(error), code=code, takes=self._version if mismatch else "")
            status = 500 if code or version == "1.1" else 400
            headers = error.headers
        else:
            body = fault(version, _OURS if not isinstance(error, CallerError) else str(error), ours=True)
            status, headers = 500, error.headers if isinstance(error, CallerError) else {}
        told = error.status if isinstance(error, CallerError | StoreUnavailable) and error.status in _OF_HTTP else status
        content = {"content-type": f"{MEDIA[version]}; charset=utf-8"}
        return WireReply(told, {**content, **{name.lower(): value for name, value in headers.items()}}, body)


_OURS = "The message could not be taken and was not recorded; send it again later"


def _for_us(role: str) -> bool:
    """Whether a header block is meant for the receiver: no actor or role, the next one, or the last one."""
    return not role or role.rstrip("/").rpartition("/")[2] in ("next", "ultimateReceiver")


def _action(request: InboundRequest) -> str:
    """The SOAPAction header of SOAP 1.1, the action parameter of SOAP 1.2; "" where there is none."""
    header = request.headers.get("soapaction", "").strip()
    found = re.search(r"""action\s*=\s*"?([^";]+)""", request.headers.get("content-type", ""))
    return header.strip('"') or (found.group(1).strip() if found else "")


def _short(text: str) -> str:
    return "".join(sign if " " <= sign <= "~" else "?" for sign in text[:80])


def _served(sources: Sources, file: Path, port: str, address: str) -> bytes:
    """A file of the contract as a caller gets it: the one port with our address, and the files it names where we serve them."""
    root = etree.fromstring(etree.tostring(sources.roots[file]))
    for service in list(root.iter(f"{WSDL}service")):
        for other in [one for one in service.iter(f"{WSDL}port") if one.get("name") != port]:
            service.remove(other)
    for place in root.iter(*_BINDINGS):
        place.set("location", address)
    for node, attribute in _references(root):
        location = node.get(attribute, "").strip()
        if location and location not in WELL_KNOWN:
            node.set(attribute, f"{address}?part={quote(_name(sources, target(file, location)))}")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _references(root: etree._Element) -> Iterable[tuple[etree._Element, str]]:
    for node in root.iter(f"{XSD}import", f"{XSD}include", f"{XSD}redefine"):
        yield node, "schemaLocation"
    for node in root.iter(f"{WSDL}import"):
        yield node, "location"


def _name(sources: Sources, file: Path) -> str:
    """What a file is called towards callers: its path beside the WSDL, else a number; never a path of this machine."""
    folder = sources.wsdl.parent
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else f"{sorted(sources.texts).index(file)}-{file.name}"
