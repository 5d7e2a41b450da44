"""What a client may change of a resource by PATCH, and in which state: data of the resource's file, judged here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from adapter.declared import Declared
from adapter.errors import CallerError, Conflict, InvalidMessage, Problem
from adapter.ports import Document

Members = frozenset[str] | Literal["any"]


class Patch(Declared):
    """``never``: members that no client changes. ``owned``: the server's own, of which a client may at most ask for a state. ``states``:
    the only members that may change while the resource is in that state; a state that is not listed allows any, and an end none.
    ``elements``: by a list whose elements have an id, what no client changes of an element that is there."""

    never: frozenset[str] = frozenset()
    owned: frozenset[str] = frozenset()
    elements: dict[str, frozenset[str]] = Field(default_factory=dict)
    states: dict[str, Members] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatchRules:
    """The rules of one resource. ``member`` holds its state, ``initial`` is that of a document without one, ``ends`` are not left,
    ``edges`` lead from a state to those that may come next."""

    resource: str
    member: str
    initial: str
    ends: frozenset[str]
    edges: Mapping[str, tuple[str, ...]]
    patch: Patch

    def refused(self, current: Document, patch: Document, allowed_states: Collection[str] = ()) -> CallerError | None:
        """Why a merge patch may not be applied to the document as it is known; None where it may.

        ``patch`` holds members of the resource by name, null for one that is to go. A member that stays what it is, is no change and
        never refused. ``allowed_states`` are those that a client of the market may ask for. InvalidMessage: a member that no client
        changes. Conflict: what is asked for does not go with the state that the resource is in.
        """
        changed = [name for name, value in patch.items() if current.get(name) != value]
        state, asked = current.get(self.member) or self.initial, patch.get(self.member)
        wants = asked if self.member in changed and asked in allowed_states else None
        problems = [problem for name in changed if name != self.member or wants is None for problem in self._not_ours(name)]
        problems += [problem for name in changed for problem in self._of_elements(name, current.get(name), patch[name])]
        if problems:
            return InvalidMessage(f"Not every member of {self.resource} that is sent can be changed", problems)
        if not changed:
            return None
        if state in self.ends:
            text = f"{self.resource} is {state}, and nothing can be changed any more. It can be changed while it is {self._open_states()}"
            return Conflict(text, [Problem(name, f"cannot be changed in the state {state}") for name in changed])
        if wants is not None and wants not in (following := self.edges.get(state, ())):
            text = f"{self.resource} is {state}, and from there it cannot become {wants}"
            return Conflict(text, [Problem(self.member, f"{state} is followed by {_listed(following)}")])
        return self._not_now(state, [name for name in changed if name != self.member])

    def _not_ours(self, name: str) -> list[Problem]:
        if name in self.patch.never:
            return [Problem(name, "cannot be changed")]
        if name in self.patch.owned or name == self.member:
            return [Problem(name, "is set by the server; it cannot be changed to this value")]
        return []

    def _of_elements(self, name: str, current: Any, wanted: Any) -> Iterator[Problem]:
        """An element that does not say such a member leaves it as it is."""
        fixed = self.patch.elements.get(name)
        if not fixed or not isinstance(current, list) or not isinstance(wanted, list):
            return
        known = {element.get("id"): element for element in current}
        for number, element in enumerate(wanted):
            before = known.get(element.get("id"), element)
            for member in sorted(fixed & element.keys()):
                if element[member] != before.get(member):
                    yield Problem(f"{name}[{number}].{member}", f"cannot be changed; it is {before.get(member)} in what was ordered")

    def _not_now(self, state: str, changed: Iterable[str]) -> Conflict | None:
        allowed = self.patch.states.get(state, "any")
        if allowed == "any" or not (refused := [name for name in changed if name not in allowed]):
            return None
        text = f"{self.resource} is {state}; in this state these members can be changed: {_listed(sorted(allowed))}"
        return Conflict(text, [Problem(name, f"cannot be changed in the state {state}") for name in refused])

    def _open_states(self) -> str:
        return _listed([state for state in self.edges if state not in self.ends])


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "none"
