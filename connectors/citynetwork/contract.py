"""The shapes of the two operations that this connector makes of the network's own."""

from __future__ import annotations

from collections.abc import Mapping

from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.errors import ConfigError

ACTIVATE, FIND = "activate_service", "find_activation"
NEEDED = ("port_status", "service_deliverable", "service_order")
QUESTIONS = ("port_status", "service_deliverable")
VERDICTS = ("yes", "no", "unknown")


def activation_contracts(contracts: Mapping[str, OperationContract]) -> Mapping[str, OperationContract]:
    """The network's own operations and those made of them. Raises ConfigError where one of the network's is missing.

    ``activate_service``: input: ``ask``, the question that comes first (left out: none is asked), ``order``, the parameters of
    service_order, whose socket may be left out: it is known of an identified customer only, and without it nobody is called; output:
    ``availability``, what the question came to (left out: none was asked), ``order``, status, day and words of service_order (left out:
    it was not sent).
    ``find_activation``: input: ``order``, as it was sent; output: the same, ``order`` with success and the day (left out: the service is
    not active at the socket from that day on).
    """
    missing = [name for name in NEEDED if name not in contracts]
    if missing:
        raise ConfigError(f"the contract of a city network needs the operations {', '.join(NEEDED)}; it lacks {', '.join(missing)}")
    text, day = Shape(Kind.TEXT), Shape(Kind.TEXT, format="date")
    words = {name: Member(name, text) for name in ("code", "message", "hardware")}
    verdict = Member("deliverable", Shape(Kind.TEXT, enum=VERDICTS), required=True)
    availability = Shape(Kind.OBJECT, "availability", {"deliverable": verdict, **words})
    answered = {"status": Member("status", text, required=True), "date": Member("date", day, required=True), **words}
    told = {"availability": availability, "order": Shape(Kind.OBJECT, "order", answered)}
    ask = Member("ask", Shape(Kind.TEXT, enum=QUESTIONS))
    order = Member("order", _parameters(contracts["service_order"]), required=True)
    given = Shape(Kind.OBJECT, ACTIVATE, {"ask": ask, "order": order})
    answer = Shape(Kind.OBJECT, f"{ACTIVATE} reply", {name: Member(name, shape) for name, shape in told.items()})
    made = (OperationContract(ACTIVATE, given, answer), OperationContract(FIND, Shape(Kind.OBJECT, FIND, {"order": order}), answer))
    return {**contracts, **{contract.name: contract for contract in made}}


def _parameters(contract: OperationContract) -> Shape:
    """The query parameters of an operation without the name of the method, which is ours to say."""
    query = contract.input.members["query"].shape
    members = {name: member for name, member in query.members.items() if name != "method"}
    return Shape(Kind.OBJECT, "order", {**members, "socket": Member("socket", members["socket"].shape)})
