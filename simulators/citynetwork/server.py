"""The network's API server.

GET  /citynetwork/api?method=…   the four methods, answered in XML
GET  /citynetwork?openapi        the contract
GET  /bookings                   what was ordered, by socket; doubles are counted, not removed
GET  /requests?last=N            the last requests
POST /reset                      forgets everything
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl

from lxml import etree

from simulators.citynetwork.backend import METHODS, Call, Network, Refusal, checked, refused
from simulators.citynetwork.scenario import Behaviour, CityNetworkScenarios, Form
from simulators.http_server import HttpReply, HttpRequest, HttpServer, Transport
from simulators.scenario import read_yaml

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "mappings" / "se" / "schema" / "citynetwork.openapi.yaml"
_KEPT_REQUESTS = 200
_XML = "application/xml; charset=utf-8"
_BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
_EXTERNAL = b'<!DOCTYPE a [<!ENTITY c SYSTEM "file:///etc/hostname">]>'


class CityNetwork:
    """One running network. ``async with CityNetwork(network) as simulator: simulator.url``, or ``start`` and ``stop``."""

    name = "citynetwork"

    def __init__(self, network: Network, host: str = "127.0.0.1", port: int = 0) -> None:
        self._network = network
        self._host, self._port = host, port
        self._server = HttpServer(self._answer)
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._received = 0
        self._planned: dict[str, deque[Behaviour]] = {}
        self.root = ""

    @property
    def url(self) -> str:
        """The endpoint of a market file; the contract is at ``?openapi``."""
        return f"{self.root}/{self.name}"

    @property
    def contract_url(self) -> str:
        """Where the contract is served."""
        return f"{self.url}?openapi"

    async def start(self, port: int | None = None) -> str:
        """Listens on ``port`` (0: a free one) and returns the endpoint. Raises OSError when the port is taken."""
        bound = await self._server.start(self._host, self._port if port is None else port)
        self.root = f"http://{self._host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Stops, and ends all connections at once. What was ordered stays and is there after another ``start``."""
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""
        return self._network.bookings.summary()

    def requests(self, last: int = _KEPT_REQUESTS) -> list[dict[str, Any]]:
        """As ``GET /requests``: number, operation ("" when there is no such method), headers, address as sent."""
        return list(self._requests)[-last:] if last > 0 else []

    def reset(self) -> None:
        """As ``POST /reset``."""
        self._network.clear()
        self._requests.clear()
        self._received = 0
        self._planned.clear()

    def once(self, operation: str, behaviour: Behaviour, times: int = 1) -> None:
        """The next ``times`` calls of a method behave so, whatever the scenario file says."""
        self._planned.setdefault(operation, deque()).extend([behaviour] * times)

    def _answer(self, request: HttpRequest) -> HttpReply:
        if request.method == "POST" and request.path == "/reset":
            self.reset()
            return HttpReply(status=204)
        if request.method != "GET":
            return HttpReply(status=405, body=b"only GET\n", headers={"allow": "GET"})
        return self._call(request) if request.path == f"/{self.name}/api" else self._shown(request)

    def _shown(self, request: HttpRequest) -> HttpReply:
        query = parse_qs(request.query, keep_blank_values=True)
        if request.path == "/bookings":
            return _json(self.bookings())
        if request.path == "/requests":
            last = query.get("last", [str(_KEPT_REQUESTS)])[0]
            return _json(self.requests(int(last))) if last.isdecimal() else HttpReply(status=400, body=b"last is a number\n")
        if request.path == f"/{self.name}" and "openapi" in query:
            return HttpReply(content_type="application/yaml; charset=utf-8", body=CONTRACT.read_bytes())
        return HttpReply(status=404, body=f"nothing here; try {self.contract_url}, /bookings, /requests\n".encode())

    def _call(self, request: HttpRequest) -> HttpReply:
        pairs = parse_qsl(request.query, keep_blank_values=True, encoding="utf-8", errors="strict")
        given = dict(pairs)
        method = given.pop("method", "")
        if "initiator" in given:  # as the public text calls it; its example says origin
            given.setdefault("origin", given.pop("initiator"))
        target = f"{request.path}?{request.query}"
        self._received += 1
        known = method if method in METHODS else ""
        self._requests.append({"number": self._received, "operation": known, "headers": dict(request.headers), "envelope": target})
        if not known:
            return _reply(refused("error", Refusal(400, "400", f"Metoden {method} finns inte")), status=400)
        try:
            checked(method, given)
        except Refusal as refusal:
            return _reply(refused(method, refusal), status=refusal.status)
        call = Call(method, given, target)
        planned = self._planned.get(method)
        return self._respond(call, planned.popleft() if planned else self._network.behaviour(call))

    def _respond(self, call: Call, behaviour: Behaviour) -> HttpReply:
        if behaviour.ignores:
            return HttpReply(after=behaviour.after, transport=behaviour.transport)
        try:
            return _reply(self._network.handle(call, behaviour), behaviour)
        except Refusal as refusal:
            return _reply(refused(call.method, refusal), behaviour, refusal.status)


def citynetwork(
    scenarios: Path = HERE / "scenarios.yaml", override: Mapping[str, Mapping[str, Any]] | None = None, **server: Any
) -> CityNetwork:
    """The simulator. ``override`` changes single scenarios: ``{"SLW": {"port_status": {"after": 0.1}}}``; ``server`` is host and port."""
    declared = CityNetworkScenarios.model_validate(read_yaml(scenarios))
    return CityNetwork(Network(declared.overridden(override or {})), **server)


def _reply(answer: etree._Element, behaviour: Behaviour | None = None, status: int = 200) -> HttpReply:
    form = behaviour.form if behaviour else Form.REGULAR
    after, transport = (behaviour.after, behaviour.transport) if behaviour else (0.0, Transport.ANSWER)
    if form is Form.HTTP_500:
        return HttpReply(500, body=b"Internal Server Error\n", after=after, transport=transport)
    media = "text/xml; charset=iso-8859-1" if form is Form.LATIN1 else _XML
    return HttpReply(status, media, _written(answer, form), after=after, transport=transport)


def _written(answer: etree._Element, form: Form) -> bytes:
    if form in (Form.BOMB, Form.EXTERNAL):
        plain = etree.tostring(answer, encoding="unicode").replace("</status>", "&c;</status>").encode()
        return b'<?xml version="1.0" encoding="utf-8"?>' + (_BOMB if form is Form.BOMB else _EXTERNAL) + plain
    if form is Form.ODD:
        answer[:] = [etree.Element("extra"), *reversed(answer)]
    text = etree.tostring(answer, encoding="unicode")
    if form is Form.LATIN1:
        return f'<?xml version="1.0" encoding="iso-8859-1"?>{text}'.encode("iso-8859-1")
    whole = f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
    return whole[: len(whole) * 2 // 3] if form is Form.BROKEN else whole


def _json(content: object) -> HttpReply:
    return HttpReply(content_type="application/json", body=json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")
