"""ServiceTest (TMF653 v4.2): a service is tested, and what was measured."""

from __future__ import annotations

from adapter.contract.tmf.measure import Characteristic, TestMeasure
from adapter.contract.tmf.model import DateTime, Extensible, Model, Referring
from adapter.contract.tmf.price import TimePeriod
from adapter.contract.tmf.reference import RelatedParty, ServiceRef


class ServiceTestSpecificationRef(Referring):
    """The kind of test."""

    id: str
    href: str | None = None
    version: str | None = None


class _Run(Model):
    """The members of a test that a client may set by the definition, but for those that a new one needs. State and mode are free text:
    the definition recommends PROACTIVE and ONDEMAND for the mode."""

    description: str | None = None
    mode: str | None = None
    state: str | None = None
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    characteristic: list[Characteristic] | None = None
    related_party: list[RelatedParty] | None = None
    test_measure: list[TestMeasure] | None = None
    valid_for: TimePeriod | None = None


class ServiceTestUpdate(_Run):
    """What a merge patch of a test may hold; null removes a member."""

    name: str | None = None
    related_service: ServiceRef | None = None
    test_specification: ServiceTestSpecificationRef | None = None


class ServiceTestCreate(_Run, Extensible):
    """A test as a client asks for it."""

    name: str
    related_service: ServiceRef
    test_specification: ServiceTestSpecificationRef


class ServiceTest(ServiceTestUpdate, Extensible):
    """A test as it is shown."""

    id: str | None = None
    href: str | None = None
