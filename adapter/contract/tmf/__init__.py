"""The canonical model: TM Forum Open API resources, version 4.

``resource("ProductOrder")`` gives the contracts of one. A new resource of the standard is its models in a module of this package and a line
in ``_MODULES``; one that the standard does not have is a file (``described``). ``extend`` adds a market's members.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module

from adapter.contract.tmf.described import described, described_names
from adapter.contract.tmf.error import Error
from adapter.contract.tmf.extension import Extension, extend, extend_all, load_extension, read_extension
from adapter.contract.tmf.hub import EventSubscription, EventSubscriptionInput
from adapter.contract.tmf.resource import Contract, Resource, from_models
from adapter.contract.tmf.schema import model_schema
from adapter.contract.tmf.states import with_states
from adapter.errors import ConfigError

__all__ = [
    "Contract",
    "Error",
    "EventSubscription",
    "EventSubscriptionInput",
    "Extension",
    "Resource",
    "extend",
    "extend_all",
    "load_extension",
    "model_schema",
    "read_extension",
    "resource",
    "resource_names",
    "type_name_of",
    "with_states",
]

# Where the models of a resource are. A module is imported when its resource is first asked for: most starts need none of them.
_MODULES = {
    "ProductOrder": "product_order",
    "CancelProductOrder": "cancel_product_order",
    "TroubleTicket": "trouble_ticket",
    "Individual": "individual",
    "Organization": "organization",
    "Appointment": "appointment",
    "SearchTimeSlot": "appointment",
    "ServiceTest": "service_test",
    "ServiceTestSpecification": "service_test_specification",
    "GeographicAddress": "geographic_address",
    "GeographicSubAddress": "geographic_address",
    "GeographicAddressValidation": "geographic_address",
}


def resource_names() -> tuple[str, ...]:
    """The resources there are, as their types are called."""
    return (*_MODULES, *described_names())


def type_name_of(name: str) -> str:
    """The type of a resource, by itself (``ProductOrder``) or by its path (``productOrder``). Raises ConfigError."""
    type_name, known = name[:1].upper() + name[1:], resource_names()
    if type_name not in known:
        close = get_close_matches(name, [spelling for each in known for spelling in (each, each[0].lower() + each[1:])], 1)
        hint = f"; did you mean '{close[0]}'?" if close else ""
        raise ConfigError(f"there is no resource '{name}'{hint} (known: {', '.join(known)})")
    return type_name


@cache
def resource(name: str) -> Resource:
    """The contracts of a resource, by its type or its path. Raises ConfigError, CheckFailed."""
    type_name = type_name_of(name)
    if type_name not in _MODULES:
        return described(type_name)
    models = import_module(f"{__name__}.{_MODULES[type_name]}")
    full = getattr(models, type_name)
    # What can only be read has no form of its own to be created in; without a form for it, the standard has no PATCH.
    return from_models(getattr(models, f"{type_name}Create", full), full, getattr(models, f"{type_name}Update", None))
