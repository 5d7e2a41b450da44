"""The origin of each field as plain lines: one line a field for reading, none of them cut, so that they can be searched."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adapter.mapping.explain import FieldOrigin


def explained(origins: Sequence[FieldOrigin]) -> Iterator[str]:
    """``target = value  <- sources; branch; table row  (rule, layer)``, aligned."""
    made = [(f"{origin.target} = {_shown(origin.value)}", _way(origin), origin) for origin in origins]
    left = min(max((len(text) for text, _, _ in made), default=0), 60)
    middle = min(max((len(way) for _, way, _ in made), default=0), 90)
    for text, way, origin in made:
        yield f"{text:{left}}  <- {way:{middle}}  ({origin.rule}, layer {origin.layer})"


def _shown(value: object) -> str:
    """As a mapping writes it: a text in quotes, a truth value and null in small letters."""
    return str(value).lower() if isinstance(value, bool) else "null" if value is None else repr(value)


def _way(origin: FieldOrigin) -> str:
    parts = [", ".join(origin.sources) or "a constant"]
    if origin.branch:
        parts.append(f"branch {origin.branch}" + (f" at line {origin.branch_at.line}" if origin.branch_at else ""))
    if origin.table:
        parts.append(f"table {origin.table}, " + (f"row {origin.row.file}:{origin.row.line}" if origin.row else "no row"))
    return "; ".join(parts)
