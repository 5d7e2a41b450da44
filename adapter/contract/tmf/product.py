"""The product of an order item: a reference to one that exists, or the description of one to be made."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from adapter.contract.tmf.model import DateTime, Extensible, Referring
from adapter.contract.tmf.price import ProductPrice, ProductTerm
from adapter.contract.tmf.reference import (
    AgreementItemRef,
    BillingAccountRef,
    ProductOfferingRef,
    ProductSpecificationRef,
    RelatedParty,
    ResourceRef,
    ServiceRef,
)


class ProductStatusType(StrEnum):
    """Where a product is in its life."""

    CREATED = "created"
    PENDING_ACTIVE = "pendingActive"
    CANCELLED = "cancelled"
    ACTIVE = "active"
    PENDING_TERMINATE = "pendingTerminate"
    TERMINATED = "terminated"
    SUSPENDED = "suspended"
    ABORTED = "aborted"
    ABORTED_AS_PRINTED = "aborted "  # the definition prints it with a blank at its end; both spellings are read


class Characteristic(Extensible):
    """A named property. Its value may be of any kind; ``valueType`` names the kind."""

    name: str
    value_type: str | None = None
    value: Any


class RelatedPlaceRefOrValue(Referring):
    """A place, and what it is to the product, e.g. where it is installed."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    role: str


class RelatedProductOrderItem(Referring):
    """The order item that made or changed a product."""

    product_order_id: str
    order_item_id: str
    product_order_href: str | None = None
    order_item_action: str | None = None
    role: str | None = None


class ProductRelationship(Extensible):
    """How one product stands to another."""

    relationship_type: str
    product: ProductRefOrValue


class ProductRefOrValue(Referring):
    """A product: by id where it exists, by its characteristics where it is to be made."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    description: str | None = None
    is_bundle: bool | None = None
    is_customer_visible: bool | None = None
    order_date: DateTime | None = None
    product_serial_number: str | None = None
    start_date: DateTime | None = None
    termination_date: DateTime | None = None
    status: ProductStatusType | None = None
    product_characteristic: list[Characteristic] | None = None
    product_offering: ProductOfferingRef | None = None
    product_specification: ProductSpecificationRef | None = None
    product: list[ProductRefOrValue] | None = None
    product_relationship: list[ProductRelationship] | None = None
    product_order_item: list[RelatedProductOrderItem] | None = None
    product_price: list[ProductPrice] | None = None
    product_term: list[ProductTerm] | None = None
    agreement: list[AgreementItemRef] | None = None
    billing_account: BillingAccountRef | None = None
    place: list[RelatedPlaceRefOrValue] | None = None
    realizing_resource: list[ResourceRef] | None = None
    realizing_service: list[ServiceRef] | None = None
    related_party: list[RelatedParty] | None = None
