"""The canonical model: TM Forum Open API resources, version 4.

``resource("ProductOrder")`` gives the contracts of one; a new resource is its models in a module of this package and a line
in ``_RESOURCES``. ``extend`` adds a market's members.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

from pydantic import BaseModel

from adapter.contract.tmf.appointment import (
    Appointment,
    AppointmentCreate,
    AppointmentUpdate,
    SearchTimeSlot,
    SearchTimeSlotCreate,
    SearchTimeSlotUpdate,
)
from adapter.contract.tmf.cancel_product_order import CancelProductOrder, CancelProductOrderCreate
from adapter.contract.tmf.error import Error
from adapter.contract.tmf.extension import Extension, extend, extend_all, load_extension, read_extension
from adapter.contract.tmf.geographic_address import (
    GeographicAddress,
    GeographicAddressValidation,
    GeographicAddressValidationCreate,
    GeographicAddressValidationUpdate,
    GeographicSubAddress,
)
from adapter.contract.tmf.hub import EventSubscription, EventSubscriptionInput
from adapter.contract.tmf.individual import Individual, IndividualCreate, IndividualUpdate
from adapter.contract.tmf.order_task import (
    RescheduleProductOrder,
    RescheduleProductOrderCreate,
    RespondProviderChange,
    RespondProviderChangeCreate,
)
from adapter.contract.tmf.organization import Organization, OrganizationCreate, OrganizationUpdate
from adapter.contract.tmf.product_order import ProductOrder, ProductOrderCreate, ProductOrderUpdate
from adapter.contract.tmf.resource import Contract, Resource, from_models
from adapter.contract.tmf.schema import model_schema
from adapter.contract.tmf.service_test import ServiceTest, ServiceTestCreate, ServiceTestUpdate
from adapter.contract.tmf.service_test_specification import (
    ServiceTestSpecification,
    ServiceTestSpecificationCreate,
    ServiceTestSpecificationUpdate,
)
from adapter.contract.tmf.states import with_states
from adapter.contract.tmf.trouble_ticket import TroubleTicket, TroubleTicketCreate, TroubleTicketUpdate
from adapter.errors import ConfigError

__all__ = [
    "CancelProductOrder",
    "Contract",
    "Error",
    "EventSubscription",
    "EventSubscriptionInput",
    "Extension",
    "ProductOrder",
    "Resource",
    "extend",
    "extend_all",
    "load_extension",
    "model_schema",
    "read_extension",
    "resource",
    "resource_names",
    "with_states",
]

# create, full, update (None: the standard has no PATCH). What can only be read has no form of its own to be created in.
_RESOURCES: dict[str, tuple[type[BaseModel], type[BaseModel], type[BaseModel] | None]] = {
    "ProductOrder": (ProductOrderCreate, ProductOrder, ProductOrderUpdate),
    "CancelProductOrder": (CancelProductOrderCreate, CancelProductOrder, None),
    "RespondProviderChange": (RespondProviderChangeCreate, RespondProviderChange, None),
    "RescheduleProductOrder": (RescheduleProductOrderCreate, RescheduleProductOrder, None),
    "TroubleTicket": (TroubleTicketCreate, TroubleTicket, TroubleTicketUpdate),
    "Individual": (IndividualCreate, Individual, IndividualUpdate),
    "Organization": (OrganizationCreate, Organization, OrganizationUpdate),
    "Appointment": (AppointmentCreate, Appointment, AppointmentUpdate),
    "SearchTimeSlot": (SearchTimeSlotCreate, SearchTimeSlot, SearchTimeSlotUpdate),
    "ServiceTest": (ServiceTestCreate, ServiceTest, ServiceTestUpdate),
    "ServiceTestSpecification": (ServiceTestSpecificationCreate, ServiceTestSpecification, ServiceTestSpecificationUpdate),
    "GeographicAddress": (GeographicAddress, GeographicAddress, None),
    "GeographicSubAddress": (GeographicSubAddress, GeographicSubAddress, None),
    "GeographicAddressValidation": (
        GeographicAddressValidationCreate,
        GeographicAddressValidation,
        GeographicAddressValidationUpdate,
    ),
}


def resource_names() -> tuple[str, ...]:
    """The resources there are, as their types are called."""
    return tuple(_RESOURCES)


@cache
def resource(name: str) -> Resource:
    """The contracts of a resource, by its type (``ProductOrder``) or its path (``productOrder``). Raises ConfigError."""
    models = _RESOURCES.get(name[:1].upper() + name[1:])
    if models is None:
        close = get_close_matches(name, [spelling for known in _RESOURCES for spelling in (known, known[0].lower() + known[1:])], 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ConfigError(f"there is no resource '{name}'{hint} (known: {', '.join(_RESOURCES)})")
    return from_models(*models)
