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

__all__ = ["CONVERTERS", "ONE_WAY", "Converter", "Pair", "Side", "arguments_for", "bind_converter"]

_CODE: Final = Converter("code", TEXT, TEXT, "Both codes of a row of the code table `table`.", (Parameter("table"),), table=True)

CONVERTERS: Final[dict[str, Converter]] = {
    converter.name: converter for converter in (_CODE, *TEXT_CONVERTERS, *NUMBER_CONVERTERS, *DATE_CONVERTERS, *OBJECT_CONVERTERS)
}


ONE_WAY: Final = {
    "code": "{value: …, table: name of the table}",
    "padded": "pad_left(width) to the legacy side",
    "prefixed": "'prefix' ~ …, or … | strip_prefix('prefix')",
    "suffixed": "… ~ 'suffix', or … | strip_suffix('suffix')",
    "separated": "join(separator), or split(separator)",
    "yes_no": "text('Y', 'N'), or boolean('Y', 'N')",
    "number": "text, or integer",
    "digits": "integer, or text",
    "date": "reformat_date('%Y-%m-%d', format), or the other way round; of a date-time in_zone(name) | substring(0, 10) before that",
    "date_time": "in_zone(name) or to_utc(local), and reformat_date(old, new)",
    "entries": "a list block with each and set",
}
"""What stands for a converter in a rule of one direction, where no filter has its name; for the others there is nothing."""


def bind_converter(name: str, given: tuple[str | int | bool, ...]) -> Pair:
    """The bound pair of any converter but ``code``. Raises KeyError (unknown name) and ValueError (wrong arguments)."""
    converter = CONVERTERS[name]
    if converter.bind is None:
        raise ValueError(f"'{name}' needs a code table")
    return converter.bind(*arguments_for(converter, given))
