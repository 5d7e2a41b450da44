"""The dates and the history that a server keeps of a resource, where the standard has members for them."""

from __future__ import annotations

from pydantic import Field

from adapter.declared import Declared
from adapter.ports import Document


class Dates(Declared):
    """Members that get the time of a change, unless the report has them: of any change, of a change of state, of entering a state."""

    changed: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    states: dict[str, str] = Field(default_factory=dict)

    def of(self, before: str, after: str, at: str) -> Document:
        """The dates that a change at that time sets."""
        members = list(self.changed)
        if before != after:
            members += self.state
            members += [self.states[after]] if after in self.states else []
        return dict.fromkeys(members, at)


class History(Declared):
    """The list ``member`` gets an element with each state. ``elements``: member of the element → member of the resource, which is taken as
    far as this very change set it."""

    member: str
    elements: dict[str, str] = Field(min_length=1)

    def entry(self, told: Document) -> Document:
        """The element for a change that set these members."""
        return {name: told[source] for name, source in self.elements.items() if told.get(source) is not None}
