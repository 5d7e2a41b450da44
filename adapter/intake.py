"""A message on its way into the record: its key, its fingerprint, what the mapping may see of it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from adapter import clock
from adapter.aims import Aim, aim_of
from adapter.backend import Backend, Rules
from adapter.contract.json_bytes import write_json
from adapter.exchange import Judged, Prepared
from adapter.frozen import frozen, maker
from adapter.mapping.scope import Scope
from adapter.ports import Answer, Document, Message, WireReply, WireRequest
from adapter.store import Acceptance, Direction, MessageRow, OrderIds, OrderRow, short_form


@frozen
class Intake:
    """What the idempotent receiver needs to know."""

    message: Message
    order_id: str
    client_reference: str
    scope: str
    key: str
    fingerprint: str

    @property
    def key_name(self) -> str:
        """How the caller knows the key."""
        return self.key.partition(":")[0]

    def acceptance(self, backend: Backend, prepared: Prepared, now: int, subject: OrderRow | None = None) -> Acceptance:
        """The row of intent: written before the call leaves, with the messages so far. ``subject``: what the request is about."""
        message = self.message
        body = backend.redaction.json(message.raw, message.body)
        aim, external_id = aim_of(message.operation), message.body.get("externalId")
        return Acceptance(
            scope=self.scope,
            key=self.key,
            fingerprint=self.fingerprint,
            market=message.market,
            operation=message.operation,
            client=message.client,
            face=message.face,
            correlation_id=message.correlation_id,
            request=context_of(message),
            deadline=now + int(backend.market.limits.total * 1000) + RECORDING,
            external_id=external_id if isinstance(external_id, str) and aim.makes else "",
            state=backend.market.life(message.operation).initial if aim.makes else "",
            resource=message.operation.partition(".")[0] if aim.makes else "",
            subject=subject.id if subject is not None else "",
            subject_version=subject.version if subject is not None else None,
            private=backend.market.private,
            rule_version=prepared.translator.version,
            order_id=self.order_id,
            permit=(rate.per_second, rate.burst) if prepared.calls and (rate := backend.market.rate) is not None else None,
            messages=(
                MessageRow(Direction.CLIENT_REQUEST, message.operation, body, message.received_at, "application/json"),
                *sent_rows(backend, prepared, now),
            ),
            at=now,
        )


RECORDING = 1_000  # milliseconds between the end of a call and its outcome being on record

_new_uid = OrderIds(clock.now)
_scope = maker(Scope)


def sent_rows(backend: Backend, prepared: Prepared, at: int) -> tuple[MessageRow, ...]:
    """The first request to the backend, as the record keeps it; none where nobody is called."""
    request = prepared.first
    return () if isinstance(request, Answer) else (_sent(backend, prepared, request, at),)


def received_rows(backend: Backend, prepared: Prepared, judged: Judged, at: int) -> tuple[MessageRow, ...]:
    """All that followed the first request, as the record keeps it; ``at`` is when it was judged, by the record's clock."""
    request, rows = prepared.first, []
    for said in judged.way:
        when = at - int((judged.at - said.at) * 1000)
        if isinstance(said.what, WireRequest):
            request = said.what
            rows.append(_sent(backend, prepared, request, when))
        else:
            document = judged.reply if judged.exact and said.what is judged.raw else None
            rows.append(_received(backend, _called(prepared, request), said.what, document, when))
    return tuple(rows)


def _called(prepared: Prepared, request: WireRequest | Answer) -> str:
    """The legacy operation that a request calls."""
    return (request.operation if isinstance(request, WireRequest) else "") or prepared.translator.legacy


def _sent(backend: Backend, prepared: Prepared, request: WireRequest, at: int) -> MessageRow:
    """A request without a body says what it asks by its address."""
    operation = _called(prepared, request)
    if request.document is None:
        body = backend.redaction.body(request.body or f"{request.method} {request.url}".encode())
    else:
        body = backend.redaction.envelope(request.body, request.document, backend.connector.contracts()[operation].input)
    return MessageRow(Direction.BACKEND_REQUEST, operation, body, at, request.headers.get("Content-Type", ""))


def _received(backend: Backend, operation: str, reply: WireReply, document: Document | None, at: int) -> MessageRow:
    """``document``: what the reply holds and all that it holds, where that is known."""
    if document is None:
        body = backend.redaction.body(reply.body)
    else:
        body = backend.redaction.envelope(reply.body, document, backend.connector.contracts()[operation].output)
    return MessageRow(Direction.BACKEND_REPLY, operation, body, at, reply.headers.get("content-type", ""), reply.status)


def intake_of(message: Message, order_id: str) -> Intake:
    """Key: what the face found (``Idempotency-Key``, else the caller's correlation id), else ``externalId`` of what is new, else none of
    its own."""
    external_id = message.body.get("externalId") if aim_of(message.operation) is Aim.NEW else None
    key = message.key or (f"externalId:{external_id}" if external_id else f"order:{order_id}")
    return Intake(
        message=message,
        order_id=order_id,
        client_reference=short_form(order_id),
        scope="/".join((message.face, message.client, message.asked_of or message.market, message.operation)),
        key=key,
        fingerprint=_fingerprint(message),
    )


def _fingerprint(message: Message) -> str:
    """Content is what the body says, not how it is spaced; a number and a text are different content. So is the same body on its way
    to another of the markets that its id stands for."""
    way: list[Any] = [message.market] if message.asked_of else []
    if message.patch is not None:
        way.append(list(message.patch))
    return hashlib.sha256(write_json([message.body, dict(message.path), dict(message.query), *way], sort=True)).hexdigest()


def context_of(message: Message) -> bytes:
    """What settling in doubt needs to map again: the document and the declared texts. Credentials are no part of them."""
    body = orjson.Fragment(message.text) if message.text else message.body
    return write_json({"request": body, "header": dict(message.header), "query": dict(message.query), "path": dict(message.path)})


def scope_of(rules: Rules, message: Message, client_reference: str, known: Document | None = None) -> Scope:
    """What the rules may see of a message; ``known`` is the document on record that it is about."""
    return _scope(
        request=message.body,
        header=message.header,
        query=message.query,
        path=message.path,
        setting=rules.market.settings,
        correlation_id=message.correlation_id,
        client_reference=client_reference,
        now=clock.iso(message.received_at),
        uid=_new_uid(),
        known=known,
    )
