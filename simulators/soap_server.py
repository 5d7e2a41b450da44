"""A simulated SOAP backend: a WSDL, a record of bookings, and behaviours, behind one small HTTP server.

POST /<name>            SOAP, checked strictly against the WSDL's schema
GET  /<name>?wsdl       the WSDL with the server's own address; the schemas it imports lie beside it
GET  /bookings          what was booked, by the front-end's reference; doubles are counted, not removed
GET  /requests?last=N   the last raw requests
POST /reset             forgets everything
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Protocol, Self
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
from simulators.http_server import HttpReply, HttpRequest, HttpServer, Transport
from simulators.scenario import Behaviour, Form
from simulators.wsdl import Contract, Operation

_KEPT_REQUESTS = 200
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})


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


class Simulator:
    """One running backend. ``async with Simulator(backend) as simulator: simulator.url``, or ``start`` and ``stop``."""

    def __init__(self, backend: Backend, host: str = "127.0.0.1", port: int = 0) -> None:
        self._backend = backend
        self._host, self._port = host, port
        self._server = HttpServer(self._answer)
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._received = 0
        self._planned: dict[str, deque[Behaviour]] = {}
        self.root = ""

    @property
    def url(self) -> str:
        """The SOAP endpoint; the WSDL is at ``?wsdl``."""
        return f"{self.root}/{self._backend.name}"

    @property
    def contract_url(self) -> str:
        """Where the WSDL is served."""
        return f"{self.url}?wsdl"

    async def start(self, port: int | None = None) -> str:
        """Listens on ``port`` (0: a free one) and returns the SOAP endpoint. Raises OSError when the port is taken."""
        bound = await self._server.start(self._host, self._port if port is None else port)
        self.root = f"http://{self._host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Stops, and ends all connections at once. What was booked stays and is there after another ``start``."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""
        return self._backend.bookings.summary()

    def requests(self, last: int = _KEPT_REQUESTS) -> list[dict[str, Any]]:
        """As ``GET /requests``: number, operation ("" when it could not be read), headers without secrets, envelope."""
        return list(self._requests)[-last:] if last > 0 else []

    def reset(self) -> None:
        """As ``POST /reset``: bookings, counters, requests and planned behaviours are forgotten."""
        self._backend.bookings.clear()
        self._requests.clear()
        self._received = 0
        self._planned.clear()

    def once(self, operation: str, behaviour: Behaviour, times: int = 1) -> None:
        """The next ``times`` calls of ``operation`` behave so, whatever the scenario file says."""
        self._planned.setdefault(operation, deque()).extend([behaviour] * times)

    def _answer(self, request: HttpRequest) -> HttpReply:
        endpoint = f"/{self._backend.name}"
        if request.method == "POST" and request.path == endpoint:
            return self._soap(request)
        if request.method == "POST" and request.path == "/reset":
            self.reset()
            return HttpReply(status=204)
        if request.method == "GET":
            return self._shown(request)
        return HttpReply(status=405, body=b"only GET, and POST of SOAP\n", headers={"allow": "GET, POST"})

    def _shown(self, request: HttpRequest) -> HttpReply:
        query = parse_qs(request.query, keep_blank_values=True)
        if request.path == "/bookings":
            return _json(self.bookings())
        if request.path == "/requests":
            last = query.get("last", [str(_KEPT_REQUESTS)])[0]
            return _json(self.requests(int(last))) if last.isdecimal() else HttpReply(status=400, body=b"last is a number\n")
        wsdl = request.path == f"/{self._backend.name}" and any(key.lower() == "wsdl" for key in query)
        name = self._backend.contract.path.name if wsdl else request.path.removeprefix("/")
        if name in self._backend.contract.files:
            return HttpReply(content_type="text/xml; charset=utf-8", body=self._backend.contract.served(name, self.url))
        return HttpReply(status=404, body=f"nothing here; try {self.url}?wsdl, /bookings, /requests\n".encode())

    def _soap(self, request: HttpRequest) -> HttpReply:
        media, charset = _media_type(request.headers.get("content-type", ""))
        version = next((version for version, name in MEDIA_TYPES.items() if name == media), None)
        if version not in self._backend.contract.versions:
            self._remember(request, "")
            wanted = " or ".join(sorted(MEDIA_TYPES[version] for version in self._backend.contract.versions))
            return HttpReply(status=415, body=f"content type {media or '(none)'}: expected {wanted}\n".encode())
        operation = ""
        try:
            envelope, known = self._read(request, version, charset)
            operation = known.name
            call = SoapCall(operation, envelope.payload, request.body)
            behaviour = self._next_behaviour(call)
            return self._respond(call, behaviour, known, version)
        except SoapFaultError as fault:
            return _reply(version, write_fault(version, fault), status=fault_status(version, fault.code))
        finally:
            self._remember(request, operation)

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

    def _next_behaviour(self, call: SoapCall) -> Behaviour:
        planned = self._planned.get(call.operation)
        return planned.popleft() if planned else self._backend.behaviour(call)

    def _respond(self, call: SoapCall, behaviour: Behaviour, operation: Operation, version: str) -> HttpReply:
        if behaviour.ignores:
            return HttpReply(after=behaviour.after, transport=behaviour.transport)
        if behaviour.fault is not None:
            fault = SoapFaultError("Server", behaviour.fault.text, self._backend.fault_detail(call, behaviour))
            return _reply(version, write_fault(version, fault), behaviour, status=500)
        payload = self._backend.handle(call, behaviour)
        for element in [element for element in payload.iter() if etree.QName(element).localname in behaviour.omit]:
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
        # The twin keeps to its own contract, unless a scenario says that it does not.
        if payload.tag != operation.reply or not self._backend.contract.schema.validate(payload):
            raise SoapFaultError("Server", f"The simulator made an invalid answer: {self._backend.contract.schema.error_log}")
        if behaviour.form is Form.HTTP_500:
            return HttpReply(500, body=b"Internal Server Error\n", after=behaviour.after, transport=behaviour.transport)
        if behaviour.form is Form.ODD:
            return _reply(version, oddly(version, payload), behaviour)
        text = write_envelope(version, payload)
        return _reply(version, text[: len(text) * 2 // 3] if behaviour.form is Form.BROKEN else text, behaviour)

    def _remember(self, request: HttpRequest, operation: str) -> None:
        self._received += 1
        headers: Mapping[str, str] = {name: "***" if name in _SECRET else value for name, value in request.headers.items()}
        envelope = request.body.decode("utf-8", "replace")
        self._requests.append({"number": self._received, "operation": operation, "headers": headers, "envelope": envelope})


def _json(content: object) -> HttpReply:
    return HttpReply(content_type="application/json", body=json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")


def _reply(version: str, text: bytes, behaviour: Behaviour | None = None, status: int = 200) -> HttpReply:
    after, transport = (behaviour.after, behaviour.transport) if behaviour else (0.0, Transport.ANSWER)
    return HttpReply(status, f"{MEDIA_TYPES[version]}; charset=utf-8", text, after=after, transport=transport)


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
