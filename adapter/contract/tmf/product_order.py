"""ProductOrder (TMF622 v4): what a client may send, what it gets back, what it may change."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from adapter.contract.tmf import note
from adapter.contract.tmf.model import DateTime, Extensible
from adapter.contract.tmf.order_item import ProductOrderItem
from adapter.contract.tmf.price import OrderPrice
from adapter.contract.tmf.reference import (
    AgreementRef,
    BillingAccountRef,
    PaymentRef,
    ProductOfferingQualificationRef,
    QuoteRef,
    RelatedChannel,
    RelatedParty,
)


class ProductOrderStateType(StrEnum):
    """Where an order is."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    PARTIAL = "partial"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"


class Note(note.Note):
    """A remark. Front-ends also carry named values in it, the name in ``@type``."""

    text: str


class _Ordered(Extensible):
    """The members a client may set, in every form of the order. Priority is text, "0" (highest) to "4"."""

    external_id: str | None = None
    category: str | None = None
    description: str | None = None
    priority: str | None = None
    requested_start_date: DateTime | None = None
    requested_completion_date: DateTime | None = None
    cancellation_date: DateTime | None = None
    cancellation_reason: str | None = None
    notification_contact: str | None = None
    billing_account: BillingAccountRef | None = None
    related_party: list[RelatedParty] | None = None
    channel: list[RelatedChannel] | None = None
    note: list[Note] | None = None
    agreement: list[AgreementRef] | None = None
    order_total_price: list[OrderPrice] | None = None
    payment: list[PaymentRef] | None = None
    product_offering_qualification: list[ProductOfferingQualificationRef] | None = None
    quote: list[QuoteRef] | None = None


class ProductOrderCreate(_Ordered):
    """An order as a client places it."""

    product_order_item: list[ProductOrderItem] = Field(min_length=1)


class ProductOrder(_Ordered):
    """An order as it is shown. Only its items are sure to be there by the definition."""

    id: str | None = None
    href: str | None = None
    state: ProductOrderStateType | None = None
    order_date: DateTime | None = None
    expected_completion_date: DateTime | None = None
    completion_date: DateTime | None = None
    product_order_item: list[ProductOrderItem] = Field(min_length=1)


class ProductOrderUpdate(_Ordered):
    """What a merge patch of an order may hold; null removes a member.

    The v4 definition demands the items in every patch, which v5 took back; here they may be left out.
    """

    state: ProductOrderStateType | None = None
    expected_completion_date: DateTime | None = None
    completion_date: DateTime | None = None
    product_order_item: list[ProductOrderItem] | None = Field(None, min_length=1)
