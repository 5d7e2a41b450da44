"""Values that are not changed once they are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar, cast, dataclass_transform

P = ParamSpec("P")
T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """A dataclass with slots to whose fields nothing is assigned: the type checker sees to it.

    ``dataclass(frozen=True)`` sees to it at run time, too, and sets each field by a call of ``object.__setattr__`` for that: some 2,000
    instructions a field, of which an order has hundreds. It stays the one for what is not made for each order.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


def maker(cls: Callable[P, T]) -> Callable[P, T]:
    """A class as a function that makes one of it, for what is made for each order with many names.

    A class that is called with names has a dict made of them and taken apart again: some 500 instructions a name, of which a function
    needs 70. That holds for up to 15 names; with more of them, a function gets a dict, too.
    """
    parameters = signature(cls).parameters
    names = ", ".join(parameters)
    parts: dict[str, Any] = {"cls": cls, "new": object.__new__, "init": cast("Any", cls).__init__}
    text = f"def make({names}):\n    made = new(cls)\n    init(made, {names})\n    return made\n"
    exec(compile(text, f"<maker of {cast('Any', cls).__name__}>", "exec"), parts)  # noqa: S102 - made of the names of parameters
    make = parts["make"]
    make.__defaults__ = tuple(each.default for each in parameters.values() if each.default is not Parameter.empty)
    return cast("Callable[P, T]", make)
