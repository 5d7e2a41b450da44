"""The record: every order, attempt and message, and the answers that repeats get. SQLite in one file by default."""

from adapter.store.ids import OrderIds, short_form
from adapter.store.record import Store
from adapter.store.rows import (
    Acceptance,
    Accepted,
    AttemptRow,
    CodeRow,
    Direction,
    Doubtful,
    Fresh,
    InFlight,
    MessageRow,
    Mismatch,
    Moved,
    NoPermit,
    OrderQuery,
    OrderRow,
    Response,
    Seen,
    Settlement,
)

__all__ = [
    "Acceptance",
    "Accepted",
    "AttemptRow",
    "CodeRow",
    "Direction",
    "Doubtful",
    "Fresh",
    "InFlight",
    "MessageRow",
    "Mismatch",
    "Moved",
    "NoPermit",
    "OrderIds",
    "OrderQuery",
    "OrderRow",
    "Response",
    "Seen",
    "Settlement",
    "Store",
    "short_form",
]
