"""The path language, the same for TMF and legacy documents: ``note[@type=JobType].text``, ``order.line[].code``.

    path  = step { "." step }
    step  = name [ "[]" | "[" name ("=" | "~=") value "]" ]

``[]`` walks a list, ``[key=value]`` picks the first element whose ``key`` equals ``value``, ``~=`` does so without regard
to case. A value may be quoted with ' or " when it holds ] or blanks at its ends. Pure; positions are offsets into the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_@#$][\w@#$:\-]*")
_BARE = re.compile(r"[^\]'\"]+")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")


_COUNTED = re.compile(r"\[-?\d+\]")


class PathError(ValueError):
    """The text is no path. ``offset`` counts characters from its start."""

    def __init__(self, text: str, offset: int) -> None:
        self.text, self.offset = text, offset
        super().__init__(f"{text} (at character {offset + 1})")


@dataclass(frozen=True, slots=True)
class Pick:
    """``[key=value]``; ``fold`` for ``~=``."""

    key: str
    value: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path. ``offset`` and ``length`` say where it stands in the text, for messages."""

    name: str
    each: bool = False
    pick: Pick | None = None
    offset: int = 0
    length: int = 0

    def __str__(self) -> str:
        if self.pick is not None:
            sign = "~=" if self.pick.fold else "="
            value = self.pick.value
            if "]" in value or value != value.strip() or not value:
                value = f"'{value}'" if "'" not in value else f'"{value}"'
            return f"{self.name}[{self.pick.key}{sign}{value}]"
        return f"{self.name}[]" if self.each else self.name


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path; ``str`` gives its canonical spelling."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))


def path_hint(text: str) -> str:
    """What to write instead of a text that is no path."""
    if _COUNTED.search(text) is not None:
        return "elements are not counted: pick one by a value ([key=value]), or walk the list ([]) and take first or last"
    return "a path is name.name, name[] or name[key=value]"


def parse_path(text: str) -> Path:
    """Parses a path. Raises PathError with the offset of the first character that does not fit."""
    steps: list[Step] = []
    at = 0
    while True:
        step, at = _step(text, at)
        steps.append(step)
        if at == len(text):
            return Path(tuple(steps))
        if text[at] != ".":
            raise PathError(f"expected '.' or '[', found {text[at]!r}", at)
        at += 1


def _step(text: str, start: int) -> tuple[Step, int]:
    name = _NAME.match(text, start)
    if name is None:
        found = repr(text[start]) if start < len(text) else "the end"
        raise PathError(f"expected a member name, found {found}", start)
    at = name.end()
    if at == len(text) or text[at] != "[":
        return Step(name.group(), offset=start, length=at - start), at
    if text.startswith("[]", at):
        return Step(name.group(), each=True, offset=start, length=at + 2 - start), at + 2
    key = _NAME.match(text, at + 1)
    if key is None:
        raise PathError("expected [] or [key=value]", at + 1)
    at = key.end()
    fold = text.startswith("~=", at)
    if not fold and not text.startswith("=", at):
        raise PathError("expected '=' or '~=' after the key", at)
    at += 2 if fold else 1
    quoted = _QUOTED.match(text, at)
    bare = None if quoted else _BARE.match(text, at)
    if quoted:
        value, at = quoted.group(1) if quoted.group(1) is not None else quoted.group(2), quoted.end()
    elif bare:
        value, at = bare.group().strip(), bare.end()
    else:
        raise PathError("expected a value", at)
    if not text.startswith("]", at):
        raise PathError("expected ']'", min(at, len(text)))
    at += 1
    return Step(name.group(), pick=Pick(key.group(), value, fold), offset=start, length=at - start), at
