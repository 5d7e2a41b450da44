"""One activation: the question whether the service can be delivered, and, unless the answer is no, the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapter.contract.shape import OperationContract
from adapter.errors import MaybeSent, NotSent, SerialisationFailed
from adapter.ports import Answer, AnswerKind, Call, Connector, Deviation, Document, Exchange, WireRequest
from connectors.citynetwork.availability import SUCCESS, WAYS, Conversation, service_of
from connectors.citynetwork.contract import ACTIVATE, FIND, QUESTIONS, activation_contracts


class CityNetworkConnector:
    """Speaks through ``network``, a connector that has the network's own operations. Raises ConfigError where one is missing."""

    def __init__(self, network: Connector) -> None:
        self._network = network
        self._contracts = activation_contracts(network.contracts())

    def contracts(self) -> Mapping[str, OperationContract]:
        """The network's own operations, ``activate_service`` and ``find_activation``."""
        return self._contracts

    def exchange(self, call: Call) -> Exchange:
        """Of ``activate_service``: no request without a socket, one without a question, two otherwise. The order is sent where the answer
        to the question is yes, and only there. Raises SerialisationFailed before the first request."""
        if call.operation == ACTIVATE:
            return self._activate(call)
        return self._find(call) if call.operation == FIND else self._network.exchange(call)

    def _activate(self, call: Call) -> Exchange:
        order, told = call.document["order"], _Told()
        if "socket" not in order:
            return told.answer(200)
        activation = self._ordered(order, call)  # an order that cannot be written is refused before anybody is asked
        if "ask" in call.document:
            verdict = yield from WAYS[call.document["ask"]].is_deliverable(lambda name, query: self._call(name, query, call), order)
            told.availability = verdict.document
            if verdict.evidence:
                told.deviations.append(Deviation("unanswered", call.document["ask"], verdict.evidence))
            if verdict.deliverable != "yes":
                activation.close()
                return told.answer(200)
        answer = yield from activation
        if answer.kind is not AnswerKind.REPLY or answer.document is None:
            return answer
        body = answer.document.get("body") or {}
        if not body.get("status"):
            return Answer(AnswerKind.UNREADABLE, answer.status, unreadable="service_order was answered without a status")
        told.order = {"status": body["status"], "date": order["date"], **(body.get("response") or {})}
        return told.answer(answer.status, answer)

    def _find(self, call: Call) -> Exchange:
        order, told = call.document["order"], _Told()
        answer = yield from self._call("port_status", {"socket": order["socket"]}, call)
        body = (answer.document or {}).get("body") or {}
        if answer.kind is not AnswerKind.REPLY or body.get("status") != SUCCESS:
            return replace(answer, kind=AnswerKind.UNREADABLE, unreadable=answer.unreadable or "port_status failed")
        if service_of(body, order["service_uid"]).get("date") == order["date"]:
            told.order = {"status": SUCCESS, "date": order["date"]}
        return told.answer(answer.status, answer)

    def _ordered(self, order: Document, call: Call) -> Conversation:
        try:
            return self._call("service_order", order, call)
        except SerialisationFailed as error:
            raise SerialisationFailed(error.text, error.path.replace("query.", "order.", 1)) from None

    def _call(self, operation: str, query: Document, call: Call) -> Conversation:
        """One call of the network, its request written already. Raises SerialisationFailed."""
        conversation = self._network.exchange(Call(operation, {"query": {"method": operation, **query}}, call.headers))
        return _marked(conversation, operation, next(conversation))


@dataclass(slots=True)
class _Told:
    """What has been said so far."""

    availability: Document | None = None
    order: Document | None = None
    deviations: list[Deviation] = field(default_factory=list)

    def answer(self, status: int, read: Answer | None = None) -> Answer:
        parts: dict[str, Any] = {"availability": self.availability, "order": self.order}
        document = {name: part for name, part in parts.items() if part is not None}
        return Answer(AnswerKind.REPLY, status, document, deviations=(*self.deviations, *(read.deviations if read else ())))


def _marked(conversation: Conversation, operation: str, request: WireRequest) -> Conversation:
    """A conversation whose first request is at hand: each request says what it calls, and whether it changes nothing. That it is a GET does
    not tell: an order is one, too."""
    asks = operation in QUESTIONS
    try:
        while True:
            try:
                reply = yield replace(request, asks=asks, operation=operation)
            except (NotSent, MaybeSent) as error:
                request = conversation.throw(error)
            else:
                request = conversation.send(reply)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
