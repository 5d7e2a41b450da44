"""The canonical model: TM Forum Open API resources, version 4.

``resource("ProductOrder")`` gives the contracts of one; a new resource is its models in a module of this package and a line
in ``_RESOURCES``. ``extend`` adds a market's members.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

from pydantic import BaseModel

from adapter.contract.tmf.cancel_product_order import CancelProductOrder, CancelProductOrderCreate
from adapter.contract.tmf.error import Error
from adapter.contract.tmf.extension import Extension, extend, load_extension, read_extension
from adapter.contract.tmf.hub import EventSubscription, EventSubscriptionInput
from adapter.contract.tmf.product_order import ProductOrder, ProductOrderCreate, ProductOrderUpdate
from adapter.contract.tmf.resource import Contract, Resource, from_models
from adapter.contract.tmf.schema import model_schema
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
    "load_extension",
    "model_schema",
    "read_extension",
    "resource",
    "resource_names",
]

# create, full, update (None: the standard has no PATCH)
_RESOURCES: dict[str, tuple[type[BaseModel], type[BaseModel], type[BaseModel] | None]] = {
    "ProductOrder": (ProductOrderCreate, ProductOrder, ProductOrderUpdate),
    "CancelProductOrder": (CancelProductOrderCreate, CancelProductOrder, None),
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
