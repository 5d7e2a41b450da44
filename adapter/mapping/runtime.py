"""What compiled mappings lean on while they run: the value that is not there, and the ways a rule can fail.

Nothing here knows a rule's place; ``translator`` adds it. Texts name kinds of values and places, never a payload's value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NoReturn

from adapter.contract.path import Step
from adapter.contract.shape import Kind


class _Absent:
    """The value of a member that is not there. It equals nothing, not even itself, and holds nothing."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __contains__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()
_SHOWN: Final = 40  # so many characters of a code are repeated


class RuleFailed(Exception):
    """A rule cannot be applied to this document. ``value`` is what it could not take, where that is known; ``ours``: what callers do
    not send, such as a list of holidays."""

    def __init__(self, text: str, value: object = Ellipsis, *, ours: bool = False) -> None:
        self.value, self.ours = value, ours
        super().__init__(text)


class CodeRefused(RuleFailed):
    """A code table has no row for the value and refuses misses."""

    def __init__(self, table: str, value: object) -> None:
        self.table = table
        super().__init__(f"the code table {table} has no row for {shortened(value)}", value)


def shortened(value: object) -> str:
    """A code as a message may repeat it: its beginning."""
    text = str(value)
    return repr(text) if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"


def describe(value: object) -> str:
    """What a value is, without telling it."""
    if value is ABSENT:
        return "absent"
    if value is None:
        return "null"
    names: dict[type, str] = {
        str: "text",
        bool: "a boolean",
        int: "an integer",
        Decimal: "a decimal",
        float: "a decimal",
        dict: "an object",
        list: "a list",
    }
    return names.get(type(value), type(value).__name__)


def refuse(wanted: str, value: object) -> NoReturn:
    """Raises RuleFailed: another kind of value was wanted."""
    raise RuleFailed(f"{wanted} is wanted here, and the value is {describe(value)}", value)


# -- reaching into documents


def holder(value: Any, name: str) -> Any:
    """What the member is to be read of, where that is no plain dict: an empty object for absent and null, an error else."""
    if value is ABSENT or value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise RuleFailed(f"'{name}' is a member of an object, and what should hold it is {describe(value)}", value)


def member(value: Any, name: str) -> Any:
    """The member of something that is no plain dict: absent behind absent and null, an error else."""
    return holder(value, name).get(name, ABSENT)


def elements(value: Any) -> Any:
    """The list itself; an empty one for absent and null, an error else."""
    if value.__class__ is list:
        return value
    if value is ABSENT or value is None:
        return ()
    return refuse("a list", value)


def _key(element: Any, name: str) -> str | None:
    """The member by which an element is picked, as paths spell it; None where there is none."""
    found = element.get(name) if element.__class__ is dict else None
    if found.__class__ is str or found is None:
        return found
    if found.__class__ is bool:
        return "true" if found else "false"
    return str(found) if found.__class__ in (int, Decimal, float) else None


def pick(value: Any, key: str, wanted: str) -> Any:
    """The first element of a list whose member ``key`` equals ``wanted``."""
    for element in value if value.__class__ is list else elements(value):
        if element.__class__ is dict:
            found = element.get(key)
            if found == wanted or (found.__class__ is not str and _key(element, key) == wanted):
                return element
    return ABSENT


def pick_fold(value: Any, key: str, wanted: str) -> Any:
    """``pick`` without regard to case; ``wanted`` is lower case."""
    for element in elements(value):
        found = element.get(key) if element.__class__ is dict else None
        if found.__class__ is not str:
            found = _key(element, key)
        if found is not None and found.lower() == wanted:
            return element
    return ABSENT


def index_by(value: Any, key: str) -> dict[str | None, Any]:
    """The first element for each text that the member ``key`` has, to pick from many times."""
    found: dict[str | None, Any] = {}
    for element in elements(value):
        name = element.get(key) if element.__class__ is dict else None
        if name.__class__ is not str:
            name = _key(element, key)
        if name not in found:
            found[name] = element
    return found


def index_by_fold(value: Any, key: str) -> dict[str | None, Any]:
    """``index_by`` with lower case keys."""
    found: dict[str | None, Any] = {}
    for element in elements(value):
        name = _key(element, key)
        if name is not None and name.lower() not in found:
            found[name.lower()] = element
    return found


def reach(value: Any, steps: tuple[Step, ...]) -> Any:
    """What lies at ``steps`` behind a computed value."""
    for number, step in enumerate(steps):
        value = member(value, step.name)
        if step.each and number < len(steps) - 1:
            if value is ABSENT or value is None:
                return ABSENT
            rest = steps[number + 1 :]
            found = [reach(element, rest) for element in elements(value)]
            return [each for each in found if each is not ABSENT]
        if step.pick is not None:
            wanted = step.pick.value
            value = pick_fold(value, step.pick.key, wanted.lower()) if step.pick.fold else pick(value, step.pick.key, wanted)
    return value


# -- operators


def truth(value: Any) -> bool:
    """The boolean itself; anything else is an error."""
    if value is True or value is False:
        return bool(value)
    return refuse("true or false", value)


def default(value: Any, other: Any) -> Any:
    """``other`` where the value is absent or null."""
    return other if value is ABSENT or value is None else value


def contains(needle: Any, heap: Any) -> bool:
    """``needle in heap``: an element of a list, or a part of a text. Absent is in nothing, and nothing is in absent."""
    if needle is ABSENT or heap is ABSENT:
        return False
    if heap.__class__ in (list, tuple):
        return needle in heap
    if heap.__class__ is str and needle.__class__ is str:
        return needle in heap
    return refuse("a list (or text in text)", needle if heap.__class__ is str else heap)


def compare(left: Any, sign: str, right: Any) -> bool:
    """``left < right`` and its like, of two numbers or two texts."""
    if left.__class__ is not str or right.__class__ is not str:
        left, right = number(left), number(right)
    return bool(_SIGNS[sign](left, right))


def whole(value: Any) -> Any:
    """The integer itself; anything else is an error."""
    return value if value.__class__ is int else refuse("an integer", value)


_SIGNS: Final[dict[str, Callable[[Any, Any], Any]]] = {"lt": operator.lt, "lteq": operator.le, "gt": operator.gt, "gteq": operator.ge}


def number(value: Any) -> Any:
    """The number itself; a float (of JSON) as the decimal it was written as."""
    if value.__class__ is int or value.__class__ is Decimal:
        return value
    if value.__class__ is float:
        return Decimal(repr(value))
    return refuse("a number", value)


def concat(*parts: Any) -> str:
    """``a ~ b``: texts joined; nothing is turned into text silently."""
    for part in parts:
        if part.__class__ is not str:
            refuse("text (| text turns a number into text)", part)
    return "".join(parts)


def listed(*values: Any) -> list[Any]:
    """A list written in an expression, without what is absent."""
    return [value for value in values if value is not ABSENT]


# -- the output border


def _decimal(value: Any) -> Any:
    if value.__class__ is Decimal:
        return value
    if value.__class__ is int:
        return Decimal(value)
    if value.__class__ is float:
        return Decimal(repr(value))
    return refuse("a decimal", value)


CLASSES: Final[dict[Kind, type]] = {Kind.TEXT: str, Kind.INTEGER: int, Kind.BOOLEAN: bool, Kind.DECIMAL: Decimal, Kind.OBJECT: dict}
"""The class that values of a kind have in Python."""

_WANTED: Final = {Kind.TEXT: "text", Kind.INTEGER: "an integer", Kind.BOOLEAN: "true or false", Kind.OBJECT: "an object"}


def border(kind: Kind, many: bool, nullable: bool) -> Callable[[Any], Any]:
    """The check of a value before it is written to a place of this kind; gives the value to write."""
    plain = CLASSES.get(kind)

    def single(value: Any) -> Any:
        if value.__class__ is plain:
            return value
        if value is None:
            return None if nullable else refuse(f"{kind} (the place takes no null)", value)
        if plain is None:
            return value
        return _decimal(value) if plain is Decimal else refuse(_WANTED[kind], value)

    def several(value: Any) -> Any:
        if value is None and nullable:
            return None
        if value.__class__ not in (list, tuple):
            return refuse("a list", value)
        return [element if element.__class__ is plain else single(element) for element in value]

    return several if many else single


def unwritten(name: str, contract: str) -> NoReturn:
    """Raises RuleFailed: a member that the ``contract`` requires has no value."""
    raise RuleFailed(f"{contract} requires '{name}', and there is no value for it", ABSENT)
