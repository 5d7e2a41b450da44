"""One question for an order's state: asked as the market declares it, answered by a change of the order or by none.

A state that cannot be understood is never guessed: such an order keeps the state it has, and a person is told the backend's own word.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from adapter import clock
from adapter.backend import Backend
from adapter.changing import attention_to, moved, stood_still
from adapter.contract.json_bytes import write_json
from adapter.contract.path import parse_path
from adapter.errors import AdapterError, MappingFailed, NotOffered
from adapter.exchange import Judged, Observer, Prepared, converse, prepare
from adapter.intake import received_rows, scope_of, sent_rows
from adapter.mapping.runtime import ABSENT, CodeRefused, reach
from adapter.mapping.scope import Scope
from adapter.market import Market
from adapter.ports import Document, OutcomeKind
from adapter.recorded import advanced, document_of, kind_of, message_of
from adapter.reports import reports_of
from adapter.resource import Resource, Unexpected
from adapter.schedule import Follow
from adapter.store import Direction, MessageRow, OrderRow
from adapter.store.advancing import Change

_Way = Callable[[int], tuple[MessageRow, ...]]
_INDEX = re.compile(r"\[(\d+)\]\.?")


class Answer(StrEnum):
    """How a question for an order's state was answered."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    ENDED = "ended"
    NOT_UNDERSTOOD = "not-understood"  # a person has to look; the change says why
    REFUSED = "refused"  # readable, but no state: the backend does not know the order, or a rule cannot map its answer
    UNAVAILABLE = "unavailable"  # no answer
    ASK_ALONE = "ask-alone"  # asked for with others, and one of them spoils the answer


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of a question. ``change`` is there for CHANGED, ENDED and NOT_UNDERSTOOD; ``why`` for what is no state.

    ``notes`` are for the operator's log. ``asked_to_wait`` is the backend's own ``Retry-After``, as it stands.
    """

    answer: Answer
    change: Change | None = None
    why: str = ""
    asked_to_wait: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Report:
    """What an answer says of one order. ``status`` gives the backend's own word for its state and ``way`` the messages for the record;
    both cost something, and are asked for only where the order changes: messages of questions that change nothing are not kept."""

    market: Market
    order: OrderRow
    reported: Document
    status: Callable[[], str]
    way: Callable[[int], tuple[MessageRow, ...]]


class Follower:
    """Asks for states. ``now`` gives milliseconds since the epoch."""

    def __init__(self, backends: Mapping[str, Backend], observer: Observer, now: Callable[[], int]) -> None:
        self.backends = backends
        self.observer = observer
        self.now = now

    def follow(self, order: OrderRow) -> Follow | None:
        """How such orders are followed; None where they are not."""
        backend = self.backends.get(order.market)
        return backend.market.follow.get(order.operation) if backend is not None else None

    async def ask(self, order: OrderRow, *, before_call: Callable[[], None] = lambda: None) -> Followed:
        """Asks the backend for the state of an order that it took on. ``before_call`` runs immediately before the call leaves, and
        may refuse it by raising; nothing else is raised for the backend. Raises NotOffered where the market does not follow such orders."""
        follow = self.follow(order)
        if follow is None:
            raise NotOffered(f"the market {order.market} does not follow {order.operation}")
        backend, came = self.backends[order.market], message_of(order)
        message = replace(came, path={**came.path, "id": order.backend_ref})
        try:
            prepared = prepare(backend, follow.by, scope_of(backend, message, order.client_reference, document_of(order)))
        except AdapterError as error:
            return Followed(Answer.REFUSED, why=f"the question cannot be written: {error}")
        asked = self.now()
        before_call()
        judged = await converse(backend, prepared, time.monotonic() + backend.market.limits.total, self.observer)
        if (silent := _without_report(judged)) is not None:
            return silent
        scope = _heard(prepared, judged)
        way = partial(_way, backend, prepared, judged, asked)
        try:
            reported = prepared.translator.reply(scope).document
        except MappingFailed as error:
            return self._not_mapped(backend, follow, order, error, way)
        status = partial(raw_state, prepared, scope, _life(backend.market, order).member)
        return self._understood(_Report(backend.market, order, reported, status, way))

    async def ask_many(self, orders: Sequence[OrderRow], *, before_call: Callable[[], None] = lambda: None) -> dict[str, Followed]:
        """Asks for the states of orders of one market and operation in one call, as the market declares it; the answers by order id.

        Where a part of the answer cannot be mapped, each order that it says nothing readable of has to be asked for alone: then ASK_ALONE.
        """
        backend = self.backends[orders[0].market]
        follow = backend.market.follow[orders[0].operation]
        assert follow.bulk is not None, "the market declares how many orders are asked for at once"
        everyone = partial(_for_all, orders)
        try:
            prepared = prepare(backend, follow.bulk.operation, self._scope(backend, orders))
        except AdapterError as error:
            return everyone(Followed(Answer.ASK_ALONE, why=f"the question cannot be written: {error}"))
        asked = self.now()
        before_call()
        judged = await converse(backend, prepared, time.monotonic() + backend.market.limits.total, self.observer)
        if (silent := _without_report(judged)) is not None:
            return everyone(silent)
        reports, spoiled = reports_of(prepared.translator, _heard(prepared, judged))
        left_out = Answer.ASK_ALONE if spoiled else Answer.REFUSED
        found = {}
        for order in orders:
            report = reports.get(order.backend_ref)
            if report is None:
                found[order.id] = Followed(left_out, why=spoiled or f"the answer leaves out order {order.backend_ref}")
                continue
            way = partial(_part, backend, prepared, report.document, asked)
            status = partial(raw_state, prepared, report.scope, f"{report.target}.{_life(backend.market, order).member}")
            found[order.id] = self._understood(_Report(backend.market, order, report.document, status, way))
        return found

    def _scope(self, backend: Backend, orders: Sequence[OrderRow]) -> Scope:
        asked = [
            {"id": order.backend_ref, "request": message_of(order).body} | ({"answer": document_of(order)} if order.answer else {})
            for order in orders
        ]
        now = self.now()
        return Scope(
            asked={"orders": asked}, setting=backend.market.settings, correlation_id=f"{orders[0].id}+{len(orders) - 1}", now=clock.iso(now)
        )

    def _understood(self, report: _Report) -> Followed:
        order = report.order
        now = self.now()
        taken = advanced(report.market, order, report.reported, now)
        if isinstance(taken, Unexpected):
            return self._not_understood(order, report.status(), taken.text, report.way)
        if taken.document == document_of(order) and not stood_still(order):
            return Followed(Answer.UNCHANGED, notes=taken.notes)
        change = moved(report.market, order, taken, now, report.status(), report.way(now))
        return Followed(Answer.ENDED if taken.done else Answer.CHANGED, change, notes=taken.notes)

    def _not_mapped(self, backend: Backend, follow: Follow, order: OrderRow, error: MappingFailed, way: _Way) -> Followed:
        cause = error.__cause__
        if isinstance(cause, CodeRefused) and _tells_state(_life(backend.market, order), error.path):
            status = str(cause.value)
            where = _said_at(backend, follow, error.path)
            row = f"as a row or as one more code of a row ('state: [CODE, {status}]')"
            why = f"{error}; say what it means {where}, {row}, and reload the rules of {backend.market.market}"
            return self._not_understood(order, status, why, way)
        return Followed(Answer.REFUSED, why=f"the answer cannot be mapped: {error}")

    def _not_understood(self, order: OrderRow, status: str, why: str, way: _Way) -> Followed:
        now = self.now()
        text = (
            f"unknown status '{status}': {why}. The order keeps its state '{order.state}' and is not asked for any more; "
            f"redrive the task poll:{order.id} when this is mended"
        )
        return Followed(Answer.NOT_UNDERSTOOD, attention_to(order, text, now, status, way(now)), text)


def _said_at(backend: Backend, follow: Follow, path: str) -> str:
    """Where it is said what a status means: in the code table, and wherever the question about many orders looks it up, if not there."""
    target, places = _INDEX.sub(lambda index: index[0].replace(index[1], ""), path), dict[str, str]()
    rules = {follow.by: target} | ({follow.bulk.operation: f"orders[].{target}"} if follow.bulk is not None else {})
    for operation, name in rules.items():
        for record in backend.translators[operation].functions()["reply"].records:
            if record.target == name:
                at = record.at if record.table is None else record.table.name.at
                places.setdefault(str(at), f"at {at}" if operation == follow.by else f"for {operation} at {at}")
    return " and ".join(places.values())


def _life(market: Market, order: OrderRow) -> Resource:
    return market.life(kind_of(order))


def _tells_state(life: Resource, path: str) -> bool:
    """Whether what a report has at this path is a state, of the resource or of a part of it."""
    member, items = path.rpartition(".")[2], life.life.items
    return member == life.member or (items is not None and member == items.state)


def _without_report(judged: Judged) -> Followed | None:
    """What an answer means that reports no state; None for one that does."""
    told = judged.raw.headers.get("retry-after") if judged.raw is not None else None
    if judged.outcome.kind is OutcomeKind.ACCEPTED and judged.reply is not None:
        return None
    refused = judged.outcome.kind in (OutcomeKind.REJECTED, OutcomeKind.ABSENT)
    return Followed(Answer.REFUSED if refused else Answer.UNAVAILABLE, why=_said(judged), asked_to_wait=told)


def _heard(prepared: Prepared, judged: Judged) -> Scope:
    return prepared.scope.answered(judged.reply or {}, tuple(issue.text for issue in judged.outcome.issues))


def _for_all(orders: Sequence[OrderRow], followed: Followed) -> dict[str, Followed]:
    return {order.id: followed for order in orders}


def _way(backend: Backend, prepared: Prepared, judged: Judged, asked: int, now: int) -> tuple[MessageRow, ...]:
    """The messages of a question about one order."""
    return (*sent_rows(backend, prepared, asked), *received_rows(backend, prepared, judged, now))


def _part(backend: Backend, prepared: Prepared, reported: Document, asked: int, now: int) -> tuple[MessageRow, ...]:
    """Of a question about many orders, what was reported of one: the rest is about others, and none of its business."""
    body = backend.redaction.body(write_json(reported))
    return (MessageRow(Direction.BACKEND_REPLY, prepared.translator.legacy, body, max(asked, now), "application/json"),)


def raw_state(prepared: Prepared, scope: Scope, target: str) -> str:
    """The backend's own word for the state: what the rule of ``target`` read; "" where it read nothing, several where it read several."""
    _, origins = prepared.translator.explain("reply", scope)
    sources = next((origin.sources for origin in origins if origin.target == target), ())
    found = [value_at(scope.reply, source.removeprefix("reply.")) for source in sources if source.startswith("reply.")]
    return " ".join(str(value) for value in found if value is not ABSENT and value is not None)


def value_at(document: Any, path: str) -> Any:
    """What stands at a path with indices (``status.history[2].code``, ``line[].code``); ABSENT where there is nothing."""
    for number, part in enumerate(_INDEX.split(path)):
        if number % 2:
            place = int(part)
            document = document[place] if isinstance(document, list) and place < len(document) else ABSENT
        elif part:
            document = reach(document, parse_path(part).steps)
    return document


def _said(judged: Judged) -> str:
    texts = "; ".join(issue.text for issue in judged.outcome.issues)
    return f"{judged.outcome.evidence}: {texts}" if texts else judged.outcome.evidence
