"""Reads a declared file into its model; a mistake is named by file, line and column, all of them at once.

Findings: F101-F104 (YAML that cannot be read, see ``yaml_text.numbered``), F201 unknown key, F202 missing key, F203 wrong value, and
those that a model's own checks raise as ``Mistakes``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from adapter.contract.path import PathError, parse_path
from adapter.errors import CheckFailed, ConfigError
from adapter.finding import Finding, Position, nearest
from adapter.wrong_value import wrong_value
from adapter.yaml_text import Block, Items, Node, Scalar, json_value, numbered, read_document

COVERED = frozenset({"security", "endpoint", "ports", "store", "secret", "oldSecret", "callbackKey", "oldCallbackKey"})
"""Keys behind which credentials may stand; what stands there is never shown."""

Key = str | int
At = tuple[Key, ...]
"""What leads to a part of a declared file: keys, and the elements of lists by their number or by the text that stands there."""


class Declared(BaseModel):
    """A part of a declared file. Keys are camelCase in the file; unknown ones are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something wrong in what is declared: the key that ``at`` leads to or, with ``value``, what stands behind that key, where only a part
    of it is meant ``length`` characters from ``offset`` on. An element of a list is a value by itself."""

    at: At
    text: str
    hint: str = ""
    code: str = "F203"
    value: bool = False
    severity: str = "error"
    offset: int | None = None
    length: int = 1

    def below(self, *at: Key) -> Mistake:
        """The same, seen from a part further out."""
        return replace(self, at=(*at, *self.at))

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.at)) or 'the file'}: {self.text}"


class Mistakes(ValueError):
    """What a model's own check found, all of it. Raised by a validator, each is told at its own place."""

    def __init__(self, found: Iterable[Mistake]) -> None:
        self.found = tuple(found)
        super().__init__("; ".join(str(mistake) if mistake.at else mistake.text for mistake in self.found))


def check_path(at: At, text: str) -> Iterator[Mistake]:
    """M117: a text that is no path into a document."""
    try:
        parse_path(text)
    except PathError as error:
        yield Mistake(
            at, f"this is no path: {error.text}", "write name.name, name[] or name[key=value]", "M117", value=True, offset=error.offset
        )


def refuse(found: Iterable[Mistake]) -> None:
    """Raises Mistakes where one of those found is an error."""
    if errors := [mistake for mistake in found if mistake.severity == "error"]:
        raise Mistakes(errors)


class Places:
    """Where the parts of a declared file stand. A layered one has several texts, its own first."""

    def __init__(self, roots: Sequence[Node]) -> None:
        self._roots = tuple(roots)

    def at(self, at: Sequence[Key], *, value: bool = False) -> Position:
        """The place of a key, or of its value; of the nearest part around it, where the part itself does not stand there."""
        return max((_reached(root, at, value) for root in self._roots), key=lambda found: found[0])[1]

    def value(self, at: Sequence[Key]) -> Scalar | None:
        """The text that stands at a place, None where there is none."""
        found = (_below(root, at) for root in self._roots)
        return next((node for node in found if isinstance(node, Scalar)), None)

    def finding(self, mistake: Mistake) -> Finding:
        """The mistake, at its place."""
        at, text = self.at(mistake.at, value=mistake.value), self.value(mistake.at)
        if mistake.offset is not None and text is not None:
            at = text.part(mistake.offset, mistake.length)
        return Finding(mistake.code, str(mistake), at, mistake.hint, mistake.severity)


class NotSet(ConfigError):
    """Environment variables that declared files need are not set; ``missing`` names each with its place."""

    def __init__(self, missing: Iterable[str]) -> None:
        self.missing = tuple(missing)
        super().__init__("\n".join(self.missing))


Model = TypeVar("Model", bound=BaseModel)

_CODES = numbered("F")
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}")


def load_declared(path: Path, model: type[Model], environment: Mapping[str, str] | None = None, *, layered: bool = False) -> Model:
    """Reads ``path`` into ``model`` and puts in ``${VARIABLE}``. Raises ConfigError, CheckFailed with every finding.

    A ``layered`` file may begin from another of its folder: with ``like: other`` it is other.yaml with the file's own keys merged over it,
    mappings key by key, everything else as a whole; null takes the other's key away.
    """
    value, roots = _read(path, layered, ())
    missing: list[str] = []
    value = expand(value, os.environ if environment is None else environment, "", missing)
    if missing:
        raise NotSet(f"{path}: {each}" for each in missing)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        items = error.errors(include_input=False)
        # a list all of whose elements are wrong is also called too short; only the elements are worth telling
        inner = [item for item in items if not any(other["loc"][: len(item["loc"])] == item["loc"] != other["loc"] for other in items)]
        raise CheckFailed([finding for item in inner for finding in _findings(item, Places(roots), model)]) from None


def load_each(loads: Iterable[Callable[[], Model]]) -> list[Model]:
    """Several files, each by its function. Raises NotSet with every variable that any of them misses, and what the functions raise."""
    loaded: list[Model] = []
    missing: list[str] = []
    for load in loads:
        try:
            loaded.append(load())
        except NotSet as error:
            missing += error.missing
    if missing:
        raise NotSet(missing)
    return loaded


def places_of(path: Path, shown: str) -> Places:
    """Where the parts of a file stand that has been read before and is not layered; ``shown`` is its name in positions."""
    root = read_document(path, shown, _CODES).root
    assert root is not None, "the file has been read before"
    return Places([root])


def layered_places(path: Path) -> Places:
    """Where the parts of a layered file stand that has been read before."""
    return Places(_read(path, True, ())[1])


def check_name(path: Path, key: str, name: str) -> None:
    """A file is called like what it declares. Raises CheckFailed."""
    if name != path.stem:
        text = f"{key} is '{name}', but the file is called '{path.name}'; they must be the same"
        at = places_of(path, str(path)).at([key], value=True)
        raise CheckFailed([Finding("F203", text, at, f"write '{key}: {path.stem}', or rename the file to {name}.yaml")])


def _read(path: Path, layered: bool, below: tuple[Path, ...]) -> tuple[Any, list[Node]]:
    """The value of a file, and the texts it is made of, its own first. ``below`` are the files that begin from this one."""
    document = read_document(path, str(path), _CODES)
    if document.findings or document.root is None:
        raise CheckFailed(document.findings or [Finding("F101", "the file is empty", Position(str(path), 1, 1))])
    value, root = json_value(document.root), document.root
    if not layered or not isinstance(value, dict) or "like" not in value:
        return value, [root]
    named, at = str(value.pop("like")), Places([root]).at(["like"])
    if not re.fullmatch(r"\w[\w-]*", named):
        raise CheckFailed([Finding("F203", f"like: '{named}' is not the name of a file of this folder, without '.yaml'", at)])
    other = path.with_name(f"{named}.yaml")
    if other in (path, *below):
        raise CheckFailed([Finding("F203", f"like: {other.stem} begins from this file itself", at)])
    if not other.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml") if file != path)
        near = nearest(other.stem, known)
        raise CheckFailed([Finding("F203", f"like: there is no file {other}", at, f"did you mean '{near}'?" if near else "")])
    base, elsewhere = _read(other, layered, (path, *below))
    return _layered(base, value), [root, *elsewhere]


def _layered(base: Any, own: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    merged = {**base, **{key: _layered(base.get(key), value) for key, value in own.items()}}
    return {key: value for key, value in merged.items() if value is not None or key not in own}


def _reached(root: Node, at: Sequence[Key], value: bool) -> tuple[int, Position]:
    """How far a path leads, and the place of what it gets to."""
    node, place = root, root.at
    for number, key in enumerate(at):
        if isinstance(node, Block) and (entry := node.entry(str(key))) is not None:
            node, place = entry.value, entry.key.at
        elif isinstance(node, Items) and (element := _element(node, key)) is not None:
            node, place = element, element.at
        else:
            return number, place
    return len(at), node.at if value else place


def _below(root: Node, at: Sequence[Key]) -> Node | None:
    node: Node | None = root
    for key in at:
        node = node.get(str(key)) if isinstance(node, Block) else _element(node, key) if isinstance(node, Items) else None
    return node


def _element(items: Items, key: Key) -> Node | None:
    nodes = list(items)
    if isinstance(key, int):
        return nodes[key] if key < len(nodes) else None
    return next((node for node in nodes if isinstance(node, Scalar) and node.value == key), None)


def _findings(item: Any, places: Places, model: type[BaseModel]) -> list[Finding]:
    """What one error of a model amounts to."""
    loc = tuple(part for part in item["loc"] if isinstance(part, str | int))
    raised = item.get("ctx", {}).get("error")
    if isinstance(raised, Mistakes):
        return [places.finding(mistake.below(*loc)) for mistake in raised.found]
    where = ".".join(map(str, item["loc"])) or "the file"
    if item["type"] == "extra_forbidden":
        known = _known_keys(model, item["loc"][:-1])
        near = nearest(str(item["loc"][-1]), known)
        hint = f"did you mean '{near}'?" if near else f"known here: {', '.join(known)}" if known else ""
        return [Finding("F201", f"'{where}' is not a known key", places.at(loc), hint)]
    if item["type"] == "missing":
        return [Finding("F202", f"{where} is missing", places.at(loc))]
    written = places.value(loc)
    said = written.value if written is not None and not COVERED & {str(part) for part in loc} else None
    text, hint = wrong_value(item["type"], item["msg"], item.get("ctx", {}), said)
    return [Finding("F203", f"{where}: {text}", places.at(loc, value=written is not None), hint)]


def _known_keys(model: type[BaseModel], loc: tuple[Key, ...]) -> list[str]:
    """The keys of the model that ``loc`` leads to; unnamed levels (list index, free key) are walked through."""
    current: Any = model
    for part in loc:
        fields = {(field.alias or name): field for name, field in current.model_fields.items()}
        if part in fields:
            current = _model_in(fields[str(part)].annotation) or current
    return [field.alias or name for name, field in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def expand(value: Any, environment: Mapping[str, str], where: str, missing: list[str]) -> Any:
    """Replaces ``${NAME}`` in every text of a parsed file. What is not set is told to ``missing``."""
    if isinstance(value, dict):
        return {key: expand(item, environment, f"{where}.{key}" if where else str(key), missing) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, environment, f"{where}[{index}]", missing) for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        found = environment.get(match["name"], match["default"])
        if found is None:
            missing.append(f"{where}: the environment variable {match['name']} is not set; set it or write ${{{match['name']}:-default}}")
            return ""
        return found

    return _VARIABLE.sub(put, value)
