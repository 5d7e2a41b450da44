"""What the query of a request says beside what its operation takes: the form of the answer, and a further step of the path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from adapter.contract.json_text import parse_json
from adapter.errors import InvalidMessage, Problem
from adapter.faces.declaration import Face, Parameter
from adapter.faces.xml_form import write_xml

_DEPTH = 1_000  # of an answer of our own
Pairs = Sequence[tuple[str, str]]


class Negotiation:
    """One face's declaration of it. ``looks``: whether the query of a request matters before its route is known."""

    def __init__(self, face: Face) -> None:
        self.looks = bool(face.selector or face.media.formats)
        self._selector, self._formats, self._default = face.selector, face.media.formats, face.media.produces
        self._own = {name for name in (face.selector, face.media.formats.parameter if face.media.formats else "") if name}

    def media(self, pairs: Pairs) -> str:
        """The media type of the answer. Raises InvalidMessage for a form that there is not."""
        formats = self._formats
        asked = _first(pairs, formats.parameter) if formats is not None else ""
        if formats is None or not asked:
            return self._default
        if asked not in formats.values:
            raise InvalidMessage(problems=[Problem(formats.parameter, f"has to be {' or '.join(formats.values)}")])
        return formats.values[asked]

    def step(self, pairs: Pairs) -> str:
        """The step that the selector adds to the path, with its slash; "" where there is none."""
        value = _first(pairs, self._selector) if self._selector else ""
        return f"/{value}" if value else ""

    def filters(self, pairs: Pairs, declared: Mapping[str, Parameter]) -> Iterator[tuple[str, str]]:
        """The filters of a list: declared parameters filter by what they declare, all others are attributes themselves."""
        for name, value in pairs:
            known = declared.get(name)
            if known is None and name not in self._own:
                yield name, value
            elif known is not None and known.filter and value:
                yield known.filter, value


def written(body: bytes, media: str) -> bytes:
    """A body of JSON in the media type of the answer. Raises ValueError for what its form cannot hold."""
    return write_xml(parse_json(body, max_depth=_DEPTH)) if "xml" in media and body else body


def _first(pairs: Pairs, wanted: str) -> str:
    return next((value for name, value in pairs if name == wanted), "")
