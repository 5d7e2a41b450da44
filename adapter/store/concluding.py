"""Task resources end with what they are about: where an order moves, its open tasks go on to what that means for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Integer, bindparam, case, literal_column, null, select, update

from adapter import clock
from adapter.contract.json_bytes import write_json
from adapter.contract.json_text import parse_json
from adapter.store.connection import Connection, Statement
from adapter.store.ids import OrderIds
from adapter.store.outbox import NewEvent
from adapter.store.packing import Packer, unpack
from adapter.store.schema import resource_order

_ORDER = resource_order.c
_DEPTH = 1_000  # of a document that was checked when it came
_new_id = OrderIds(clock.now)

_OPEN_TASKS = Statement(
    select(_ORDER.id, _ORDER.state, _ORDER.answer)
    .where(_ORDER.subject == bindparam("subject"), _ORDER.subject != literal_column("''"))
    .where(_ORDER.resource == bindparam("resource"), _ORDER.outcome == literal_column("'accepted'"), _ORDER.done_at.is_(None))
    .order_by(_ORDER.id)
    .with_for_update()
)
_GO_ON = Statement(
    update(resource_order)
    .where(_ORDER.id == bindparam("order"))
    .values(
        state=bindparam("become"),
        answer=bindparam("document"),
        done_at=case((bindparam("end", type_=Integer()) == literal_column("1"), bindparam("now", type_=BigInteger())), else_=null()),
        updated_at=bindparam("now", type_=BigInteger()),
        event_seq=_ORDER.event_seq + literal_column("1"),
    )
)


class Concluded(NamedTuple):
    """What becomes of the open tasks of one kind: their new ``state``, what their document ``becomes``, and whether it is an ``end``.
    ``event`` is the type of the event that tells of it ("": none)."""

    resource: str
    state: str
    becomes: Callable[[dict[str, Any]], dict[str, Any]]
    end: bool
    event: str


def conclude_tasks(c: Connection, subject: str, concluded: Sequence[Concluded], now: int) -> Iterator[NewEvent]:
    """Moves the open tasks of an order whose row this transaction has locked; the events that tell of it, in the order of the tasks."""
    for one in concluded:
        for task_id, state, answer in c.rows(_OPEN_TASKS, {"subject": subject, "resource": one.resource}):
            if state == one.state or answer is None:
                continue
            document = write_json(one.becomes(_document(task_id, answer)))
            values = {"order": task_id, "become": one.state, "document": Packer().pack(document), "end": int(one.end), "now": now}
            c.change(_GO_ON, values)
            if one.event:
                yield NewEvent(_new_id(), one.event, document)


def _document(task_id: str, answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = parse_json(unpack(answer, f"the document of order {task_id}"), max_depth=_DEPTH)
    return found
