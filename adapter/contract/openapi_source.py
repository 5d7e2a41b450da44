"""The files of an OpenAPI document: itself and those it refers to, read from disk and nowhere else.

A ``Here`` is one place in them: it knows its value, follows ``$ref``, and says file:line:column where something is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from adapter.errors import CheckFailed, ConfigError
from adapter.finding import Position
from adapter.yaml_text import Block, Items, Node, json_value, numbered, read_document


@dataclass(frozen=True, slots=True)
class _File:
    """One file: its data, and the same with places."""

    root: Node
    data: Any
    text: str


@dataclass(slots=True)
class Sources:
    """The files read so far, by absolute path."""

    files: dict[Path, _File] = field(default_factory=dict)

    def read(self, path: Path, named_by: Here | None = None) -> Here:
        """The root of a file (YAML or JSON) by its absolute path. Raises ConfigError: it is not there, cannot be read, or is empty."""
        if path not in self.files:
            if named_by is not None and not path.is_file():
                raise named_by.refuse(f"there is no file {path}", "put it beside the document and name it by its relative path")
            document = read_document(path, str(path), numbered("C"))
            if document.findings:
                raise CheckFailed(document.findings)
            if document.root is None:
                raise ConfigError(f"{path} is empty; an OpenAPI document is expected")
            self.files[path] = _File(document.root, json_value(document.root), document.text)
        return Here(self, path, (), self.files[path].data)

    def unchanged(self) -> bool:
        """Whether all files hold what they held when they were read."""
        try:
            return all(path.read_bytes() == file.text.encode() for path, file in self.files.items())
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Here:
    """A place in an OpenAPI document. ``steps`` lead to it from the root of ``path``; ``value`` is the JSON data that stands there."""

    sources: Sources
    path: Path
    steps: tuple[str, ...]
    value: Any

    @property
    def pointer(self) -> str:
        """``#/paths/~1order/post``."""
        return "#" + "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in self.steps)

    @property
    def position(self) -> Position:
        """The line and column of the place, or of the last step towards it that is there."""
        node: Node | None = self.sources.files[self.path].root
        at = Position(str(self.path), 1, 1)
        for step in self.steps:
            entry = node.entry(step) if isinstance(node, Block) else None
            if entry is not None:
                node, at = entry.value, entry.key.at
            elif isinstance(node, Items) and step.isdigit() and int(step) < len(node.nodes):
                node = node.nodes[int(step)]
                at = node.at
            else:
                break
        return at

    def refuse(self, text: str, remedy: str = "") -> ConfigError:
        """The error that names this place."""
        return ConfigError(f"{self.position}: {self.pointer}: {text}" + (f"; {remedy}" if remedy else ""))

    def object(self, what: str, fixed: Collection[str] = ()) -> Mapping[str, Any]:
        """The value, which has to be an object; with ``fixed`` of these members and ``x-…`` only. Raises ConfigError."""
        if not isinstance(self.value, Mapping):
            raise self.refuse(f"{what} is an object, this is {_kind(self.value)}")
        for name in self.value if fixed else ():
            if name not in fixed and not name.startswith("x-"):
                raise self.at(name).refuse(f"{what} has no member '{name}'", f"it has {', '.join(fixed)}, and members beginning with x-")
        return self.value

    def text(self, name: str, default: str = "") -> str:
        """The member ``name``, which has to be text where it stands. Raises ConfigError."""
        value = self.value.get(name, default)
        if not isinstance(value, str):
            raise self.at(name).refuse(f"'{name}' is text, this is {_kind(value)}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The member ``name``, which has to be true or false where it stands. Raises ConfigError."""
        value = self.value.get(name, default)
        if not isinstance(value, bool):
            raise self.at(name).refuse(f"'{name}' is true or false, this is {_kind(value)}")
        return value

    def at(self, *names: str) -> Here:
        """The place one or more members on. What is not there has the value None."""
        value = self.value
        for name in names:
            value = value.get(name) if isinstance(value, Mapping) else None
        return Here(self.sources, self.path, (*self.steps, *names), value)

    def members(self) -> Iterator[tuple[str, Here]]:
        """The members of an object with their places."""
        for name, value in self.value.items():
            yield name, Here(self.sources, self.path, (*self.steps, name), value)

    def items(self, what: str) -> Iterator[Here]:
        """The elements of a list with their places. Raises ConfigError where it is none."""
        if not isinstance(self.value, list):
            raise self.refuse(f"{what} is a list, this is {_kind(self.value)}")
        for index, value in enumerate(self.value):
            yield Here(self.sources, self.path, (*self.steps, str(index)), value)

    def resolved(self) -> Here:
        """Where ``$ref`` leads in the end; this place itself where it has none. Raises ConfigError."""
        place, seen = self, {(self.path, self.steps)}
        while isinstance(place.value, Mapping) and "$ref" in place.value:
            target = place.target()
            if (target.path, target.steps) in seen:
                raise self.refuse("the reference leads back to itself")
            seen.add((target.path, target.steps))
            place = target
        return place

    def target(self) -> Here:
        """Where the ``$ref`` of this place points. Raises ConfigError: no such place, or not in a file."""
        reference = self.text("$ref")
        named = self.at("$ref")
        parts = urlsplit(reference)
        if parts.scheme or parts.netloc:
            raise named.refuse(f"'{reference}' lies on a network", "contracts are read from files only; put the file beside this one")
        found = self.sources.read((self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path, named)
        if parts.fragment and not parts.fragment.startswith("/"):
            raise named.refuse(f"'{reference}' refers to an anchor", "write the way to the place: #/components/schemas/…")
        for step in parts.fragment.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found._step(name, reference, named)
        return found

    def _step(self, name: str, reference: str, named: Here) -> Here:
        if isinstance(self.value, list) and name.isdigit() and int(name) < len(self.value):
            return Here(self.sources, self.path, (*self.steps, name), self.value[int(name)])
        if not isinstance(self.value, Mapping) or name not in self.value:
            known = f"there is: {', '.join(self.value)}" if isinstance(self.value, Mapping) and self.value else ""
            raise named.refuse(f"'{reference}' leads nowhere: {self.path.name}{self.pointer} has no '{name}'", known)
        return self.at(name)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    for python, words in ((bool, "true or false"), (str, "text"), (Mapping, "an object"), (list, "a list")):
        if isinstance(value, python):
            return words
    return "a number"
