"""CancelProductOrder (TMF622 v4): the task that asks for an order to be cancelled."""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.model import DateTime, Extensible
from adapter.contract.tmf.reference import ProductOrderRef


class TaskStateType(StrEnum):
    """Where the task is. ``done`` says that the request was judged, not that the order is cancelled."""

    ACKNOWLEDGED = "acknowledged"
    TERMINATED_WITH_ERROR = "terminatedWithError"
    IN_PROGRESS = "inProgress"
    DONE = "done"


class CancelProductOrderCreate(Extensible):
    """The request: which order, why, from when."""

    product_order: ProductOrderRef
    cancellation_reason: str | None = None
    requested_cancellation_date: DateTime | None = None


class CancelProductOrder(CancelProductOrderCreate):
    """The task as it is shown."""

    id: str | None = None
    href: str | None = None
    state: TaskStateType | None = None
    effective_cancellation_date: DateTime | None = None
