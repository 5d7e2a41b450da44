"""A path as written against its contract, with the finding where it leaves it."""

from __future__ import annotations

from dataclasses import replace

from adapter.contract.shape import Place, Shape, UnknownStep, resolve
from adapter.finding import Finding, suggest
from adapter.mapping.catalogue import finding
from adapter.mapping.model import PathText


def place_of(root: Shape, target: PathText, code: str) -> Place | Finding:
    """The place a path leads to; the finding has ``code`` where a name is unknown, M302 or M303 where the number is wrong."""
    try:
        return resolve(root, target.path)
    except UnknownStep as error:
        return _blamed(error, target, code)


def _blamed(error: UnknownStep, target: PathText, code: str) -> Finding:
    step = error.step
    name, offset = step.name, step.offset
    if step.pick is not None and error.reason.startswith(f"'{step.pick.key}' is not a member"):
        name, offset = step.pick.key, step.offset + len(step.name) + 1
    at = replace(target.at, column=target.at.column + offset, length=len(name))
    if "one value" in error.reason:
        return finding("M303", error.reason, at, "leave out the brackets")
    if "is a list" in error.reason:
        return finding("M302", error.reason, at)
    return finding(code, error.reason, at, suggest(name, error.known, "its members are"))
