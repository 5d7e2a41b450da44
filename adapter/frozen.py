"""Values that are not changed once they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots to whose fields nothing is assigned: the type checker sees to it.

    ``dataclass(frozen=True)`` sees to it at run time, too, and sets each field by a call of ``object.__setattr__`` for that: some 2,000
    instructions a field, of which an order has hundreds. It stays the one for what is not made for each order.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
