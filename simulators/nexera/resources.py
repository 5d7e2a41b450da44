"""The resources a simulated Nexera holds: in memory, bounded; doubles counted and never removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.numbers import Numbers

Members = dict[str, Any]


@dataclass(slots=True)
class Resource:
    """One resource: its members as the interface shows them. ``again`` is the script it goes on by after the operator asked for a state."""

    kind: str
    members: Members
    requests: list[Members] = field(default_factory=list)
    again: str = ""

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.members["id"])


class Resources:
    """At most ``limit`` of all kinds together; the oldest are forgotten first. ``numbers`` are those that they are given."""

    def __init__(self, limit: int) -> None:
        self.numbers = Numbers()
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Forgets everything, also which numbers were given."""
        self.numbers.clear()
        self._held: dict[tuple[str, str], Resource] = {}
        self._forgotten = 0

    def add(self, kind: str, prefix: str, members: Members, request: Members | None = None) -> Resource:
        """A new resource; its id is the prefix and the next number of its kind."""
        resource = Resource(kind, {"id": f"{prefix}-{self.numbers.next(kind):06d}", **members}, [] if request is None else [request])
        self._held[kind, resource.id] = resource
        if len(self._held) > self._limit:
            del self._held[next(iter(self._held))]
            self._forgotten += 1
        return resource

    def get(self, kind: str, identity: str) -> Resource | None:
        """The resource of this kind and id."""
        return self._held.get((kind, identity))

    def of(self, kind: str) -> list[Resource]:
        """All of a kind, oldest first."""
        return [resource for resource in self._held.values() if resource.kind == kind]

    def naming(self, kind: str, identity: str) -> list[Resource]:
        """Those of a kind that name a related party with this id."""
        return [one for one in self.of(kind) if any(party.get("id") == identity for party in one.members.get("relatedParty", ()))]

    def summary(self) -> Members:
        """As ``GET /bookings`` shows it: total, forgotten, and per requestId kind, count, numbers and the last request."""
        booked: dict[str, Members] = {}
        for resource in self._held.values():
            if reference := resource.members.get("requestId"):
                entry = booked.setdefault(reference, {"kind": resource.kind, "count": 0, "orderNumbers": []})
                entry["count"] += 1
                entry["orderNumbers"].append(resource.id)
                entry["lastRequest"] = resource.requests[-1] if resource.requests else None
        return {"total": len(self._held), "forgotten": self._forgotten, "bookings": booked}


def fits(members: Mapping[str, Any], path: str, value: str) -> bool:
    """Whether a member, or one of the members of a list, has this value: ``relatedEntity.id``."""
    name, _, rest = path.partition(".")
    found = members.get(name)
    if rest:
        return any(fits(one, rest, value) for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict))
    return found == value


def patched(members: Members, change: Mapping[str, Any]) -> Members:
    """RFC 7386: objects member by member, null takes away, everything else as a whole."""
    result = dict(members)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = patched(result[name] if isinstance(result.get(name), dict) else {}, value)
        else:
            result[name] = value
    return result
