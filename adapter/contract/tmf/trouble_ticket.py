"""TroubleTicket (TMF621 v4): something does not work, and somebody sees to it."""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.attachment import AttachmentRefOrValue
from adapter.contract.tmf.model import DateTime, Extensible
from adapter.contract.tmf.note import Note
from adapter.contract.tmf.reference import ChannelRef, RelatedEntity, RelatedParty


class TroubleTicketStatusType(StrEnum):
    """Where a ticket is."""

    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"
    PENDING = "pending"
    HELD = "held"
    IN_PROGRESS = "inProgress"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    RESOLVED = "resolved"


class StatusChange(Extensible):
    """One entry of a ticket's history, which the server keeps."""

    change_date: DateTime | None = None
    change_reason: str | None = None
    status: str | None = None


class TroubleTicketRelationship(Extensible):
    """Another ticket, and how this one stands to it."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    relationship_type: str | None = None


class _Changeable(Extensible):
    """The members of a ticket that a patch may hold by the definition."""

    name: str | None = None
    external_id: str | None = None
    priority: str | None = None
    requested_resolution_date: DateTime | None = None
    expected_resolution_date: DateTime | None = None
    resolution_date: DateTime | None = None
    status: TroubleTicketStatusType | None = None
    status_change_reason: str | None = None
    attachment: list[AttachmentRefOrValue] | None = None
    channel: ChannelRef | None = None
    note: list[Note] | None = None
    related_entity: list[RelatedEntity] | None = None
    related_party: list[RelatedParty] | None = None
    trouble_ticket_relationship: list[TroubleTicketRelationship] | None = None


class TroubleTicketUpdate(_Changeable):
    """What a merge patch of a ticket may hold; null removes a member."""

    description: str | None = None
    severity: str | None = None
    ticket_type: str | None = None


class _Kept(_Changeable):
    """The members that the server keeps. The definition lets a client send them with a new ticket, too."""

    creation_date: DateTime | None = None
    last_update: DateTime | None = None
    status_change_date: DateTime | None = None
    status_change: list[StatusChange] | None = None


class TroubleTicketCreate(_Kept):
    """A ticket as a client opens it."""

    description: str
    severity: str
    ticket_type: str


class TroubleTicket(_Kept):
    """A ticket as it is shown."""

    id: str | None = None
    href: str | None = None
    description: str | None = None
    severity: str | None = None
    ticket_type: str | None = None
