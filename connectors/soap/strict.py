"""What the generated serialiser calls: escaping, and the words of each refusal."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from connectors.xml_text import Refused, wrong_kind

# groups of four; the last of fewer is padded, and its spare bits are zero (XML Schema Part 2, 3.2.16)
_GROUP = r"(?:[A-Za-z0-9+/]\s*)"
_BASE64 = rf"\s*(?:{_GROUP}{{4}})*(?:{_GROUP}{{2}}[AEIMQUYcgkosw048]\s*=|{_GROUP}[AQgw]\s*=\s*=)?\s*"

_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_DATE = r"-?[0-9]{4,}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
_NC = r"[^\W\d][\w.\-\u00b7]*"
LEXICAL = {
    "dateTime": (f"{_DATE}T{_TIME}{_ZONE}", "a date and time such as 2024-05-31T09:30:00Z"),
    "date": (f"{_DATE}{_ZONE}", "a date such as 2024-05-31"),
    "time": (f"{_TIME}{_ZONE}", "a time such as 09:30:00"),
    "duration": (
        r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?",
        "a duration such as P1DT2H",
    ),
    "gYear": (f"-?[0-9]{{4,}}{_ZONE}", "a year such as 2024"),
    "gYearMonth": (f"-?[0-9]{{4,}}-(?:0[1-9]|1[0-2]){_ZONE}", "a month of a year such as 2024-05"),
    "gMonth": (f"--(?:0[1-9]|1[0-2]){_ZONE}", "a month such as --05"),
    "gMonthDay": (f"--(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01]){_ZONE}", "a day of a month such as --05-31"),
    "gDay": (f"---(?:0[1-9]|[12][0-9]|3[01]){_ZONE}", "a day such as ---31"),
    "hexBinary": ("(?:[0-9a-fA-F]{2})*", "pairs of hexadecimal digits"),
    "base64Binary": (_BASE64, "base64 text"),
    "language": ("[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*", "a language such as en-GB"),
    "NMTOKEN": (r"[\w.\-:\u00b7]+", "a name token"),
    "Name": (r"(?::|[^\W\d])[\w.\-:\u00b7]*", "a name"),
    "NCName": (_NC, "a name without colon"),
    "ID": (_NC, "a name without colon"),
    "IDREF": (_NC, "a name without colon"),
    "QName": (f"(?:{_NC}:)?{_NC}", "a qualified name"),
}


def wrong_length(value: str, least: int | None, most: int | None) -> Refused:
    """The text is too short or too long."""
    if most is not None and len(value) > most:
        return Refused(f"the text has {len(value)} characters, the contract takes at most {most}; shorten it")
    return Refused(f"the text has {len(value)} characters, the contract needs at least {least}")


def not_listed(value: object, allowed: Iterable[str]) -> Refused:
    """The value is none of the enumeration."""
    return Refused(f"'{str(value)[:40]}' is none of the values that the contract lists: {', '.join(allowed)}")


def missing(known: Iterable[str]) -> Refused:
    """A required member, or every member of a required choice, is missing."""
    names = list(known)
    return Refused("is required by the contract but missing" if not names else f"one of {', '.join(names)} is required but none is there")


def exclusive(document: dict[str, Any], names: Iterable[str]) -> Refused:
    """Members of two branches of one choice."""
    return Refused(f"only one of {', '.join(name for name in names if name in document)} may be there (a choice); leave the others out")


def unknown(document: dict[str, Any], names: Iterable[str]) -> Refused:
    """The document has members that the contract does not know."""
    known = set(names)
    first = next((name for name in document if name not in known), "")
    if first == "@xsi:type":
        return Refused("there are no derived types here; leave the member out", first)
    return Refused(f"the contract has no such member here; it has: {', '.join(names) or 'none'}", str(first))


def amount(value: list[Any], least: int, most: int | None) -> Refused:
    """The list is too short or too long."""
    if len(value) < least:
        return Refused(f"the list has {len(value)} elements, the contract needs at least {least}")
    return Refused(f"the list has {len(value)} elements, the contract takes at most {most}")


def decimal_text(value: Any, *, special: bool) -> tuple[Decimal, str]:
    """The number and its text. ``special``: INF and NaN are allowed (float and double)."""
    if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
        raise wrong_kind(value, "a number")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if number.is_finite():
        return number, format(number, "f")
    if not special:
        raise Refused(f"{number} is no number that the contract can carry")
    return number, "NaN" if number.is_nan() else "INF" if number > 0 else "-INF"


def check_decimal(number: Decimal, total: int | None, fraction: int | None) -> None:
    """Raises Refused where the number has more digits than the contract takes."""
    plain = number.normalize()
    sign_exponent = plain.as_tuple()
    exponent = sign_exponent.exponent if isinstance(sign_exponent.exponent, int) else 0
    after = max(0, -exponent)
    digits = max(len(sign_exponent.digits) + max(0, exponent), after)
    if fraction is not None and after > fraction:
        raise Refused(f"the number has {after} digits after the point, the contract takes at most {fraction}; round it")
    if total is not None and digits > total:
        raise Refused(f"the number has {digits} digits, the contract takes at most {total}")


def check_bounds(number: Decimal, bounds: tuple[str | None, str | None, str | None, str | None]) -> None:
    """Raises Refused where the number is out of the range (least, most, above, below)."""
    least, most, above, below = bounds
    if least is not None and not number >= Decimal(least):
        raise Refused(f"the number {number} is less than {least}, the least that the contract takes")
    if most is not None and not number <= Decimal(most):
        raise Refused(f"the number {number} is greater than {most}, the most that the contract takes")
    if above is not None and not number > Decimal(above):
        raise Refused(f"the number {number} is not greater than {above}, as the contract needs")
    if below is not None and not number < Decimal(below):
        raise Refused(f"the number {number} is not less than {below}, as the contract needs")
