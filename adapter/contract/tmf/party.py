"""What persons and organizations on record have in common (TMF632 v4)."""

from __future__ import annotations

from adapter.contract.tmf.attachment import AttachmentRefOrValue
from adapter.contract.tmf.contact import ContactMedium
from adapter.contract.tmf.model import DateTime, Extensible, Referring
from adapter.contract.tmf.price import TimePeriod
from adapter.contract.tmf.product import Characteristic
from adapter.contract.tmf.reference import RelatedParty


class ExternalReference(Extensible):
    """The party's name in another system; the type says in which."""

    external_reference_type: str | None = None
    name: str | None = None


class PartyCreditProfile(Extensible):
    """How an agency rates the party."""

    credit_agency_name: str | None = None
    credit_agency_type: str | None = None
    rating_reference: str | None = None
    rating_score: int | None = None
    valid_for: TimePeriod | None = None


class TaxDefinition(Referring):
    """A tax."""

    id: str | None = None
    name: str | None = None
    tax_type: str | None = None


class TaxExemptionCertificate(Extensible):
    """The proof that the party is exempt from some taxes."""

    id: str | None = None
    attachment: AttachmentRefOrValue | None = None
    tax_definition: list[TaxDefinition] | None = None
    valid_for: TimePeriod | None = None


class Identification(Extensible):
    """A document that proves who the party is. The definitions have a type of these members for each kind of party."""

    identification_id: str | None = None
    identification_type: str | None = None
    issuing_authority: str | None = None
    issuing_date: DateTime | None = None
    attachment: AttachmentRefOrValue | None = None
    valid_for: TimePeriod | None = None


class Party(Extensible):
    """The members of both kinds of party that a client may set."""

    contact_medium: list[ContactMedium] | None = None
    credit_rating: list[PartyCreditProfile] | None = None
    external_reference: list[ExternalReference] | None = None
    party_characteristic: list[Characteristic] | None = None
    related_party: list[RelatedParty] | None = None
    tax_exemption_certificate: list[TaxExemptionCertificate] | None = None
