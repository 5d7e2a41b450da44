"""Every key of the parts of a codes file that say what a backend's codes mean, said once: the loader reads files by it, and the JSON Schema
for editors is written from it. The other keys of the file (``OF_MAPPINGS``) belong to the mapping language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.codes.catalogue import SEVERITIES

KEBAB = r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*"
YES = {"yes": True, "true": True, "no": False, "false": False}
OF_MAPPINGS = frozenset({"like", "without", "tables"})


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``schema`` is the JSON Schema of its value; a ``required`` text is not blank."""

    name: str
    doc: str
    schema: Mapping[str, Any]
    required: bool = False


Keys = tuple[Key, ...]

_TEXT: dict[str, Any] = {"type": ["string", "number", "boolean"]}  # an editor's YAML types 0042 and no; the loader reads all of it as text
_SOURCE = Key("source", "where this comes from", _TEXT)
_SAID = {**_TEXT, "pattern": r"\S"}


def block(keys: Keys) -> dict[str, Any]:
    """The JSON Schema of a block with these keys and no others."""
    required = [key.name for key in keys if key.required]
    return {**properties(keys), "additionalProperties": False, **({"required": required} if required else {})}


def properties(keys: Keys) -> dict[str, Any]:
    """The JSON Schema of a block with these keys, of which none has to be there, and whatever others."""
    described = {key.name: {**key.schema, "description": f"{key.doc[:1].upper()}{key.doc[1:]}."} for key in keys}
    return {"type": "object", "properties": described}


def names(keys: Keys) -> frozenset[str]:
    """The keys' names."""
    return frozenset(key.name for key in keys)


def _named(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": schema}


GRAMMAR: Keys = (
    _SOURCE,
    Key("fragments", "parts of expressions by name; {name} stands for one in what comes after it", _named(_TEXT)),
    Key("head", "what a text begins with; (?P<ret>…) marks the return code", _TEXT),
    Key("split", "what stands between the parts of a text; without groups that capture", _TEXT),
    Key("trim", "characters to leave out at the ends of a part, beside blanks", _TEXT),
    Key("entries", "expressions by name, tried in this order; (?P<code>…) and (?P<field>…) mark what tells", _named(_TEXT)),
)
MESSAGE: Keys = (
    Key("name", "the normalised code, which never changes: lower case words joined by '-'", {**_TEXT, "pattern": f"^{KEBAB}$"}, True),
    Key("severity", "how grave it is", {"enum": list(SEVERITIES)}, True),
    Key("retryable", "whether the same request may succeed if it is sent again: yes or no", {"enum": [*YES, True, False]}, True),
    Key("advice", "what the caller should do", _SAID, True),
    Key("sample", "a text of the backend that the grammar reads as this code", _SAID, True),
    _SOURCE,
)
REFERENCE: Keys = (
    _SOURCE,
    Key(
        "key",
        "the column, or the list of columns, that tells the rows apart",
        {"anyOf": [{**_TEXT, "minLength": 1}, {"type": "array", "items": {**_TEXT, "minLength": 1}, "minItems": 1}]},
        True,
    ),
    Key("rows", "the rows, each with its columns", {"type": "array", "items": _named(_TEXT)}, True),
)
FILE: Keys = (
    _SOURCE,
    Key("grammar", "how the backend's texts are taken apart", block(GRAMMAR)),
    Key("messages", "what each code means, by the code, or by the field where that tells", _named(block(MESSAGE))),
    Key("reference", "tables to look things up in, by name; nothing is refused by them", _named(block(REFERENCE))),
)
