"""References to things that other Open APIs keep."""

from __future__ import annotations

from pydantic import Field

from adapter.contract.tmf.model import Extensible, Ref, Referring


class AgreementRef(Ref):
    """An agreement, e.g. a contract approved by both sides."""


class AgreementItemRef(Ref):
    """One item of an agreement."""

    agreement_item_id: str | None = None


class AppointmentRef(Referring):
    """An appointment, e.g. the visit of a technician."""

    id: str
    href: str | None = None
    description: str | None = None


class BillingAccountRef(Ref):
    """The account that is charged."""


class CalendarEventRef(Ref):
    """An entry of a calendar."""


class ChannelRef(Ref):
    """The channel that something came in by."""


class OrganizationRef(Ref):
    """An organization."""


class PaymentRef(Ref):
    """A payment made for the order or the item."""


class ProductOfferingRef(Ref):
    """What is on offer and was chosen."""


class ProductOfferingPriceRef(Ref):
    """The price of an offering."""


class ProductOfferingQualificationRef(Ref):
    """An earlier check that the offering can be had at the place."""


class ProductOfferingQualificationItemRef(Ref):
    """One item of such a check."""

    product_offering_qualification_id: str
    product_offering_qualification_href: str | None = None
    product_offering_qualification_name: str | None = None


class ProductOrderRef(Ref):
    """A product order."""


class QuoteRef(Ref):
    """A quote the order follows from."""


class QuoteItemRef(Ref):
    """One item of a quote."""

    quote_id: str
    quote_href: str | None = None
    quote_name: str | None = None


class RelatedChannel(Ref):
    """The sales channel, and what it does here."""

    role: str | None = None


class RelatedEntity(Ref):
    """Anything that belongs to this, and how; its kind has to be said."""

    referred_type: str = Field(alias="@referredType")
    role: str


class RelatedParty(Ref):
    """A party or a role of one, e.g. the customer. Its kind has to be said."""

    referred_type: str = Field(alias="@referredType")
    role: str | None = None


class ResourceRef(Ref):
    """A resource that realises a product."""

    value: str | None = None


class ServiceRef(Ref):
    """A service that realises a product."""


class TargetProductSchema(Extensible):
    """The class of a product and where its schema lies. Both have to be said; the location needs not be a URI."""

    schema_location: str = Field(alias="@schemaLocation")
    type: str = Field(alias="@type")


class ProductSpecificationRef(Ref):
    """The specification of a product."""

    version: str | None = None
    target_product_schema: TargetProductSchema | None = None
