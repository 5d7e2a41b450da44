"""The codes of the findings about expressions. What each means stands in ``catalogue``; those of M8 only here."""

from __future__ import annotations

from typing import Final

SYNTAX: Final = "M115"
DISALLOWED: Final = "M116"
PATH_SYNTAX: Final = "M117"
UNKNOWN_CANONICAL: Final = "M201"
UNKNOWN_LEGACY: Final = "M202"
UNDEFINED_NAME: Final = "M203"
UNKNOWN_FILTER: Final = "M204"
UNKNOWN_TEST: Final = "M205"
ARGUMENTS: Final = "M207"
UNKNOWN_SETTING: Final = "M208"
KIND: Final = "M301"
MANY: Final = "M302"
ONE: Final = "M303"
NO_CONDITION: Final = "M304"
NOT_IN_ENUM: Final = "M305"
MAY_BE_ABSENT: Final = "M309"
NO_EFFECT: Final = "M414"
CONSTANT_CONDITION: Final = "M408"
UNDECLARED_KEY: Final = "M801"
MAY_BE_NULL: Final = "M802"
NEVER_EQUAL: Final = "M803"
KEY_WANTED: Final = "M804"
ZERO: Final = "M805"

# code → title, meaning, example, remedy
OWN: Final[dict[str, tuple[str, str, str, str]]] = {
    UNDECLARED_KEY: (
        "undeclared header or parameter",
        "No face declares this header, query or path parameter, so it never arrives.",
        "header['X-Converastion-Id']",
        "Correct the name, or declare it in the face.",
    ),
    MAY_BE_NULL: (
        "may be null",
        "The filter or operator cannot take null.",
        "reply.comment | upper",
        "Add `| default(…)`, which replaces null too.",
    ),
    NEVER_EQUAL: (
        "never equal",
        "The two values can never be equal, so the comparison has one result only.",
        "request.quantity == '1'",
        "Compare values of one kind.",
    ),
    KEY_WANTED: (
        "key missing",
        "header, query, path and setting are read by key, and never as a whole.",
        "id: header",
        "Write header['Name'].",
    ),
    ZERO: ("division by zero", "The divisor is the constant 0.", "request.quantity // 0", "Divide by something else."),
}
