"""A backend's message as it comes in: read by its contract, with the key that tells repeats by, and the resource that it is about."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from adapter import clock
from adapter.backend import Backend
from adapter.contract.json_bytes import write_json
from adapter.contract.value_types import no_values
from adapter.errors import InvalidMessage, MappingFailed, Problem, UnknownCode
from adapter.following import value_at
from adapter.inbound import Inbound, InboundOperation
from adapter.mapping.compile.record import Told
from adapter.mapping.explain import FieldOrigin, origins
from adapter.mapping.runtime import ABSENT
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.ports import Document, InboundRequest, Received, Receiver
from adapter.store import OrderIds
from adapter.store.accepting import Key
from adapter.store.receiving import Wanted
from adapter.tracing import station

_LONGEST_KEY = 200  # characters of an identity that is kept as it is
_MOST_NAMED = 5  # deviations in a refusal

_new_id = OrderIds(clock.now)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that could be read. ``at``: milliseconds since the epoch."""

    backend: Backend
    inbound: Inbound
    receiver: Receiver
    translator: Translator
    request: InboundRequest
    received: Received
    scope: Scope
    key: Key
    wanted: Wanted
    at: int

    @property
    def market(self) -> str:
        """The market it came to."""
        return self.wanted.market

    @property
    def operation(self) -> str:
        """As the market declares it (``productOrder.message``)."""
        return self.translator.operation

    @property
    def declared(self) -> InboundOperation:
        """What the market declares about it."""
        return self.inbound.operations[self.operation]


@dataclass(frozen=True, slots=True)
class Said:
    """What a message says of its resource. ``word`` is the backend's own word for the state. Where it cannot be mapped (``failure``),
    the document is what could be told of it; ``why`` is what a person has to look at."""

    document: Document
    word: str = ""
    why: str = ""
    failure: MappingFailed | None = None

    @property
    def reference(self) -> str:
        """The number that the message has for its resource, "" where it names none."""
        return _text(self.document.get("id"))

    @property
    def external_id(self) -> str:
        """Its caller's number for it."""
        return _text(self.document.get("externalId"))


def arrive(backend: Backend, request: InboundRequest, correlation_id: str, at: int) -> Arrived:
    """Reads a message of a market that takes some. Raises CallerError for one that cannot be read, holds what is no value of its type, or
    is not taken here; MappingFailed
    for one whose identity cannot be told, or that names nothing it could be about."""
    market, inbound, receiver = backend.market.market, backend.market.inbound, backend.receiver
    assert inbound is not None, "only markets that take messages are asked"
    assert receiver is not None, "a market that takes messages has a receiver"
    with station("read message", market):
        received = receiver.read(request)
    operation = backend.arrivals.get(received.operation)
    if operation is None:
        raise InvalidMessage(f"'{received.operation}' is not taken here; there are {', '.join(sorted(backend.arrivals))}")
    translator, document = backend.translators[operation], received.document
    _refuse_no_values(translator, document)
    scope = Scope(message=document, setting=backend.market.settings, correlation_id=correlation_id, now=clock.iso(at), uid=_new_id())
    with station("map message", market, operation):
        key, said = _key_of(market, translator, scope, received), reported(backend, translator, scope)
    if not (said.reference or said.external_id):
        raise _unfit(received, said.failure or MappingFailed(f"the report of {operation} has neither an id nor an externalId"))
    wanted = Wanted(market, operation.partition(".")[0], said.reference, said.external_id)
    return Arrived(backend, inbound, receiver, translator, request, received, scope, key, wanted, at)


def reported(backend: Backend, translator: Translator, scope: Scope) -> Said:
    """What a message says. Raises nothing: a message that a rule cannot take still says what the rules before that one made of it."""
    told: list[Told] = []
    failure: MappingFailed | None = None
    document: Document | None = None
    try:
        document = translator.traced("report", scope, told).document
    except MappingFailed as error:
        failure = error
    found = {origin.target: origin for origin in origins(translator.functions()["report"].records, told)}
    member = backend.market.life(translator.operation).member
    if failure is None:
        return Said(document or {}, _word(found.get(member), scope))
    named: Document = {name: found[name].value for name in ("id", "externalId") if name in found}
    word = failure.value if isinstance(failure, UnknownCode) and failure.path == member else _word(found.get(member), scope)
    return Said(named, word, f"a message of the backend cannot be mapped: {failure}", failure)


def _refuse_no_values(translator: Translator, document: Document) -> None:
    """The sender's mistake, whatever the rules would make of it: nobody else can mend it, and no listener is told of a day that is none."""
    problems = list(islice(no_values(translator.message, document), _MOST_NAMED)) if translator.message is not None else []
    if problems:
        raise InvalidMessage("The message breaks its contract; nothing of it was taken over", problems)


def _unfit(received: Received, failure: MappingFailed) -> InvalidMessage | MappingFailed:
    """Whose mistake it is that nobody can tell what a message is about: the sender's, where it breaks its contract; else the rules'."""
    if not received.deviations:
        return failure
    problems = [Problem(each.path, each.text) for each in received.deviations[:_MOST_NAMED]]
    return InvalidMessage("The message breaks its contract, and does not tell what it is about", problems)


def clash(arrived: Arrived) -> Arrived:
    """The same message under a key of its own content: one whose identity is taken is refused, and that is recorded once and repeated."""
    key = arrived.key
    return replace(arrived, key=Key(key.scope, f"{key.key} {key.fingerprint}", key.fingerprint))


def _key_of(market: str, translator: Translator, scope: Scope, received: Received) -> Key:
    """Content is what the message says, not how it is spaced."""
    fingerprint = _digest(write_json([received.operation, received.document], sort=True))
    identity = translator.identity(scope) or fingerprint
    short = identity if len(identity) <= _LONGEST_KEY else _digest(identity.encode())
    return Key(f"inbound:{market}", f"{translator.operation}:{short}", fingerprint)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _word(origin: FieldOrigin | None, scope: Scope) -> str:
    """What the rule of the state read."""
    sources = origin.sources if origin is not None else ()
    read = [value_at(scope.message, source.removeprefix("message.")) for source in sources if source.startswith("message")]
    return " ".join(str(value) for value in read if value is not ABSENT and value is not None and not isinstance(value, dict | list))


def _text(value: Any) -> str:
    return "" if value is None else str(value)
