"""Named converters of two-way rules: each a pair of functions that undo each other.

``TMF path: legacy path | first | second``: read from the legacy path on, as filters are: a reply goes through ``first``, then
``second``; a request through the inverse of ``second``, then that of ``first``.
"""

from __future__ import annotations

from typing import Final

from adapter.mapping.converters.dates import DATE_CONVERTERS
from adapter.mapping.converters.numbers import NUMBER_CONVERTERS
from adapter.mapping.converters.objects import OBJECT_CONVERTERS
from adapter.mapping.converters.pair import TEXT, Converter, Pair, Side, arguments_for
from adapter.mapping.converters.texts import TEXT_CONVERTERS
from adapter.mapping.functions.registry import Parameter

__all__ = ["CONVERTERS", "Converter", "Pair", "Side", "arguments_for", "bind_converter"]

_CODE: Final = Converter("code", TEXT, TEXT, "Both codes of a row of the code table `table`.", (Parameter("table"),), table=True)

CONVERTERS: Final[dict[str, Converter]] = {
    converter.name: converter for converter in (_CODE, *TEXT_CONVERTERS, *NUMBER_CONVERTERS, *DATE_CONVERTERS, *OBJECT_CONVERTERS)
}


def bind_converter(name: str, given: tuple[str | int | bool, ...]) -> Pair:
    """The bound pair of any converter but ``code``. Raises KeyError (unknown name) and ValueError (wrong arguments)."""
    converter = CONVERTERS[name]
    if converter.bind is None:
        raise ValueError(f"'{name}' needs a code table")
    return converter.bind(*arguments_for(converter, given))
