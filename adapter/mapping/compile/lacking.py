"""What a request lacks of what a mapping requires: of a path that walks a list, in each of its elements."""

from __future__ import annotations

import re
from typing import Any, Final

from adapter.contract.path import Path, Step
from adapter.errors import Problem
from adapter.mapping.runtime import ABSENT, reach

_NUMBER: Final = re.compile(r"\[\d+\]")


def unnumbered(path: str) -> str:
    """The path as a mapping writes it: ``item[].code`` of ``item[1].code``."""
    return _NUMBER.sub("[]", path)


def lacking(found: Any, path: str, steps: tuple[Step, ...]) -> list[Problem]:
    """What is missing of ``found``, which lies at ``path``. ``steps`` begin with the list that is walked, if one is: then each element
    has to have what lies behind it. What is of another kind than its contract says is for that to tell."""
    if found is ABSENT or found is None:
        return [Problem(f"{path}{_rest(steps)}", "is required and missing")]
    if not steps:
        return [Problem(path, "is required and empty")] if found == "" else []
    if not isinstance(found, list):
        return []
    if not found:
        return [Problem(f"{path}{_rest(steps)}", "is required and empty")]
    rest = steps[1:]
    walked = next((number for number, step in enumerate(rest) if step.each), len(rest))
    near = (*rest[:walked], *(Step(step.name) for step in rest[walked : walked + 1]))
    problems = []
    for number, element in enumerate(found):
        place = ".".join([f"{path.removesuffix('[]')}[{number}]", *([str(Path(rest[: walked + 1]))] if near else [])])
        if isinstance(element, dict) or not near:
            problems += lacking(reach(element, near), place, rest[walked:])
    return problems


def _rest(steps: tuple[Step, ...]) -> str:
    """What stands behind the walked list."""
    return f".{Path(steps[1:])}" if len(steps) > 1 else ""
