"""What a converter is: a pair of functions that undo each other, and what each side of it takes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.contract.shape import Kind, Shape
from adapter.mapping.functions.registry import Parameter, signature

COUNT: Final = frozenset({Kind.INTEGER})


@dataclass(frozen=True, slots=True)
class Pair:
    """Both directions with their arguments bound; each raises RuleFailed for a value it cannot convert.

    ``fits(value)``: a canonical value that comes back equal. What does not fit is refused on the way to the legacy side,
    never changed in silence. ``same(sent, back)`` says what equal means where that is not ``==``.
    """

    to_legacy: Callable[[Any], Any]
    to_canonical: Callable[[Any], Any]
    fits: Callable[[Any], bool]
    same: Callable[[Any, Any], bool] = operator.eq


@dataclass(frozen=True, slots=True)
class Side:
    """What a converter takes or gives on one side."""

    kind: Kind
    many: bool = False

    def __str__(self) -> str:
        return f"list of {self.kind}" if self.many else str(self.kind)


TEXT: Final = Side(Kind.TEXT)


@dataclass(frozen=True, slots=True)
class Converter:
    """``bind(*arguments)`` raises ValueError where the arguments are wrong. ``table``: its argument names a code table,
    which is looked up elsewhere, so that ``bind`` is None. ``misfit(arguments, canonical, legacy)`` says why an object's shape
    cannot be converted, "" where it can; such a converter stands alone."""

    name: str
    canonical: Side
    legacy: Side
    documentation: str
    parameters: tuple[Parameter, ...] = ()
    bind: Callable[..., Pair] | None = None
    table: bool = field(default=False)
    misfit: Callable[[tuple[Any, ...], Shape, Shape], str] | None = None

    @property
    def signature(self) -> str:
        """``padded(width, char='0')``."""
        return signature(self.name, self.parameters)


def arguments_for(converter: Converter, given: tuple[str | int | bool, ...]) -> tuple[Any, ...]:
    """The arguments with defaults filled in. Raises ValueError that says what is wanted."""
    parameters = converter.parameters
    needed = sum(parameter.required for parameter in parameters)
    if not needed <= len(given) <= len(parameters):
        raise ValueError(f"'{converter.name}' has {len(given)} arguments, wanted is {converter.signature}")
    for parameter, value in zip(parameters, given, strict=False):
        kind = Kind.BOOLEAN if isinstance(value, bool) else Kind.INTEGER if isinstance(value, int) else Kind.TEXT
        if parameter.kinds and kind not in parameter.kinds:
            raise ValueError(f"'{parameter.name}' of '{converter.name}' is {' or '.join(sorted(parameter.kinds))}, not {kind}")
    return (*given, *(parameter.default for parameter in parameters[len(given) :]))
