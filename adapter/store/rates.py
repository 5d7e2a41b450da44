"""How much a backend is asked: one row per backend that all lanes and all nodes share, with its rate and its circuit breaker.

The rate is GCRA: of all permits only the time is kept at which the next one would be due if they were taken evenly (the theoretical
arrival time, integer microseconds). It may run ahead of the clock by a burst and no more, so in any window of W seconds at most
``rate * W + burst`` permits are given out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, case, literal_column, null, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from adapter.store.connection import Connection, Statement
from adapter.store.schema import rate

_RATE = rate.c
_ONE: ColumnElement[int] = literal_column("1")
_ZERO: ColumnElement[int] = literal_column("0")
_THIS = _RATE.backend == bindparam("name")
_UNTIL = bindparam("until", type_=BigInteger())

_HOLD = Statement(select(_RATE.tat).where(_THIS).with_for_update())
_MAKE = Statement(upsert(rate).on_conflict_do_nothing(index_elements=["backend"]), ("backend",))
_TAKE = Statement(update(rate).where(_THIS).values(tat=bindparam("next", type_=BigInteger())))
_GIVE_BACK = Statement(update(rate).where(_THIS).values(tat=_RATE.tat - bindparam("span", type_=BigInteger())))
_READ = Statement(select(rate).where(_THIS))
_FAILED = Statement(
    update(rate)
    .where(_THIS)
    .values(
        failures=_RATE.failures + _ONE,
        paused_until=case((_RATE.failures + _ONE >= bindparam("threshold", type_=Integer()), _UNTIL), else_=_RATE.paused_until),
    )
    .returning(_RATE.paused_until)
)
_PROBE = Statement(
    update(rate)
    .where(_THIS, or_(_RATE.paused_until <= bindparam("now", type_=BigInteger()), _RATE.paused_until > _UNTIL))
    .values(paused_until=_UNTIL)
)
_SUCCEEDED = Statement(
    update(rate).where(_THIS, or_(_RATE.failures != _ZERO, _RATE.paused_until.is_not(None))).values(failures=_ZERO, paused_until=null())
)


@dataclass(frozen=True, slots=True)
class RateRow:
    """One backend. ``tat`` in microseconds, ``paused_until`` in milliseconds since the epoch, None while the breaker is closed.

    ``failures`` counts those in a row.
    """

    backend: str
    tat: int = 0
    paused_until: int | None = None
    failures: int = 0


def permits(c: Connection, backend: str, now_us: int, rate_per_second: float, burst: int, wanted: int, reserve: int) -> int:
    """Takes up to ``wanted`` permits at ``now_us`` (microseconds) and says how many there were.

    ``reserve`` of the burst are left to those who ask with a smaller reserve; with ``reserve >= burst`` there is never one. The row
    stays locked to the end of the transaction. Raises ValueError for a rate or burst that is not above zero.
    """
    if rate_per_second <= 0 or burst <= 0:
        raise ValueError(f"backend {backend}: a rate of {rate_per_second} per second with a burst of {burst} lets nothing through")
    if wanted <= 0:
        return 0
    span = _span(rate_per_second)
    tat = _hold(c, backend)
    # Where it ran further ahead than a burst, the clock was set back or the rate was another one.
    base = min(max(tat, now_us), now_us + burst * span)
    granted = max(0, min(wanted, (now_us + (burst - reserve) * span - base) // span))
    if granted or base < tat:
        c.change(_TAKE, {"name": backend, "next": base + granted * span})
    return granted


def give_back(c: Connection, backend: str, rate_per_second: float, count: int) -> None:
    """Returns permits of this transaction that found nothing to do."""
    if count > 0:
        c.change(_GIVE_BACK, {"name": backend, "span": count * _span(rate_per_second)})


def failed(c: Connection, backend: str, now: int, threshold: int, pause_ms: int) -> int | None:
    """Counts a call that got no answer. From ``threshold`` in a row on the breaker opens for ``pause_ms``, each time anew.

    Until when it is open (milliseconds), None if it is not.
    """
    values = {"name": backend, "threshold": threshold, "until": now + pause_ms}
    row = c.row(_FAILED, values)
    if row is None:
        c.change(_MAKE, {"backend": backend})
        row = c.row(_FAILED, values)
    assert row is not None, "the row was just made"
    until: int | None = row[0]
    return until


def probe(c: Connection, backend: str, now: int, pause_ms: int) -> bool:
    """Whether this caller may try if the backend is back. True for one caller per pause, and only once an open breaker's pause is over.

    It stays open for the others another ``pause_ms``, so that a probe that never comes back is followed by the next one. A pause that ends
    later than one can that begins now is over: the clock was set back.
    """
    return c.change(_PROBE, {"name": backend, "now": now, "until": now + pause_ms}) == 1


def succeeded(c: Connection, backend: str) -> None:
    """An answer came: closes the breaker and forgets the failures. Writes nothing where there were none."""
    c.change(_SUCCEEDED, {"name": backend})


def state(c: Connection, backend: str) -> RateRow:
    """The row of a backend; one of which nothing is on record has never been asked."""
    row = c.row(_READ, {"name": backend})
    return RateRow(*row) if row is not None else RateRow(backend)


def lock(c: Connection, backend: str) -> None:
    """Locks the row of the backend to the end of the transaction: of several nodes that ask for something, one is answered at a time."""
    _hold(c, backend)


def _span(rate_per_second: float) -> int:
    """Microseconds between two permits, rounded up: rather a little slower than too fast."""
    return max(1, math.ceil(1_000_000 / rate_per_second))


def _hold(c: Connection, backend: str) -> int:
    """Locks the row of the backend, makes it if need be, and gives its theoretical arrival time."""
    row = c.row(_HOLD, {"name": backend})
    if row is None:
        c.change(_MAKE, {"backend": backend})
        row = c.row(_HOLD, {"name": backend})
    assert row is not None, "the row was just made"
    tat: int = row[0]
    return tat
