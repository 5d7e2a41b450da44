"""The reports in an answer about many orders. One that cannot be mapped, for a status that nobody knows, does not keep back the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from adapter.contract.path import Path, PathError, parse_path
from adapter.errors import MappingFailed
from adapter.mapping.model import ListRule
from adapter.mapping.runtime import reach
from adapter.mapping.scope import Scope
from adapter.mapping.translator import Translator
from adapter.ports import Document

REPORTS = "orders"
_REPLY = "reply."


class Report(NamedTuple):
    """What an answer says of one order. ``target`` is where it stands in what the mapping makes of ``scope``."""

    document: Document
    scope: Scope
    target: str


def reports_of(translator: Translator, scope: Scope) -> tuple[dict[str, Report], str]:
    """The reports by the backend's number of their order, and why some are missing, "" where none is."""
    try:
        return _mapped(translator, scope), ""
    except MappingFailed as error:
        found: dict[str, Report] = {}
        for alone in _apart(translator, scope):
            try:
                found |= _mapped(translator, alone)
            except MappingFailed:  # this is the one, or one of those
                continue
        return found, f"the answer cannot be mapped: {error}"


def _mapped(translator: Translator, scope: Scope) -> dict[str, Report]:
    reports = translator.reply(scope).document.get(REPORTS) or []
    return {str(report.get("id")): Report(report, scope, f"{REPORTS}[{place}]") for place, report in enumerate(reports)}


def _apart(translator: Translator, scope: Scope) -> Iterator[Scope]:
    """The answer as if it told of one order only, for each that it tells of; nothing where the mapping does not walk a list of the answer
    itself."""
    path = _walked(translator)
    listed = reach(scope.reply, path.steps) if path is not None else None
    if path is not None and isinstance(listed, list):
        for element in listed:
            yield replace(scope, reply=_with(scope.reply, path, [element]))


def _walked(translator: Translator) -> Path | None:
    """The list of the answer that makes the reports."""
    rules = translator.mapping.rules.get("reply", ())
    text = next((rule.each.text for rule in rules if isinstance(rule, ListRule) and str(rule.target.path) == f"{REPORTS}[]"), "")
    try:
        path = parse_path(text.removeprefix(_REPLY)) if text.startswith(_REPLY) else None
    except PathError:  # something that is computed
        return None
    return None if path is None or any(step.each or step.pick for step in path.steps) else path


def _with(document: Any, path: Path, value: Any) -> Any:
    """A copy of the document with another value at a path that leads somewhere."""
    copy = dict(document)
    place = copy
    *way, last = (step.name for step in path.steps)
    for name in way:
        place[name] = dict(place[name])
        place = place[name]
    place[last] = value
    return copy
