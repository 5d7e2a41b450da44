"""One line of a product order."""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.model import Extensible
from adapter.contract.tmf.price import OrderPrice, OrderTerm
from adapter.contract.tmf.product import ProductRefOrValue
from adapter.contract.tmf.reference import (
    AppointmentRef,
    BillingAccountRef,
    PaymentRef,
    ProductOfferingQualificationItemRef,
    ProductOfferingQualificationRef,
    ProductOfferingRef,
    QuoteItemRef,
)


class OrderItemActionType(StrEnum):
    """What is to be done with the product."""

    ADD = "add"
    MODIFY = "modify"
    DELETE = "delete"
    NO_CHANGE = "noChange"


class ProductOrderItemStateType(StrEnum):
    """Where an item is. Unlike an order it is never ``partial``."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"
    ASSESSING_CANCELLATION = "assessingCancellation"
    PENDING_CANCELLATION = "pendingCancellation"


class OrderItemRelationship(Extensible):
    """How one item of an order stands to another, e.g. relies on it."""

    id: str | None = None
    relationship_type: str | None = None


class ProductOrderItem(Extensible):
    """One thing to do with one product. ``id`` is chosen by the client; items nest."""

    id: str
    quantity: int | None = None
    action: OrderItemActionType
    state: ProductOrderItemStateType | None = None
    product: ProductRefOrValue | None = None
    product_offering: ProductOfferingRef | None = None
    product_order_item: list[ProductOrderItem] | None = None
    product_order_item_relationship: list[OrderItemRelationship] | None = None
    appointment: AppointmentRef | None = None
    billing_account: BillingAccountRef | None = None
    item_price: list[OrderPrice] | None = None
    item_term: list[OrderTerm] | None = None
    item_total_price: list[OrderPrice] | None = None
    payment: list[PaymentRef] | None = None
    product_offering_qualification_item: ProductOfferingQualificationItemRef | None = None
    qualification: list[ProductOfferingQualificationRef] | None = None
    quote_item: QuoteItemRef | None = None
