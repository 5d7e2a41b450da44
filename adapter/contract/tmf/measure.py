"""What a service test measures, and the limits that are watched (TMF653 v4.2)."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from adapter.contract.tmf.model import DateTime, Extensible, Model
from adapter.contract.tmf.price import TimePeriod


class Duration(Model):
    """So many of a unit of time."""

    amount: int | None = None
    units: str | None = None


class CharacteristicRelationship(Extensible):
    """Another property, and how this one stands to it."""

    id: str | None = None
    href: str | None = None
    relationship_type: str | None = None


class Characteristic(Extensible):
    """A named property. Unlike in a product it has an id, and may stand to others."""

    id: str | None = None
    name: str
    value_type: str | None = None
    characteristic_relationship: list[CharacteristicRelationship] | None = None
    value: Any


class AppliedConsequence(Extensible):
    """What was done because a limit was passed."""

    name: str | None = None
    description: str | None = None
    applied_action: str | None = None
    repeat_action: bool | None = None


class MetricDefMeasureConsequence(Extensible):
    """What is to be done when a limit is passed."""

    name: str | None = None
    description: str | None = None
    prescribe_action: str | None = None
    repeat_action: bool | None = None
    valid_for: TimePeriod | None = None


class _Limits(Extensible):
    """The bounds of a measured value, and how often it may pass them within the period of tolerance."""

    name: str | None = None
    description: str | None = None
    conformance_comparator_exact: bool | None = None
    conformance_comparator_lower: str | None = None
    conformance_comparator_upper: str | None = None
    conformance_target_exact: str | None = None
    conformance_target_lower: str | None = None
    conformance_target_upper: str | None = None
    number_of_allowed_crossing: int | None = None
    threshold_rule_severity: str | None = None
    tolerance_period: Duration | None = None


class MeasureThresholdRuleViolation(_Limits):
    """Limits that a measured value has passed."""

    applied_consequence: list[AppliedConsequence] | None = None


class MetricDefMeasureThresholdRule(_Limits):
    """Limits that a value is watched for."""

    consequence: list[MetricDefMeasureConsequence] | None = None


class _Metric(Extensible):
    """A metric, and how it is captured."""

    capture_method: str | None = None
    metric_description: str | None = None
    metric_href: str | None = None
    metric_name: str | None = None
    unit_of_measure: str | None = None


class TestMeasure(_Metric):
    """A measured value."""

    accuracy: float | None = None
    capture_date_time: DateTime | None = None
    rule_violation: list[MeasureThresholdRuleViolation] | None = None
    value: Characteristic | None = None


class TestMeasureDefinition(_Metric):
    """A value that a kind of test measures."""

    name: str | None = None
    capture_frequency: str | None = None
    capture_period: Duration | None = None
    value_type: str | None = None
    threshold_rule: list[MetricDefMeasureThresholdRule] | None = None
    valid_for: TimePeriod | None = None


class CharacteristicSpecificationRelationship(Extensible):
    """A property of another specification, and how this one stands to it."""

    name: str | None = None
    characteristic_specification_id: str | None = None
    parent_specification_href: str | None = None
    parent_specification_id: str | None = None
    relationship_type: str | None = None
    valid_for: TimePeriod | None = None


class CharacteristicValueSpecification(Extensible):
    """A value, or a range of values, that a property may have."""

    is_default: bool | None = None
    range_interval: str | None = None
    regex: str | None = None
    unit_of_measure: str | None = None
    value_from: int | None = None
    value_to: int | None = None
    value_type: str | None = None
    valid_for: TimePeriod | None = None
    value: Any | None = None


class CharacteristicSpecification(Extensible):
    """A property that things of a kind have, and what values it may have."""

    id: str | None = None
    name: str | None = None
    description: str | None = None
    configurable: bool | None = None
    extensible: bool | None = None
    is_unique: bool | None = None
    max_cardinality: int | None = None
    min_cardinality: int | None = None
    regex: str | None = None
    value_type: str | None = None
    char_spec_relationship: list[CharacteristicSpecificationRelationship] | None = None
    characteristic_value_specification: list[CharacteristicValueSpecification] | None = None
    valid_for: TimePeriod | None = None
    value_schema_location: str | None = Field(None, alias="@valueSchemaLocation")
