"""The codes of the findings about expressions; what each means stands in ``catalogue``."""

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
UNDECLARED_KEY: Final = "M801"
MAY_BE_NULL: Final = "M802"
NEVER_EQUAL: Final = "M803"
KEY_WANTED: Final = "M804"
ZERO: Final = "M805"
OTHER_SETTING: Final = "M806"
