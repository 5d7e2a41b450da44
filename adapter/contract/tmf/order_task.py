"""RespondProviderChange and RescheduleProductOrder: tasks about an order that the FIT interface has beside those of TMF622.

Its published version 1 says which members there are; of a reason and an identifier it says the members that are used here.
"""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.model import DateTime, Extensible
from adapter.contract.tmf.reference import ProductOrderRef


class OrderTaskStateType(StrEnum):
    """Where a task is. ``done``: what was asked for was carried out or taken on; ``rejected``: it cannot be."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    IN_PROGRESS = "inProgress"
    DONE = "done"
    TERMINATED_WITH_ERROR = "terminatedWithError"


class Reason(Extensible):
    """Why: a code of the interface's list, and its text."""

    code: str | None = None
    text: str | None = None


class ExternalIdentifier(Extensible):
    """The task's number in another system."""

    id: str | None = None
    owner: str | None = None
    external_identifier_type: str | None = None


class OrderStateChange(Extensible):
    """One entry of a task's history, which the server keeps."""

    state: str | None = None
    state_change_date: DateTime | None = None
    state_change_reason: list[Reason] | None = None


class _Asked(Extensible):
    """What a client may say of any task: which order it is about, when it was written and sent, and its own numbers."""

    product_order: ProductOrderRef
    request_date: DateTime | None = None
    request_posted_date: DateTime | None = None
    external_identifier: list[ExternalIdentifier] | None = None


class _Kept(Extensible):
    """What the server says of any task."""

    id: str | None = None
    href: str | None = None
    state: OrderTaskStateType | None = None
    state_change_date: DateTime | None = None
    state_change_reason: list[Reason] | None = None
    state_change_history: list[OrderStateChange] | None = None


class RespondProviderChangeCreate(_Asked):
    """The losing provider's answer to a provider change: whether it lets the line go, and if not, why."""

    approval: bool
    response_reason: list[Reason] | None = None


class RespondProviderChange(RespondProviderChangeCreate, _Kept):
    """The answer as it is shown."""


class RescheduleProductOrderCreate(_Asked):
    """The wish for another date. The interface's own page of this task is not public; it follows the pattern of the others."""

    requested_completion_date: DateTime
    reschedule_reason: list[Reason] | None = None


class RescheduleProductOrder(RescheduleProductOrderCreate, _Kept):
    """The wish as it is shown."""
