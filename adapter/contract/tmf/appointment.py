"""Appointment and SearchTimeSlot (TMF646 v4): a time is looked for, then agreed."""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.attachment import AttachmentRefOrValue
from adapter.contract.tmf.contact import ContactMedium
from adapter.contract.tmf.model import DateTime, Extensible
from adapter.contract.tmf.note import Note
from adapter.contract.tmf.price import TimePeriod
from adapter.contract.tmf.product import RelatedPlaceRefOrValue
from adapter.contract.tmf.reference import CalendarEventRef, RelatedEntity, RelatedParty


class AppointmentStateType(StrEnum):
    """Where an appointment is."""

    INITIALIZED = "initialized"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    FAILED = "failed"


class SearchTimeSlotStateType(StrEnum):
    """Where a search is. ``done`` says that it ended, not that a time was found."""

    IN_PROGRESS = "inProgress"
    REJECTED = "rejected"
    DONE = "done"
    TERMINATED_WITH_ERROR = "terminatedWithError"


class TimeSlot(Extensible):
    """A time that is free, or is wished for; one that was found is booked by its id."""

    id: str | None = None
    href: str | None = None
    related_party: RelatedParty | None = None
    valid_for: TimePeriod


class _Agreed(Extensible):
    """The members of an appointment that a client may set, but for its time."""

    category: str | None = None
    description: str | None = None
    external_id: str | None = None
    attachment: list[AttachmentRefOrValue] | None = None
    calendar_event: CalendarEventRef | None = None
    contact_medium: list[ContactMedium] | None = None
    note: list[Note] | None = None
    related_entity: list[RelatedEntity] | None = None
    related_party: list[RelatedParty] | None = None
    related_place: RelatedPlaceRefOrValue | None = None


class AppointmentCreate(_Agreed):
    """An appointment as a client asks for it."""

    valid_for: TimePeriod


class AppointmentUpdate(_Agreed):
    """What a merge patch of an appointment may hold; null removes a member.

    The v4 definition demands the time in every patch, an oversight; here it may be left out.
    """

    last_update: DateTime | None = None
    status: AppointmentStateType | None = None
    valid_for: TimePeriod | None = None


class Appointment(AppointmentCreate):
    """An appointment as it is shown."""

    id: str | None = None
    href: str | None = None
    creation_date: DateTime | None = None
    last_update: DateTime | None = None
    status: AppointmentStateType | None = None


class SearchTimeSlotCreate(Extensible):
    """What is looked for: near which times, where, for whom. Nothing of it has to be said; there is one party, not a list."""

    related_entity: list[RelatedEntity] | None = None
    related_party: RelatedParty | None = None
    related_place: RelatedPlaceRefOrValue | None = None
    requested_time_slot: list[TimeSlot] | None = None


class SearchTimeSlotUpdate(SearchTimeSlotCreate):
    """What a merge patch of a search may hold; null removes a member."""

    available_time_slot: list[TimeSlot] | None = None
    status: SearchTimeSlotStateType | None = None


class SearchTimeSlot(SearchTimeSlotUpdate):
    """A search as it is shown, with what was found."""

    id: str | None = None
    href: str | None = None
    search_date: DateTime | None = None
    search_result: str | None = None
