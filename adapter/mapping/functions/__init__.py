"""Filters and tests of expressions, each with a typed signature; the documentation is their docstrings."""

from adapter.mapping.functions.calendar import CALENDAR_FILTERS, CALENDAR_TESTS
from adapter.mapping.functions.dates import DATE_FILTERS
from adapter.mapping.functions.lists import LIST_FILTERS
from adapter.mapping.functions.numbers import NUMBER_FILTERS
from adapter.mapping.functions.questions import QUESTIONS
from adapter.mapping.functions.registry import REQUIRED, Function, Parameter
from adapter.mapping.functions.texts import TEXT_FILTERS

FILTERS: dict[str, Function] = {
    function.name: function for function in (*LIST_FILTERS, *TEXT_FILTERS, *NUMBER_FILTERS, *DATE_FILTERS, *CALENDAR_FILTERS)
}
TESTS: dict[str, Function] = {function.name: function for function in (*QUESTIONS, *CALENDAR_TESTS)}

__all__ = ["FILTERS", "REQUIRED", "TESTS", "Function", "Parameter"]
