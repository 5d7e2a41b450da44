"""A simulated SOAP backend: a WSDL, a record of bookings, and behaviours, behind one small HTTP server.

POST /<name>            SOAP, checked strictly against the WSDL's schema
GET  /<name>?wsdl       the WSDL with the server's own address; the schemas it imports lie beside it
Everything else as the other simulators do; what was booked stands by the front-end's reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from typing import Any, Protocol
from urllib.parse import parse_qs

from lxml import etree

from simulators.bookings import Bookings
from simulators.envelope import (
    MEDIA_TYPES,
    Envelope,
    SoapFaultError,
    fault_status,
    oddly,
    read_envelope,
    write_envelope,
    write_fault,
)
from simulators.http_server import BROKEN_SERVER, HttpReply, HttpRequest, cut_short
from simulators.numbers import Numbers
from simulators.scenario import Behaviour, Form
from simulators.twin import Twin
from simulators.wsdl import Contract, Operation


@dataclass(frozen=True, slots=True)
class SoapCall:
    """A request that fits the WSDL. ``payload`` is the element in the body, ``envelope`` the bytes as they came."""

    operation: str
    payload: etree._Element
    envelope: bytes


class Backend(Protocol):
    """What the backend does. ``behaviour`` finds the scenario of a call; ``handle`` does the call and builds the answer."""

    name: str
    contract: Contract
    bookings: Bookings

    def behaviour(self, call: SoapCall) -> Behaviour:
        """The scenario for this call."""

    def handle(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """Does what the behaviour says and returns the payload of the answer."""

    def fault_detail(self, call: SoapCall, behaviour: Behaviour) -> etree._Element:
        """The detail element of the behaviour's fault."""


class Simulator(Twin[Behaviour]):
    """One running backend."""

    contract_query = "wsdl"

    def __init__(self, backend: Backend, **server: Any) -> None:
        super().__init__(backend.name, **server)
        self._backend = backend

    @property
    def numbers(self) -> Numbers:
        """Those that it gives to what it books."""
        return self._backend.bookings.numbers

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""
        return self._backend.bookings.summary()

    def reset(self) -> None:
        """As ``POST /reset``."""
        self._backend.bookings.clear()
        super().reset()

    def _called(self, request: HttpRequest) -> HttpReply:
        if request.method == "POST" and request.path == f"/{self.name}":
            return self._soap(request)
        if request.method == "GET":
            return self._file(request)
        return HttpReply(status=405, body=b"only GET, and POST of SOAP\n", headers={"allow": "GET, POST"})

    def _file(self, request: HttpRequest) -> HttpReply:
        asked = parse_qs(request.query, keep_blank_values=True)
        wsdl = request.path == f"/{self.name}" and any(key.lower() == self.contract_query for key in asked)
        contract = self._backend.contract
        name = contract.path.name if wsdl else request.path.removeprefix("/")
        if name not in contract.files:
            return self._nothing_here()
        return HttpReply(content_type="text/xml; charset=utf-8", body=contract.served(name, self.url))

    def _soap(self, request: HttpRequest) -> HttpReply:
        media, charset = _media_type(request.headers.get("content-type", ""))
        version = next((version for version, name in MEDIA_TYPES.items() if name == media), None)
        if version not in self._backend.contract.versions:
            self._keep(request, "")
            wanted = " or ".join(sorted(MEDIA_TYPES[version] for version in self._backend.contract.versions))
            return HttpReply(status=415, body=f"content type {media or '(none)'}: expected {wanted}\n".encode())
        operation = ""
        try:
            envelope, known = self._read(request, version, charset)
            operation = known.name
            call = SoapCall(operation, envelope.payload, request.body)
            behaviour = self._planned(operation) or self._backend.behaviour(call)
            return self._said(call, behaviour, known, version).sent(behaviour)
        except SoapFaultError as fault:
            return _reply(version, write_fault(version, fault), status=fault_status(version, fault.code))
        finally:
            self._keep(request, operation)

    def _read(self, request: HttpRequest, version: str, charset: str) -> tuple[Envelope, Operation]:
        """Checks everything a strict server checks: encoding, SOAP version, operation, SOAPAction, schema."""
        if charset not in ("", "utf-8"):
            raise SoapFaultError("Client", f"The charset {charset} is not supported; send utf-8")
        envelope = read_envelope(request.body)
        if envelope.version != version:
            raise SoapFaultError("VersionMismatch", f"The envelope is SOAP {envelope.version}, the content type says SOAP {version}")
        contract = self._backend.contract
        operation = contract.operations.get(str(envelope.payload.tag))
        if operation is None:
            raise SoapFaultError("Client", f"{envelope.payload.tag} is no operation; known are {', '.join(contract.operations)}")
        action = _action(request, version)
        if action != operation.action[version] and not (version == "1.2" and action is None):
            raise SoapFaultError("Client", f"The action {action!r} does not fit {operation.name}; expected {operation.action[version]!r}")
        try:
            contract.schema.assertValid(envelope.payload)
        except etree.DocumentInvalid as error:
            raise SoapFaultError("Client", f"The request breaks the schema: {error}") from None
        return envelope, operation

    def _said(self, call: SoapCall, behaviour: Behaviour, operation: Operation, version: str) -> HttpReply:
        if behaviour.ignores:
            return HttpReply()
        if behaviour.fault is not None:
            fault = SoapFaultError("Server", behaviour.fault.text, self._backend.fault_detail(call, behaviour))
            return _reply(version, write_fault(version, fault), status=500)
        payload = self._backend.handle(call, behaviour)
        for element in [element for element in payload.iter() if etree.QName(element).localname in behaviour.omit]:
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
        # The twin keeps to its own contract, unless a scenario says that it does not.
        if payload.tag != operation.reply or not self._backend.contract.schema.validate(payload):
            raise SoapFaultError("Server", f"The simulator made an invalid answer: {self._backend.contract.schema.error_log}")
        if behaviour.form is Form.HTTP_500:
            return BROKEN_SERVER
        if behaviour.form is Form.ODD:
            return _reply(version, oddly(version, payload))
        text = write_envelope(version, payload)
        return _reply(version, cut_short(text) if behaviour.form is Form.BROKEN else text)

    def _keep(self, request: HttpRequest, operation: str) -> None:
        self._remember(request, operation, envelope=request.body.decode("utf-8", "replace"))


def _reply(version: str, text: bytes, status: int = 200) -> HttpReply:
    return HttpReply(status, f"{MEDIA_TYPES[version]}; charset=utf-8", text)


def _media_type(value: str) -> tuple[str, str]:
    """Media type and charset, both in lower case and without quotes."""
    message = Message()
    message["content-type"] = value
    charset = message.get_param("charset", "")
    return (message.get_content_type() if value else ""), str(charset).lower()


def _action(request: HttpRequest, version: str) -> str | None:
    """The SOAPAction header of SOAP 1.1, the action parameter of SOAP 1.2; None when there is none."""
    if version == "1.1":
        value = request.headers.get("soapaction")
        return None if value is None else value.strip().strip('"')
    message = Message()
    message["content-type"] = request.headers["content-type"]
    action = message.get_param("action")
    return None if action is None else str(action)
