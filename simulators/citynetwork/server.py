"""The network's API server.

GET  /citynetwork/api?method=…   the four methods, answered in XML
GET  /citynetwork?openapi        the contract
Everything else as the other simulators do; what was ordered stands by socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from lxml import etree

from simulators.citynetwork.backend import METHODS, Call, Network, Refusal, checked, refused
from simulators.citynetwork.scenario import Behaviour, CityNetworkScenarios, Form
from simulators.http_server import BROKEN_SERVER, HttpReply, HttpRequest, cut_short
from simulators.numbers import Numbers
from simulators.scenario import read_yaml
from simulators.twin import Twin

HERE = Path(__file__).parent
CONTRACT = HERE.parents[1] / "mappings" / "se" / "schema" / "citynetwork.openapi.yaml"
_XML = "application/xml; charset=utf-8"
_BOMB = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
_EXTERNAL = b'<!DOCTYPE a [<!ENTITY c SYSTEM "file:///etc/hostname">]>'


class CityNetwork(Twin[Behaviour]):
    """One running network."""

    def __init__(self, network: Network, **server: Any) -> None:
        super().__init__("citynetwork", **server)
        self._network = network

    @property
    def numbers(self) -> Numbers:
        """Those that it gives to what it books."""
        return self._network.bookings.numbers

    def bookings(self) -> dict[str, Any]:
        """As ``GET /bookings``."""
        return self._network.bookings.summary()

    def reset(self) -> None:
        """As ``POST /reset``."""
        self._network.clear()
        super().reset()

    def _called(self, request: HttpRequest) -> HttpReply:
        if request.method != "GET":
            return HttpReply(status=405, body=b"only GET\n", headers={"allow": "GET"})
        if request.path == f"/{self.name}/api":
            return self._call(request)
        if request.path == f"/{self.name}" and self.contract_query in parse_qs(request.query, keep_blank_values=True):
            return HttpReply(content_type="application/yaml; charset=utf-8", body=CONTRACT.read_bytes())
        return self._nothing_here()

    def _call(self, request: HttpRequest) -> HttpReply:
        pairs = parse_qsl(request.query, keep_blank_values=True, encoding="utf-8", errors="strict")
        given = dict(pairs)
        method = given.pop("method", "")
        if "initiator" in given:  # as the public text calls it; its example says origin
            given.setdefault("origin", given.pop("initiator"))
        target = f"{request.path}?{request.query}"
        known = method if method in METHODS else ""
        self._remember(request, known, envelope=target)
        if not known:
            return _reply(refused("error", Refusal(400, "400", f"Metoden {method} finns inte")), status=400)
        try:
            checked(method, given)
        except Refusal as refusal:
            return _reply(refused(method, refusal), status=refusal.status)
        call = Call(method, given, target)
        behaviour = self._planned(method) or self._network.behaviour(call)
        return self._said(call, behaviour).sent(behaviour)

    def _said(self, call: Call, behaviour: Behaviour) -> HttpReply:
        if behaviour.ignores:
            return HttpReply()
        try:
            return _reply(self._network.handle(call, behaviour), behaviour.form)
        except Refusal as refusal:
            return _reply(refused(call.method, refusal), behaviour.form, refusal.status)


def citynetwork(
    scenarios: Path = HERE / "scenarios.yaml", override: Mapping[str, Mapping[str, Any]] | None = None, **server: Any
) -> CityNetwork:
    """The simulator. ``override`` changes single scenarios: ``{"SLW": {"port_status": {"after": 0.1}}}``; ``server`` is host and port."""
    declared = CityNetworkScenarios.model_validate(read_yaml(scenarios))
    return CityNetwork(Network(declared.overridden(override or {})), **server)


def _reply(answer: etree._Element, form: Form = Form.REGULAR, status: int = 200) -> HttpReply:
    if form is Form.HTTP_500:
        return BROKEN_SERVER
    media = "text/xml; charset=iso-8859-1" if form is Form.LATIN1 else _XML
    return HttpReply(status, media, _written(answer, form))


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
    return cut_short(whole) if form is Form.BROKEN else whole
