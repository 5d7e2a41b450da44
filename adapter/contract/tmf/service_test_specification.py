"""ServiceTestSpecification (TMF653 v4.2): a kind of test, for which services, and what it measures."""

from __future__ import annotations

from pydantic import Field

from adapter.contract.tmf.attachment import AttachmentRefOrValue
from adapter.contract.tmf.measure import CharacteristicSpecification, TestMeasureDefinition
from adapter.contract.tmf.model import DateTime, Extensible, Model, Ref, Referring
from adapter.contract.tmf.price import TimePeriod
from adapter.contract.tmf.reference import RelatedParty


class AssociationSpecificationRef(Ref):
    """The description of a kind of association."""


class ConstraintRef(Ref):
    """A rule that holds for things of this kind."""

    version: str | None = None


class ServiceSpecificationRef(Ref):
    """The specification of a service."""

    version: str | None = None


class TargetEntitySchema(Model):
    """The class of what is specified and where its schema lies. Both have to be said; the location needs not be a URI."""

    schema_location: str = Field(alias="@schemaLocation")
    type: str = Field(alias="@type")


class ServiceTestSpecRelationship(Referring):
    """Another kind of test, and how this one stands to it, e.g. takes its place."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    relationship_type: str
    role: str | None = None
    valid_for: TimePeriod | None = None


class EntitySpecificationRelationship(Referring):
    """Another specification of any kind, and how this one stands to it."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    relationship_type: str
    role: str | None = None
    association_spec: AssociationSpecificationRef | None = None
    valid_for: TimePeriod | None = None


class _Described(Model):
    """The members that a client may set by the definition, but for those that a new specification needs."""

    description: str | None = None
    version: str | None = None
    is_bundle: bool | None = None
    last_update: DateTime | None = None
    lifecycle_status: str | None = None
    attachment: list[AttachmentRefOrValue] | None = None
    constraint: list[ConstraintRef] | None = None
    entity_spec_relationship: list[EntitySpecificationRelationship] | None = None
    related_party: list[RelatedParty] | None = None
    service_test_spec_relationship: list[ServiceTestSpecRelationship] | None = None
    spec_characteristic: list[CharacteristicSpecification] | None = None
    target_entity_schema: TargetEntitySchema | None = None
    test_measure_definition: list[TestMeasureDefinition] | None = None


class ServiceTestSpecificationUpdate(_Described):
    """What a merge patch of a specification may hold; null removes a member."""

    name: str | None = None
    related_service_specification: list[ServiceSpecificationRef] | None = None


class ServiceTestSpecificationCreate(_Described, Extensible):
    """A specification as a client records it."""

    name: str
    related_service_specification: list[ServiceSpecificationRef] = Field(min_length=1)
    valid_for: TimePeriod | None = None


class ServiceTestSpecification(ServiceTestSpecificationUpdate, Extensible):
    """A specification as it is shown."""

    id: str | None = None
    href: str | None = None
    valid_for: TimePeriod | None = None
