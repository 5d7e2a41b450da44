"""How a value that may be absent can be made certain: what to write, with the path as the author would write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from adapter.contract.path import Path, Step
from adapter.mapping.expression.access import Access

Ways = Mapping[str, tuple[str, tuple[Step, ...]]]  # item<n> → document and path of the list it is an element of
NO_WAYS: Ways = {}


def walked_ways(access: Access | None, depth: int, ways: Ways) -> Ways:
    """The ways inside of a list that ``access`` names."""
    if access is None or access.key is not None or not access.steps:
        return ways
    root, before = ways.get(access.root, (access.root, ()))
    last = access.steps[-1]
    return {**ways, f"item{depth}": (root, (*before, *access.steps[:-1], replace(last, each=last.pick is None)))}


def require_hint(root: str, steps: tuple[Step, ...], ways: Ways = NO_WAYS, key: str | None = None) -> str:
    """The hint for a source that may be absent."""
    root, before = ways.get(root, (root, ()))
    path = Path((*before, *steps))
    if root == "request" and steps:
        return f"require {path}, or write … | default(…)"
    if root in ("header", "query") and key is not None:
        return f"require it: '- {root}: {key}', or write … | default(…)"
    if root == "reply" and steps and not before:
        return f"let the accepted outcome ask for it (reply['{path}'] is present), or write … | default(…)"
    return "write … | default(…)"
