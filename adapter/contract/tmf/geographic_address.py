"""GeographicAddress, GeographicSubAddress and GeographicAddressValidation (TMF673 v4.0.1)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from adapter.contract.tmf.model import DateTime, Extensible, Model, Uri


class TaskStateType(StrEnum):
    """Where a validation is. It begins with ``accepted``, where a task of product ordering begins with ``acknowledged``."""

    ACCEPTED = "accepted"
    TERMINATED_WITH_ERROR = "terminatedWithError"
    IN_PROGRESS = "inProgress"
    DONE = "done"


class _GeoJson(StrEnum):
    POINT = "GeoJsonPoint"
    MULTI_POINT = "GeoJsonMultiPoint"
    LINE_STRING = "GeoJsonLineString"
    MULTI_LINE_STRING = "GeoJsonMultiLineString"
    POLYGON = "GeoJsonPolygon"


class GeographicLocationRefOrValue(Model):
    """Where something is on the earth: by reference, or by its shape, whose kind ``@type`` says. ``bbox`` are west, south, east, north."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    bbox: list[float] | None = None
    base_type: str | None = Field(None, alias="@baseType")
    schema_location: Uri | None = Field(None, alias="@schemaLocation")
    type: str = Field(alias="@type", json_schema_extra={"enum": [kind.value for kind in _GeoJson]})
    referred_type: str | None = Field(None, alias="@referredType")


class GeographicSubAddress(Extensible):
    """A part of an address: a floor, a flat, a private street."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    sub_address_type: str | None = None
    building_name: str | None = None
    level_number: str | None = None
    level_type: str | None = None
    private_street_name: str | None = None
    private_street_number: str | None = None
    sub_unit_number: str | None = None
    sub_unit_type: str | None = None


class GeographicAddress(Extensible):
    """An address. Numbers are text."""

    id: str | None = None
    href: str | None = None
    name: str | None = None
    street_name: str | None = None
    street_type: str | None = None
    street_suffix: str | None = None
    street_nr: str | None = None
    street_nr_suffix: str | None = None
    street_nr_last: str | None = None
    street_nr_last_suffix: str | None = None
    postcode: str | None = None
    city: str | None = None
    locality: str | None = None
    state_or_province: str | None = None
    country: str | None = None
    geographic_location: GeographicLocationRefOrValue | None = None
    geographic_sub_address: list[GeographicSubAddress] | None = None


class GeographicAddressValidationCreate(Extensible):
    """The question whether there is such an address, and whether like ones are wanted."""

    provide_alternative: bool
    submitted_geographic_address: GeographicAddress


class GeographicAddressValidationUpdate(Extensible):
    """What a merge patch of a validation may hold; null removes a member."""

    provide_alternative: bool | None = None
    submitted_geographic_address: GeographicAddress | None = None
    state: TaskStateType | None = None
    validation_date: DateTime | None = None
    validation_result: str | None = None
    valid_geographic_address: GeographicAddress | None = None
    alternate_geographic_address: list[GeographicAddress] | None = None


class GeographicAddressValidation(GeographicAddressValidationUpdate):
    """A validation as it is shown. The result is a free text; ``success`` and ``fails`` are those that the standard's own papers use."""

    id: str | None = None
    href: str | None = None
