"""What a filter or test declares about itself, so that a mapping can be checked before any message comes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from adapter.contract.shape import Kind
from adapter.mapping.types import Type

TEXT_ONLY: Final = frozenset({Kind.TEXT})
NUMBERS: Final = frozenset({Kind.INTEGER, Kind.DECIMAL})
ANY_KIND: Final[frozenset[Kind]] = frozenset()


class _Required:
    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument in brackets. ``kinds`` empty: any kind; ``constant``: it must be written in the file itself; ``many``: it is a list."""

    name: str
    kinds: frozenset[Kind] = TEXT_ONLY
    constant: bool = True
    default: Any = REQUIRED
    many: bool = False

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return isinstance(self.default, _Required)


def signature(name: str, parameters: tuple[Parameter, ...]) -> str:
    """How a function or converter is called, as a mapping file spells it."""
    shown = [p.name if p.required else f"{p.name}={'none' if p.default is None else repr(p.default)}" for p in parameters]
    return f"{name}({', '.join(shown)})" if shown else name


@dataclass(frozen=True, slots=True)
class Function:
    """A filter (``value | name(…)``) or a test (``value is name(…)``).

    ``kinds`` of the value it takes (empty: any); ``many``: it takes a list (True), one value (False) or either (None);
    ``gives``: kind of its result (None: that of the value); ``absent``: it takes a value that is absent or null.
    ``refine`` narrows the type of the result. ``call(value, *arguments)`` runs it and raises RuleFailed or ValueError;
    ``bind(*constants)`` gives the same for constant arguments, prepared once, and raises ValueError where they are wrong.
    """

    name: str
    call: Callable[..., Any]
    kinds: frozenset[Kind] = TEXT_ONLY
    many: bool | None = False
    parameters: tuple[Parameter, ...] = ()
    gives: Kind | None = None
    gives_many: bool = False
    absent: bool = False
    refine: Callable[[Type, list[Any]], Type] | None = None
    bind: Callable[..., Callable[[Any], Any]] | None = None

    @property
    def documentation(self) -> str:
        """What it does, for the reference."""
        return (self.call.__doc__ or "").strip()

    @property
    def signature(self) -> str:
        """``name(width, char='0')``."""
        return signature(self.name, self.parameters)
