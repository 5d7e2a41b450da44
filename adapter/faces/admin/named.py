"""The order that a person means by a number: ours, the backend's, or the caller's own, which several orders may have."""

from __future__ import annotations

from adapter.errors import Conflict, NotFound
from adapter.store import OrderQuery, OrderRow, Store

_MOST = 20  # orders of one number that are told, the newest


async def order_of(store: Store, identifier: str) -> OrderRow:
    """One order by our id or the backend's, for what is done to it. Raises NotFound; Conflict where several have that number. The caller's
    own number is never enough, for a correction may come under it at any time: the orders that have it are named."""
    found = await _by_id(store, identifier)
    if not found:
        theirs = await _by_callers_number(store, identifier)
        raise _nothing(identifier) if not theirs else _only_theirs(identifier, theirs)
    if len(found) > 1:
        raise _several(identifier, found)
    return found[0]


async def orders_of(store: Store, identifier: str) -> list[OrderRow]:
    """The orders of a number, for looking: by our id, the backend's, or else the caller's own number, the newest first. A correction has
    the number of what it corrects; the same number in another market is another order. Raises NotFound; Conflict for several markets."""
    found = await _by_id(store, identifier) or await _by_callers_number(store, identifier)
    if not found:
        raise _nothing(identifier)
    if len({each.market for each in found}) > 1:
        raise _several(identifier, found)
    return found


async def _by_id(store: Store, identifier: str) -> list[OrderRow]:
    ours = await store.order(identifier)
    if ours is not None or not identifier:
        return [ours] if ours is not None else []
    return await store.orders(OrderQuery(backend_ref=identifier, limit=_MOST))


async def _by_callers_number(store: Store, identifier: str) -> list[OrderRow]:
    return await store.orders(OrderQuery(external_id=identifier, limit=_MOST)) if identifier else []


def _nothing(identifier: str) -> NotFound:
    return NotFound(f"there is no order '{identifier}' on record; 'adapter orders' lists the newest")


def _only_theirs(identifier: str, found: list[OrderRow]) -> NotFound:
    text = f"there is no order '{identifier}' by our id or the backend's; as the caller's own number it is that of {_listed(found)}"
    return NotFound(f"{text}; name the one that is meant by its own id")


def _several(identifier: str, found: list[OrderRow]) -> Conflict:
    return Conflict(f"'{identifier}' is the number of several orders; name the one that is meant by its own id: {_listed(found)}")


def _listed(found: list[OrderRow]) -> str:
    return ", ".join(f"{each.id} (market {each.market}, {each.state or each.operation})" for each in found)
