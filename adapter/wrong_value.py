"""What is wrong with a declared value, in the words of who writes it: a whole number is expected, not 'many'."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from adapter.finding import suggest

_KINDS: Final = {
    "int": "a whole number is expected",
    "float": "a number is expected",
    "bool": "true or false is expected",
    "string": "a text is expected",
    "tuple": "a list is expected",
    "list": "a list is expected",
    "frozen_set": "a list is expected",
    "set": "a list is expected",
    "dict": "a block of keys is expected",
    "mapping": "a block of keys is expected",
    "model": "a block of keys is expected",
}
_WRITTEN: Final = re.compile(rf"({'|'.join(_KINDS)})(?:_attributes)?_(?:parsing|type|from_float)(?:_size)?")
_BOUNDS: Final = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
_NAMED: Final = re.compile(r"'([^']*)'")


def wrong_value(kind: str, told: str, context: Mapping[str, Any], written: str | None) -> tuple[str, str]:
    """Text and hint for one error of pydantic: its type, message and context. ``written`` is what stands in the file, None where it may not
    be shown, or is no text."""
    instead = f", not '{written}'" if written is not None else ""
    if (of := _WRITTEN.fullmatch(kind)) is not None:
        return f"{_KINDS[of.group(1)]}{instead}", ""
    if kind in _BOUNDS:
        name, word = _BOUNDS[kind]
        return f"{word} {context[name]:g} is expected{instead}", ""
    if kind in ("literal_error", "enum"):
        known = _NAMED.findall(str(context["expected"]))
        one = f"'{written}' is none of" if written is not None else "one is expected of"
        return f"{one} {', '.join(known)}", suggest(written or "", known, "write one of")
    if kind == "string_pattern_mismatch":
        return f"a text that matches {context['pattern']} is expected{instead}", ""
    if kind in ("too_short", "string_too_short"):
        return f"at least {context['min_length']} {'is' if context['min_length'] == 1 else 'are'} expected here", ""
    return told.removeprefix("Value error, "), ""
