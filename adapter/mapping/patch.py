"""Setting one member of a document without changing the document: what lies on the way is copied, the rest is shared."""

from __future__ import annotations

from typing import Any

from adapter.contract.path import Pick, Step
from adapter.contract.shape import Shape
from adapter.mapping.runtime import ABSENT, pick, pick_fold
from adapter.ports import Document


def patched(shape: Shape, document: Document, steps: tuple[Step, ...], value: Any) -> Document:
    """The document with ``value`` at ``steps``; ABSENT removes the member. New members stand in the contract's order."""
    step, rest = steps[0], steps[1:]
    member = shape.members.get(step.name)
    inner = member.shape if member is not None else Shape(shape.kind, open=True)
    old = document.get(step.name, ABSENT)
    if step.pick is not None:
        return _with(shape, document, step.name, _picked(inner, old, step.pick, rest, value))
    if not rest:
        return _with(shape, document, step.name, value)
    below = patched(inner, old if isinstance(old, dict) else {}, rest, value)
    return _with(shape, document, step.name, below if below else ABSENT)


def _picked(shape: Shape, old: Any, wanted: Pick, rest: tuple[Step, ...], value: Any) -> Any:
    elements = old if isinstance(old, list) else []
    found = pick_fold(elements, wanted.key, wanted.value.lower()) if wanted.fold else pick(elements, wanted.key, wanted.value)
    if found is ABSENT:
        made = patched(shape, {}, rest, value)
        return [*elements, _with(shape, made, wanted.key, wanted.value)] if made else old
    return [patched(shape, element, rest, value) if element is found else element for element in elements]


def _with(shape: Shape, document: Document, name: str, value: Any) -> Document:
    if value is ABSENT:
        return {key: each for key, each in document.items() if key != name}
    if name in document:
        return {**document, name: value}
    rank = {each: number for number, each in enumerate(shape.members)}
    changed = {**document, name: value}
    return dict(sorted(changed.items(), key=lambda pair: rank.get(pair[0], len(rank))))
