"""Everything that a request lacks, in one list: what the face and the contract found, and what the mapping requires beyond it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from adapter.contract.member_order import rank
from adapter.contract.path import PathError, Step, parse_path
from adapter.errors import Problem
from adapter.mapping.runtime import pick, pick_fold
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator

_STORES = ("header ", "query ")


def refusal(translator: Translator, scope: Scope, parameters: Sequence[Problem], members: Sequence[Problem]) -> list[Problem]:
    """Headers and query parameters first, then members in the contract's order; each place once.

    ``parameters`` are the face's problems with headers and parameters (by their names), ``members`` those of the contract with
    ``scope.request``. Of the mapping only ``require`` is asked.
    """
    known = {problem.path for problem in parameters}
    placed = {problem.path for problem in members}
    stores: list[Problem] = []
    lacking: list[Problem] = []
    for problem in translator.missing(scope):
        store = next((store for store in _STORES if problem.path.startswith(store)), "")
        if store:
            if problem.path.removeprefix(store) not in known:
                stores.append(problem)
        elif placed.isdisjoint(_places(problem.path, scope.request)):
            lacking.append(problem)
    inner = sorted([*members, *lacking], key=lambda problem: rank(translator.resource, problem.path))
    return [*parameters, *stores, *inner]


def _places(path: str, document: Any) -> Iterator[str]:
    """The path itself, and the places of this document that it leads to, as a contract's check names them."""
    yield path
    try:
        steps = parse_path(path).steps
    except PathError:  # a member whose name no path can spell
        return
    spots: list[tuple[str, Any]] = [("", document)]
    for step in steps:
        spots = [below for place, value in spots for below in _below(f"{place}.{step.name}".removeprefix("."), value, step)]
    for place, _ in spots:
        yield place


def _below(place: str, value: Any, step: Step) -> Iterator[tuple[str, Any]]:
    found = value.get(step.name) if isinstance(value, dict) else None
    if step.pick is None and not step.each:
        yield place, found
    elif isinstance(found, list):
        chosen = found
        if step.pick is not None:
            one = (
                pick_fold(found, step.pick.key, step.pick.value.lower()) if step.pick.fold else pick(found, step.pick.key, step.pick.value)
            )
            chosen = [one]
        yield from ((f"{place}[{number}]", element) for number, element in enumerate(found) if any(element is each for each in chosen))
