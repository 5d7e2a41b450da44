"""Money, prices, quantities and periods."""

from __future__ import annotations

from adapter.contract.tmf.model import DateTime, Extensible, Model
from adapter.contract.tmf.reference import BillingAccountRef, ProductOfferingPriceRef


class Money(Model):
    """An amount of a currency (``unit``, ISO 4217)."""

    unit: str | None = None
    value: float | None = None


class Quantity(Model):
    """An amount of a unit; 1 where no amount is given."""

    amount: float | None = None
    units: str | None = None


class TimePeriod(Model):
    """From one moment to another; open where an end is missing."""

    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None


class Price(Extensible):
    """An amount with and without tax, or a percentage. Rates are in percent."""

    percentage: float | None = None
    tax_rate: float | None = None
    duty_free_amount: Money | None = None
    tax_included_amount: Money | None = None


class PriceAlteration(Extensible):
    """A discount or surcharge. ``applicationDuration`` counts charge periods, ``priority`` orders several of them."""

    name: str | None = None
    description: str | None = None
    price_type: str
    price: Price
    priority: int | None = None
    application_duration: int | None = None
    recurring_charge_period: str | None = None
    unit_of_measure: str | None = None
    product_offering_price: ProductOfferingPriceRef | None = None


class OrderPrice(Extensible):
    """What the order or an item costs, once, per period or per use."""

    name: str | None = None
    description: str | None = None
    price_type: str | None = None
    price: Price | None = None
    price_alteration: list[PriceAlteration] | None = None
    recurring_charge_period: str | None = None
    unit_of_measure: str | None = None
    billing_account: BillingAccountRef | None = None
    product_offering_price: ProductOfferingPriceRef | None = None


class OrderTerm(Extensible):
    """A commitment that comes with an item."""

    name: str | None = None
    description: str | None = None
    duration: Quantity | None = None


class ProductPrice(Extensible):
    """What a product costs."""

    name: str | None = None
    description: str | None = None
    price_type: str
    price: Price
    product_price_alteration: list[PriceAlteration] | None = None
    recurring_charge_period: str | None = None
    unit_of_measure: str | None = None
    billing_account: BillingAccountRef | None = None
    product_offering_price: ProductOfferingPriceRef | None = None


class ProductTerm(OrderTerm):
    """A commitment that comes with a product."""

    valid_for: TimePeriod | None = None
