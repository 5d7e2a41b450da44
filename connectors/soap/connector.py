"""The SOAP connector: one call, one request, one reply, as plain data both ways."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping

from adapter.contract.shape import OperationContract
from adapter.contract.wsdl_model import SoapContract
from adapter.errors import ConfigError, SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, Exchange, Fault, WireReply, WireRequest
from connectors.deviations import Notes
from connectors.http import OWN, basic_authentication, checked_headers, media_of, with_status
from connectors.soap import envelope
from connectors.soap.codec import SoapCodec
from connectors.soap.security import UsernameToken, security_header
from connectors.xml import DEFAULT_LIMITS, UnreadableXml, XmlLimits, parse_xml
from connectors.xml_text import Refused

_OWN = OWN | {"soapaction"}
_REPLY = AnswerKind.REPLY  # to look at an enumeration's member takes long
_UTF_8 = (None, "utf-8", "UTF-8")  # what the header may say of the encoding


class SoapConnector:
    """Speaks to one SOAP port.

    ``endpoint`` is the URL ("" takes the address of the WSDL). ``basic`` is (user, password); ``headers`` are sent with
    every request. ``clock`` gives seconds since the epoch and ``nonce`` fresh bytes, both for the UsernameToken only.
    Raises ConfigError for headers or credentials that cannot be sent.
    """

    def __init__(
        self,
        contract: SoapContract,
        endpoint: str = "",
        *,
        username_token: UsernameToken | None = None,
        basic: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
        nonce: Callable[[], bytes] = lambda: secrets.token_bytes(16),
        limits: XmlLimits = DEFAULT_LIMITS,
    ) -> None:
        self.codec = SoapCodec(contract)
        self.endpoint = endpoint or contract.address
        self._version = contract.version
        self._media = {name: _media(contract.version, operation.action) for name, operation in contract.operations.items()}
        self._token, self._clock, self._nonce, self._limits = username_token, clock, nonce, limits
        self._headers = checked_headers(headers or {}, _OWN)
        if basic is not None:
            self._headers["Authorization"] = basic_authentication(*basic, self.endpoint)
        if username_token is not None:
            try:
                security_header(username_token, self._version, clock, nonce)
            except Refused as wrong:
                raise ConfigError(f"the UsernameToken for {self.endpoint} cannot be written: {wrong.text}") from None

    def contracts(self) -> Mapping[str, OperationContract]:
        """The operations of the port with the shapes of their documents."""
        return self.codec.contracts

    def exchange(self, call: Call) -> Exchange:
        """Yields one request and gives the answer. Raises SerialisationFailed before the request, nothing after it."""
        header = "" if self._token is None else security_header(self._token, self._version, self._clock, self._nonce)
        body = self.codec.write_request(call.operation, call.document, header)
        try:
            own = checked_headers(call.headers, _OWN)
        except ConfigError as wrong:
            raise SerialisationFailed(str(wrong)) from None
        headers = {**self._headers, **own, **self._media[call.operation]}
        document = call.document if not header and not self.codec.operation(call.operation).refused else None
        reply = yield WireRequest("POST", self.endpoint, headers, body, document=document)
        return self._answer(call.operation, reply)

    def _answer(self, operation: str, reply: WireReply) -> Answer:
        try:
            return self._read(operation, reply)
        except UnreadableXml as wrong:
            return Answer(AnswerKind.UNREADABLE, reply.status, unreadable=with_status(reply, str(wrong)))

    def _read(self, operation: str, reply: WireReply) -> Answer:
        kind, charset = media_of(reply.headers)
        done = 200 <= reply.status < 300
        if not reply.body.strip() and done:
            output = self.codec.operation(operation).output
            if output is None or output.body is None:
                return Answer(AnswerKind.REPLY, reply.status, document={})
        if kind.startswith("multipart/"):
            raise UnreadableXml(f"the reply is {kind} (attachments, MTOM or XOP), which is not supported; turn it off at the backend")
        if kind and "xml" not in kind:
            raise UnreadableXml(f"the reply is {kind}, not XML")
        if done and charset in _UTF_8 and len(reply.body) <= self._limits.size:
            straight = self.codec.read_straight(operation, reply.body)
            if straight is not None:
                return Answer(_REPLY, reply.status, document=straight, exact=True)
        root = parse_xml(reply.body, self._limits, charset)
        opened = envelope.opened(root)
        fault = opened.fault
        if fault is not None:
            notes = Notes()
            said = envelope.fault_text(fault, opened.version, self.codec.fault_readers(operation), notes)
            told = Fault(said.code, said.text, said.detail_name, said.detail)
            return Answer(AnswerKind.FAULT, reply.status, fault=told, deviations=tuple(notes.found))
        if not done:
            raise UnreadableXml("the reply is a SOAP envelope without a fault, although the status says that the call failed")
        document, deviations = self.codec.read_reply(operation, root, opened)
        return Answer(AnswerKind.REPLY, reply.status, document=document, deviations=deviations)


def _media(version: str, action: str) -> dict[str, str]:
    if version == "1.1":
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"', "Accept": "text/xml"}
    named = f'; action="{action}"' if action else ""
    return {"Content-Type": f"application/soap+xml; charset=utf-8{named}", "Accept": "application/soap+xml"}
