"""Templates of plain data, as a face declares them: ``{errors: $entries}``.

A text that is ``$name`` or ``$name.member.member`` stands for that value with its type; ``$$`` at the start is a plain ``$``. Within a
longer text ``{$name.member}`` stands for the value as text. Everything else is itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

Write = Callable[[Mapping[str, Any]], Any]

_REFERENCE = re.compile(r"\$([A-Za-z_]\w*)((?:\.[@\w]+)*)")
_WITHIN = re.compile(r"\{(\$[^{}]*)\}")


class TemplateGap(LookupError):
    """A ``$name`` or ``$name.member`` that the values at hand do not have."""


def compile_template(node: Any, known: Set[str], *, gaps: bool = False) -> Write:
    """A function from values to a new document. Raises ValueError naming a variable that is not among ``known``.

    With ``gaps`` a member or element whose value is not at hand is left out, and so is an object of which nothing else is left; without,
    the whole document fails with TemplateGap.
    """
    if isinstance(node, dict):
        members = [(key, compile_template(item, known, gaps=gaps)) for key, item in node.items()]
        return _with_gaps(members) if gaps and members else lambda values: {key: write(values) for key, write in members}
    if isinstance(node, list):
        elements = [compile_template(item, known, gaps=gaps) for item in node]
        if gaps:
            return lambda values: [value for write in elements for value in _at_hand(write, values)]
        return lambda values: [write(values) for write in elements]
    return _scalar(node, known)


def _scalar(node: Any, known: Set[str]) -> Write:
    if isinstance(node, str) and node.startswith("$$"):
        literal = node[1:]
        return lambda _: literal
    if isinstance(node, str) and node.startswith("$"):
        return _reference(node, known)
    if isinstance(node, str) and _WITHIN.search(node):
        return _text(node, known)
    return lambda _: node


def _with_gaps(members: list[tuple[str, Write]]) -> Write:
    def write(values: Mapping[str, Any]) -> Any:
        document = {key: value for key, each in members for value in _at_hand(each, values)}
        if not document:
            raise TemplateGap(", ".join(key for key, _ in members))
        return document

    return write


def _at_hand(write: Write, values: Mapping[str, Any]) -> tuple[Any, ...]:
    try:
        return (write(values),)
    except TemplateGap:
        return ()


def _text(text: str, known: Set[str]) -> Write:
    """Every second part is a reference."""
    parts = [_reference(part, known) if number % 2 else part for number, part in enumerate(_WITHIN.split(text))]
    return lambda values: "".join(part if isinstance(part, str) else str(part(values)) for part in parts)


def _reference(text: str, known: Set[str]) -> Write:
    match = _REFERENCE.fullmatch(text)
    if match is None or match[1] not in known:
        raise ValueError(f"'{text}' is not a value that can stand here; known: {', '.join(sorted('$' + name for name in known))}")
    name, steps = match[1], tuple(match[2].split(".")[1:])

    def read(values: Mapping[str, Any]) -> Any:
        value = values.get(name)
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        if value is None:
            raise TemplateGap(text)
        return value

    return read
