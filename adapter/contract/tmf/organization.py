"""Organization (TMF632 v4): a company, a department, any group of people that is one party."""

from __future__ import annotations

from enum import StrEnum

from adapter.contract.tmf.model import Extensible
from adapter.contract.tmf.party import Identification, Party
from adapter.contract.tmf.price import TimePeriod
from adapter.contract.tmf.reference import OrganizationRef


class OrganizationStateType(StrEnum):
    """What is known of an organization."""

    INITIALIZED = "initialized"
    VALIDATED = "validated"
    CLOSED = "closed"


class OrganizationIdentification(Identification):
    """A number in a public register."""


class _OrganizationRelationship(Extensible):
    """Another organization, and how this one stands to it."""

    relationship_type: str | None = None
    organization: OrganizationRef | None = None


class OrganizationChildRelationship(_OrganizationRelationship):
    """An organization that is part of this one."""


class OrganizationParentRelationship(_OrganizationRelationship):
    """The organization that this one is part of."""


class OtherNameOrganization(Extensible):
    """A further name, e.g. an old one."""

    name: str | None = None
    name_type: str | None = None
    trading_name: str | None = None
    valid_for: TimePeriod | None = None


class _Organized(Party):
    """The members a client may set, but for the name that a new organization needs."""

    name: str | None = None
    name_type: str | None = None
    is_head_office: bool | None = None
    is_legal_entity: bool | None = None
    organization_type: str | None = None
    exists_during: TimePeriod | None = None
    organization_child_relationship: list[OrganizationChildRelationship] | None = None
    organization_identification: list[OrganizationIdentification] | None = None
    organization_parent_relationship: OrganizationParentRelationship | None = None
    other_name: list[OtherNameOrganization] | None = None
    status: OrganizationStateType | None = None


class OrganizationCreate(_Organized):
    """An organization as a client records it."""

    trading_name: str


class OrganizationUpdate(_Organized):
    """What a merge patch of an organization may hold; null removes a member."""

    trading_name: str | None = None


class Organization(OrganizationUpdate):
    """An organization as it is shown."""

    id: str
    href: str | None = None
