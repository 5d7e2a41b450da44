"""Which value of the caller it was that a rule of the request direction could not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapter.contract.path import Step
from adapter.mapping.compile.code import Mark
from adapter.mapping.compile.record import SourcePath, fill
from adapter.mapping.runtime import ABSENT, pick, pick_fold

_KEYED: Final = frozenset({"header", "query", "path"})


def blamed(mark: Mark, error: BaseException, variables: Mapping[str, Any]) -> str:
    """The caller's member (``item[1].code``) or header (``header X-Id``) that the line ``mark`` read when it failed.

    ``variables`` are those of the generated function. Where the error tells its value, the source that holds it is named, else the
    first that is there. "" where the rule read nothing of the caller's, or failed by what somebody else wrote.
    """
    sources = list(dict.fromkeys(_read(mark, variables)))
    wrong = getattr(error, "value", ...)  # no message holds an ellipsis
    for source in sources:
        for path, value in _spots(source, variables):
            if value is wrong:
                return path if _is_callers(source) else ""
    if getattr(error, "ours", False):
        return ""
    callers = [source for source in sources if _is_callers(source)]
    there = (source for source in callers if any(value is not ABSENT and value is not None for _, value in _spots(source, variables)))
    found = next(there, next(iter(callers), None))
    return "" if found is None else _name(found, variables)


def _is_callers(source: SourcePath) -> bool:
    return source.root == "request" or source.root in _KEYED


def _read(mark: Mark, variables: Mapping[str, Any]) -> Iterator[SourcePath]:
    """What the line itself read; behind the branches of a rule that is what the taken one read."""
    if mark.sources is not None:
        yield from mark.sources
    elif mark.record is not None:
        branches = mark.record.branches
        taken = variables.get(mark.branch)
        for branch in branches if taken is None else branches[taken : taken + 1]:
            yield from branch.sources


def _name(source: SourcePath, variables: Mapping[str, Any]) -> str:
    if source.root in _KEYED:
        return source.text
    path = ".".join(map(str, source.steps)).removesuffix("[]" if source.walks else "")
    return fill(path, [variables[f"i{level}"] for level in source.levels])


def _spots(source: SourcePath, variables: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Each place that a source names, and what the message has there: one, or the elements of lists that are read as a whole."""
    scope = variables["scope"]
    if source.root in _KEYED:
        yield source.text, getattr(scope, source.root).get(source.text.removeprefix(f"{source.root} "), ABSENT)
        return
    document = {"request": scope.request, "stored": scope.stored, "known": scope.known}.get(source.root)
    if document is None:
        return
    indices = [variables[f"i{level}"] for level in source.levels]
    spots: list[tuple[str, Any]] = [("", document)]
    for step in source.steps:
        index = indices.pop(0) if step.each and indices else None
        spots = [below for path, value in spots for below in _below(path, value, step, index)]
    for path, value in spots:
        yield path, value
        if isinstance(value, list):
            yield from ((f"{path}[{number}]", element) for number, element in enumerate(value))


def _below(path: str, value: object, step: Step, index: int | None) -> Iterator[tuple[str, Any]]:
    """One step further: the element ``index`` of a list that is walked, or all of them where it is None."""
    found = value.get(step.name, ABSENT) if isinstance(value, dict) else ABSENT
    path = f"{path}.{step.name}" if path else step.name
    if step.pick is not None:
        picked = step.pick
        wanted = picked.value.lower() if picked.fold else picked.value
        element = (pick_fold if picked.fold else pick)(found if isinstance(found, list) else ABSENT, picked.key, wanted)
        yield path.removesuffix(step.name) + str(step), element
    elif not step.each:
        yield path, found
    elif isinstance(found, list):
        yield from ((f"{path}[{number}]", element) for number, element in enumerate(found) if index in (None, number))
