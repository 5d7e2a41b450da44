"""Templates of plain data, as a face declares them: ``{errors: $entries}``.

A text that is ``$name`` or ``$name.member.member`` stands for that value with its type; ``$$`` at the start is a plain ``$``.
Everything else is itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from typing import Any

Write = Callable[[Mapping[str, Any]], Any]

_REFERENCE = re.compile(r"\$([A-Za-z_]\w*)((?:\.[@\w]+)*)")


class TemplateGap(LookupError):
    """A ``$name`` or ``$name.member`` that the values at hand do not have."""


def compile_template(node: Any, known: Set[str]) -> Write:
    """A function from values to a new document. Raises ValueError naming a variable that is not among ``known``."""
    if isinstance(node, dict):
        members = [(key, compile_template(item, known)) for key, item in node.items()]
        return lambda values: {key: write(values) for key, write in members}
    if isinstance(node, list):
        elements = [compile_template(item, known) for item in node]
        return lambda values: [write(values) for write in elements]
    if isinstance(node, str) and node.startswith("$$"):
        literal = node[1:]
        return lambda _: literal
    if isinstance(node, str) and node.startswith("$"):
        return _reference(node, known)
    return lambda _: node


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
