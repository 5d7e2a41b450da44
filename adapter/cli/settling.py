"""What settling an order by hand needs where no service runs: the market's rules and the faces, as they are declared now."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from adapter.cli.check import Anything
from adapter.cli.translate import rules_of
from adapter.faces.admin.settling import Judge
from adapter.faces.declaration import load_face
from adapter.faces.rendering import Renderer
from adapter.mapping.translator import Translator
from adapter.market import Market
from adapter.settings import Home, Settings


@dataclass(frozen=True, slots=True)
class _Read:
    market: Market
    translators: Mapping[str, Translator]


def judge_without_service(home: Home, settings: Settings) -> Judge:
    """Raises ConfigError where a face cannot be read."""
    environment = Anything(os.environ)
    faces = [load_face(home.face_file(name), environment) for name in settings.faces]

    def rules(name: str) -> _Read:
        if name not in settings.markets:
            raise KeyError(name)
        found = rules_of(home, settings, name)
        return _Read(found.market, found.translators())

    return Judge(rules, {face.face: Renderer(face, settings.base_url) for face in faces})
