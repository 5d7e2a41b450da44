"""``docs/configuration.md`` and ``docs/operations.md`` have every key that a file of ``config/`` can hold."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from adapter.cli.story import Story
from adapter.declared import Declared
from adapter.faces.clients import Clients
from adapter.faces.declaration import Face
from adapter.market import Market, RoutedMarket
from adapter.settings import Settings
from tests.service_kit import ROOT

FILES = {"adapter": Settings, "face": Face, "market": Market, "routed market": RoutedMarket, "clients": Clients, "story": Story}
PAGES = "\n".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("configuration.md", "operations.md"))
CODE = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", PAGES, re.DOTALL))


def models(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model of a file and those of its blocks, however deep."""
    yield kind
    for field in kind.model_fields.values():
        yield from (model for each in parts(field.annotation) for model in models(each))


def parts(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from parts(inner)


@pytest.mark.parametrize("file", FILES)
def test_every_key_of_a_file_is_described(file: str) -> None:
    keys = {field.alias or name for model in models(FILES[file]) for name, field in model.model_fields.items()}
    assert sorted(key for key in keys if not re.search(rf"\b{key}\b", CODE)) == []


def test_a_key_that_is_not_described_is_seen() -> None:
    class Inner(Declared):
        never_written: int

    class File(Declared):
        blocks: dict[str, tuple[Inner, ...]]

    assert [model.__name__ for model in models(File)] == ["File", "Inner"]
    assert not re.search(r"\bneverWritten\b", CODE)
