"""Reads a declared file into its model; a mistake is named by file, line and column, all of them at once.

Findings: F101-F104 (YAML that cannot be read, see ``yaml_text.numbered``), F201 unknown key, F202 missing key, F203 wrong value.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from adapter.errors import CheckFailed, ConfigError
from adapter.finding import Finding, Position
from adapter.yaml_text import Block, Items, Node, json_value, numbered, read_document

Key = str | int
Places = dict[tuple[Key, ...], Position]


class Declared(BaseModel):
    """A part of a declared file. Keys are camelCase in the file; unknown ones are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)


Model = TypeVar("Model", bound=BaseModel)

_CODES = numbered("F")
_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\}")


def load_declared(path: Path, model: type[Model], environment: Mapping[str, str] | None = None, *, layered: bool = False) -> Model:
    """Reads ``path`` into ``model`` and puts in ``${VARIABLE}``. Raises ConfigError, CheckFailed with every finding.

    A ``layered`` file may begin from another of its folder: with ``like: other`` it is other.yaml with the file's own keys merged over it,
    mappings key by key, everything else as a whole; null takes the other's key away.
    """
    value, places = _read(path, layered, ())
    try:
        value = expand(value, os.environ if environment is None else environment, "")
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        items = error.errors(include_input=False)
        # a list all of whose elements are wrong is also called too short; only the elements are worth telling
        inner = [item for item in items if not any(other["loc"][: len(item["loc"])] == item["loc"] != other["loc"] for other in items)]
        raise CheckFailed([_finding(item, places, model) for item in inner]) from None


def _read(path: Path, layered: bool, below: tuple[Path, ...]) -> tuple[Any, Places]:
    """The value of a file, and where each part of it stands. ``below`` are the files that begin from this one."""
    document = read_document(path, str(path), _CODES)
    if document.findings or document.root is None:
        raise CheckFailed(document.findings or [Finding("F101", "the file is empty", Position(str(path), 1, 1))])
    value, places = json_value(document.root), _places(document.root, (), {})
    if not layered or not isinstance(value, dict) or "like" not in value:
        return value, places
    named, at = str(value.pop("like")), places.pop(("like",))
    if not re.fullmatch(r"\w[\w-]*", named):
        raise CheckFailed([Finding("F203", f"like: '{named}' is not the name of a file of this folder, without '.yaml'", at)])
    other = path.with_name(f"{named}.yaml")
    if other in (path, *below):
        raise CheckFailed([Finding("F203", f"like: {other.stem} begins from this file itself", at)])
    if not other.is_file():
        known = sorted(file.stem for file in path.parent.glob("*.yaml") if file != path)
        near = difflib.get_close_matches(other.stem, known, 1)
        raise CheckFailed([Finding("F203", f"like: there is no file {other}", at, f"did you mean '{near[0]}'?" if near else "")])
    base, elsewhere = _read(other, layered, (path, *below))
    return _layered(base, value), {**elsewhere, **places}


def _layered(base: Any, own: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(own, dict):
        return own
    merged = {**base, **{key: _layered(base.get(key), value) for key, value in own.items()}}
    return {key: value for key, value in merged.items() if value is not None or key not in own}


def _places(node: Node, path: tuple[Key, ...], found: Places) -> Places:
    """The position of every key and element below ``node``."""
    found.setdefault(path, node.at)
    if isinstance(node, Block):
        for entry in node:
            found[(*path, entry.key.value)] = entry.key.at
            _places(entry.value, (*path, entry.key.value), found)
    elif isinstance(node, Items):
        for index, child in enumerate(node):
            _places(child, (*path, index), found)
    return found


def _finding(item: Any, places: Places, model: type[BaseModel]) -> Finding:
    loc = tuple(part for part in item["loc"] if isinstance(part, str | int))
    while loc and loc not in places:
        loc = loc[:-1]
    where = ".".join(map(str, item["loc"])) or "the file"
    if item["type"] == "extra_forbidden":
        known = _known_keys(model, item["loc"][:-1])
        near = difflib.get_close_matches(str(item["loc"][-1]), known, 1)
        hint = f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}" if known else ""
        return Finding("F201", f"'{where}' is not a known key", places[loc], hint)
    code = "F202" if item["type"] == "missing" else "F203"
    return Finding(code, f"{where}: {item['msg'].removeprefix('Value error, ')}", places[loc])


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


def expand(value: Any, environment: Mapping[str, str], where: str) -> Any:
    """Replaces ``${NAME}`` in every text of a parsed file. Raises ConfigError naming the variable that is not set."""
    if isinstance(value, dict):
        return {key: expand(item, environment, f"{where}.{key}" if where else str(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, environment, f"{where}[{index}]") for index, item in enumerate(value)]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        found = environment.get(match["name"], match["default"])
        if found is None:
            raise ConfigError(
                f"{where}: the environment variable {match['name']} is not set; set it or write ${{{match['name']}:-default}}"
            )
        return found

    return _VARIABLE.sub(put, value)
