"""Writers for values of simple types: a value in, its escaped text out, or Refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapter.contract.wsdl_model import Facets, SimpleType
from connectors.soap.strict import (
    LEXICAL,
    check_bounds,
    check_decimal,
    decimal_text,
    not_listed,
    wrong_length,
)
from connectors.xml_text import Refused, escape, wrong_kind

Leaf = Callable[[Any], str]


def leaf(simple: SimpleType) -> Leaf:
    """The writer of one simple type."""
    if simple.kind == "boolean":
        return _boolean
    if simple.kind == "integer":
        return _integer(simple.facets)
    if simple.kind == "decimal":
        return _decimal(simple)
    return _text(simple)


def _boolean(value: Any) -> str:
    if value is True:
        return "true"
    if value is False:
        return "false"
    raise wrong_kind(value, "true or false")


def _integer(facets: Facets) -> Leaf:
    bounds = (facets.min_inclusive, facets.max_inclusive, facets.min_exclusive, facets.max_exclusive)
    least = -(10**30) if bounds[0] is None else int(bounds[0])
    most = 10**30 if bounds[1] is None else int(bounds[1])
    plain = not (bounds[2] or bounds[3] or facets.enum or facets.total_digits or facets.patterns)
    patterns = [(re.compile(one).fullmatch, one) for one in facets.patterns]

    def write(value: Any) -> str:
        if value.__class__ is not int:
            raise wrong_kind(value, "a whole number")
        if plain and least <= value <= most:
            return str(value)
        text = str(value)
        check_bounds(Decimal(value), bounds)
        check_decimal(Decimal(value), facets.total_digits, None)
        if facets.enum and text not in facets.enum:
            raise not_listed(text, facets.enum)
        _match(text, patterns)
        return text

    return write


def _decimal(simple: SimpleType) -> Leaf:
    facets = simple.facets
    bounds = (facets.min_inclusive, facets.max_inclusive, facets.min_exclusive, facets.max_exclusive)
    listed = {Decimal(one) for one in facets.enum}
    patterns = [(re.compile(one).fullmatch, one) for one in facets.patterns]
    special = simple.base != "decimal"

    def write(value: Any) -> str:
        number, text = decimal_text(value, special=special)
        if number.is_finite():
            check_bounds(number, bounds)
            check_decimal(number, facets.total_digits, facets.fraction_digits)
        if listed and number not in listed:
            raise not_listed(text, facets.enum)
        _match(text, patterns)
        return text

    return write


def _text(simple: SimpleType) -> Leaf:
    facets, table = simple.facets, listed(simple)
    if table is not None:
        return _listed(table)
    octets = simple.base in ("hexBinary", "base64Binary")
    least, most = facets.min_length or 0, facets.max_length
    longest = (1 << 62) if most is None else most
    patterns = [(re.compile(one).fullmatch, one) for one in facets.patterns]
    lexical, example = LEXICAL.get(simple.base, ("", ""))
    well_formed = re.compile(lexical).fullmatch if lexical else None

    def write(value: Any) -> str:
        if value.__class__ is not str:
            raise wrong_kind(value, "text")
        if octets:
            _octets(simple.base, value, facets)
        elif not least <= len(value) <= longest:
            raise wrong_length(value, least, most)
        if well_formed is not None and well_formed(value) is None:
            raise Refused(f"the text is not {example}")
        if facets.enum and value not in facets.enum:
            raise not_listed(value, facets.enum)
        if patterns:
            _match(value, patterns)
        return escape(value)

    return write


def listed(simple: SimpleType) -> dict[str, str] | None:
    """The values of a type that lists them, each with its escaped text; None for other types."""
    if simple.kind != "text" or not simple.facets.enum or simple.facets.patterns or simple.base in LEXICAL:
        return None
    return {value: escape(value) for value in simple.facets.enum}


def _listed(table: Mapping[str, str]) -> Leaf:
    def write(value: Any) -> str:
        if value.__class__ is not str:
            raise wrong_kind(value, "text")
        text = table.get(value)
        if text is None:
            raise not_listed(value, tuple(table))
        return text

    return write


def _octets(base: str, value: str, facets: Facets) -> None:
    """Lengths of binary types count bytes."""
    size = len(value) // 2 if base == "hexBinary" else len(re.sub(r"[\s=]", "", value)) * 3 // 4
    if size < (facets.min_length or 0) or (facets.max_length is not None and size > facets.max_length):
        raise Refused(f"the value has {size} bytes, the contract takes {facets.min_length or 0} to {facets.max_length or 'any number'}")


def _match(text: str, patterns: Sequence[tuple[Callable[[str], object], str]]) -> None:
    for match, pattern in patterns:
        if match(text) is None:
            raise Refused(f"the text does not fit the pattern {pattern[:200]} of the contract")
