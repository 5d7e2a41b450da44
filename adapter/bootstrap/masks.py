"""What a market masks, against the documents that it has: a mask for something that is in none of them hides nothing.

K212: no document has such a place. K213, a warning: elements are picked by a value that no mapping and no case of the market names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapter.contract.path import Pick, Step, parse_path
from adapter.contract.shape import Kind, Member, OperationContract, Shape
from adapter.contract.tmf import Resource
from adapter.declared import Mistake
from adapter.faces.declaration import Face
from adapter.finding import suggest
from adapter.market import Market

_PICKED = re.compile(r"\[[\w@#$:\-]+~?=['\"]?([^\]'\"]+)['\"]?\]")


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """The documents of a market as masks meet them: what is JSON is entered from its root, what is XML at any element."""

    json: tuple[Shape, ...]
    xml: tuple[Shape, ...]


def masked(resources: Mapping[str, Resource], contracts: Iterable[OperationContract], faces: Iterable[Face], *, elements: bool) -> Masked:
    """The documents of callers, and those of a backend, which are ``elements`` of XML or else JSON bodies."""
    canonical = [shape for each in resources.values() for shape in (each.create, each.full, *(one.shape for one in each.answers.values()))]
    legacy = [shape for contract in contracts for shape in (contract.input, contract.output, *contract.faults.values())]
    written = [_template(route.answer) for face in faces if face.media.writes_xml for route in face.routes]
    written += [_template(route.entry) for face in faces if face.media.writes_xml for route in face.routes]
    if elements:
        return Masked((*canonical,), (*(Shape(Kind.OBJECT, members={one.name: Member(one.name, one)}) for one in legacy), *written))
    return Masked((*canonical, *(each.members["body"].shape for each in legacy if "body" in each.members)), (*written,))


def check_masks(market: Market, documents: Masked, texts: Callable[[], Iterable[str]]) -> Iterator[Mistake]:
    """Each path of ``redact`` that leads nowhere. ``texts`` are the market's mappings and cases. Masks of HTTP headers are not judged:
    backends send what they like."""
    search = _Search(documents)
    for number, path in enumerate(market.redact):
        steps = parse_path(path).steps
        if steps[0].name == "header" and len(steps) == 2:
            continue
        at = ("redact", number)
        wrong = search.wrong(steps)
        if wrong is not None:
            text, hint, offset, length = wrong
            yield Mistake(at, text, hint, "K212", value=True, offset=offset, length=length)
            continue
        for step in steps:
            if step.pick is not None and not _named(step.pick, known := list(texts())):
                text = f"no mapping and no case of this market names '{step.pick.value}', so it may be that nothing is masked"
                hint = suggest(step.pick.value, sorted({value for one in known for value in _PICKED.findall(one)}))
                offset = step.offset + str(step).find(step.pick.value)
                length = len(step.pick.value)
                yield Mistake(at, text, hint or "name it in a case", "K213", True, "warning", offset, length)


def _named(pick: Pick, texts: Iterable[str]) -> bool:
    word = re.compile(rf"(?<!\w){re.escape(pick.value)}(?!\w)", re.IGNORECASE if pick.fold else 0)
    return any(word.search(text) for text in texts)


_Wrong = tuple[str, str, int, int]  # text, hint, and where in the path: offset and length


class _Search:
    """Follows paths through both kinds of documents."""

    def __init__(self, documents: Masked) -> None:
        self._documents = documents

    @cached_property
    def _elements(self) -> list[Shape]:
        return list(_objects(self._documents.xml))

    def wrong(self, steps: tuple[Step, ...]) -> _Wrong | None:
        """The first step that no document has; that of the kind of document where the path leads further."""
        found = [
            self._followed(steps, list(self._documents.json), deep=False),
            self._followed(steps, self._elements, deep=True),
        ]
        if None in found:
            return None
        far = max(each[0] for each in found if each is not None)
        known = sorted({name for each in found if each is not None and each[0] == far for name in each[1]})
        place, key = divmod(far, 2)
        step = steps[place]
        pick = step.pick if key else None
        name, offset = (step.name, step.offset) if pick is None else (pick.key, step.offset + len(step.name) + 1)
        inside = f" in '{step.name}'" if key else f" in '{steps[place - 1].name}'" if place else ""
        text = f"no document of this market has '{name}'{inside}, so nothing is masked"
        return text, suggest(name, known) or "name it as the documents do", offset, len(name)

    def _followed(self, steps: tuple[Step, ...], there: list[Shape], *, deep: bool) -> tuple[int, set[str]] | None:
        """How far the documents go along with a path, and the names that would do there; None: all the way. The key of a pick is half a
        step; in XML (``deep``) it is not looked at, since all elements of the name are masked."""
        for place, step in enumerate(steps):
            if place and any(shape.open or shape.kind is Kind.ANY for shape in there):
                return None
            inner = list(_objects(there)) if place and deep else there
            members = [shape.members[step.name] for shape in inner if step.name in shape.members]
            if not members:
                return 2 * place, {name for shape in inner for name in shape.members}
            there = [member.shape for member in members]
            if step.pick is not None and not deep:
                names = {name for shape in there for name in shape.members}
                if step.pick.key not in names and not any(shape.open for shape in there):
                    return 2 * place + 1, names
        return None


def _objects(roots: Iterable[Shape]) -> Iterator[Shape]:
    """Every object that documents of these shapes hold, each once."""
    seen: set[int] = set()
    todo = list(roots)
    while todo:
        shape = todo.pop()
        if id(shape) not in seen and shape.kind is Kind.OBJECT:
            seen.add(id(shape))
            yield shape
            todo += [member.shape for member in shape.members.values()]
            todo += shape.variants.values()


def _template(body: Any) -> Shape:
    """The elements of an answer that a face writes."""
    if not isinstance(body, dict):
        return Shape(Kind.TEXT)
    return Shape(Kind.OBJECT, members={name: Member(name, _template(value)) for name, value in body.items()})
