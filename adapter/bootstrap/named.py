"""What faces and clients name of each other, and of markets, is there: one check for ``adapter check`` and for a start.

There is what has a file in ``config/``: whether this installation serves it is another matter, so that one that serves few markets
leaves the files of faces and clients as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adapter.declared import Places, layered_places, places_of
from adapter.faces.clients import Clients, opens_as_nobody, strange_clients
from adapter.faces.declaration import Face
from adapter.faces.markets import unknown_markets
from adapter.finding import Finding, once
from adapter.settings import Home, Settings


def named_nowhere(home: Home, settings: Settings, faces: Sequence[Face], clients: Clients | None) -> list[Finding]:
    """K112 and F203, each once, at its line. Without ``clients``, whose file cannot be read, what faces say of markets."""
    found: list[Finding] = []
    markets = home.declared("markets")
    if clients is not None:
        strange = list(strange_clients(clients, home.declared("faces"), markets))
        places = places_of(home.path(settings.clients), str(settings.clients)) if strange else Places(())
        found += [places.finding(mistake) for mistake in strange]
    for face in faces:
        mistakes = [*unknown_markets(face, markets), *(opens_as_nobody(clients, face) if clients is not None else ())]
        layers = layered_places(home.face_file(face.face)) if mistakes else Places(())
        found += [below(home, layers.finding(mistake)) for mistake in mistakes]
    return once(found)


def below(home: Home, finding: Finding) -> Finding:
    """The same with its place relative to the project."""
    return replace(finding, at=replace(finding.at, file=finding.at.file.removeprefix(f"{home.root}/")))
