"""What a contract restricts a simple type to, as a look at what came: did it keep to it, and the words for where it did not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from adapter.contract.wsdl_model import Facets, SimpleType
from connectors.soap.leaves import leaf
from connectors.xml_text import Refused

_AS_WRITTEN = ("string", "normalizedString")  # other types have their blanks collapsed before anything is asked of them
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Restriction:
    """``kept`` is asked with the text and the value that was read from it. ``words`` say what the contract has, and nothing of the value.

    ``suspect`` is a Python expression of ``v``, a text that is not empty (only digits, where the type is a whole number). Where it is
    false, ``kept`` need not be asked; it is "" where it never is true, and None where ``kept`` has to be asked always. ``{allowed}`` in
    it stands for a name of ``allowed``: the texts that the contract lists, or what matches its pattern.
    """

    kept: Callable[[str, Any], bool]
    words: str
    suspect: str | None
    allowed: frozenset[str] | Callable[[str], object] = frozenset()


def restriction(simple: SimpleType | None) -> Restriction | None:
    """What is to be asked of values of a type; None where any value of its kind will do."""
    if simple is None or simple.facets == Facets():
        return None
    facets = simple.facets
    words = f"does not fit the contract, which has {', '.join(_words(facets))} here"
    return Restriction(_kept(simple), words[:_MOST_WORDS], _suspect(simple), _allowed(facets))


def lengths(simple: SimpleType) -> tuple[int, int | None] | None:
    """Least and most characters of a text that is read as it is written; None for types that are restricted in other ways."""
    facets = simple.facets
    if (
        simple.kind != "text"
        or simple.base not in _AS_WRITTEN
        or facets != Facets(min_length=facets.min_length, max_length=facets.max_length)
    ):
        return None
    return facets.min_length or 0, facets.max_length


def _kept(simple: SimpleType) -> Callable[[str, Any], bool]:
    # What the strict writer takes is what the contract has. Patterns are asked of the text: a number has lost its leading zeros.
    write = leaf(replace(simple, facets=replace(simple.facets, patterns=())))
    patterns = [re.compile(one).fullmatch for one in simple.facets.patterns]

    def kept(text: str, value: Any) -> bool:
        written = text if simple.base in _AS_WRITTEN else " ".join(text.split())
        try:
            write(written if simple.kind == "text" else value)
        except Refused:
            return False
        return all(match(written) is not None for match in patterns)

    return kept


def _allowed(facets: Facets) -> frozenset[str] | Callable[[str], object]:
    return frozenset(facets.enum) if facets.enum or not facets.patterns else re.compile(facets.patterns[0]).fullmatch


def _suspect(simple: SimpleType) -> str | None:
    """Lengths of text, lists of texts, a single pattern and ranges of whole numbers cost next to nothing in place."""
    facets = simple.facets
    if simple.kind == "text" and facets == Facets(enum=facets.enum):
        return "v not in {allowed}"
    if simple.kind == "text" and simple.base in _AS_WRITTEN and facets == Facets(patterns=facets.patterns[:1]):
        return "{allowed}(v) is None"
    if (bounds := lengths(simple)) is not None:
        least, most = bounds
        short = [f"len(v) < {least}"] if least > 1 else []
        return " or ".join([*short, *([] if most is None else [f"len(v) > {most}"])])
    if simple.kind == "integer" and facets == Facets(min_inclusive=facets.min_inclusive, max_inclusive=facets.max_inclusive):
        least = int(facets.min_inclusive or 0)
        small = [f"int(v) < {least}"] if least > 0 else []
        most_digits = [] if facets.max_inclusive is None else [f"len(v) >= {len(str(int(facets.max_inclusive)))}"]
        return " or ".join([*most_digits, *small])
    return None


def _words(facets: Facets) -> list[str]:
    said = [
        (facets.min_length, "at least {} characters"),
        (facets.max_length, "at most {} characters"),
        (facets.min_inclusive, "{} at least"),
        (facets.max_inclusive, "{} at most"),
        (facets.min_exclusive, "more than {}"),
        (facets.max_exclusive, "less than {}"),
        (facets.total_digits, "at most {} digits"),
        (facets.fraction_digits, "at most {} digits after the point"),
    ]
    words = [text.format(bound) for bound, text in said if bound is not None]
    words += [f"the pattern {pattern}" for pattern in facets.patterns]
    return [*words, *([f"one of {' '.join(facets.enum)}"] if facets.enum else [])]
