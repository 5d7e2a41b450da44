"""What each call does to the resources: create, change, read, list, limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.nexera.contract import ContractError, Operation
from simulators.nexera.playing import Player
from simulators.nexera.resources import Members, Resource, Resources, fits, patched
from simulators.nexera.scenario import Kind, Refusal, Response

_FOUND_WHEN_OVER = ("id", "requestId")  # a list asked with one of these shows what is over, too


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to one call: HTTP status and JSON body."""

    status: int
    body: Any


class Calls:
    """The calls of the interface, by the verb and kind of their operation."""

    def __init__(self, kinds: Mapping[str, Kind], resources: Resources, player: Player, now: Callable[[], float]) -> None:
        self._kinds, self._resources, self._player, self._now = kinds, resources, player, now
        self.clear()

    def clear(self) -> None:
        """The counts of the day begin anew."""
        self._used: dict[tuple[str, str], int] = {}

    def response(self, operation: Operation, body: Any) -> Response:
        """How the scenario file has this call answered."""
        if operation.verb != "create" or not isinstance(body, dict):
            return Response()
        return self._kinds[operation.kind].script(body).answer

    def do(self, operation: Operation, path: Mapping[str, str], query: Mapping[str, str], body: Any) -> Said:
        """Does the call. Raises ContractError where what it refers to is not there."""
        match operation.verb:
            case "create":
                return self._create(operation.kind, body)
            case "list":
                return Said(200, self._listed(operation.kind, query))
            case "read":
                return Said(200, self._limits(operation.kind))
        resource = self._resources.get(operation.kind, path["id"])
        if resource is None:
            return refused(Refusal(status=404, code="NOT_FOUND", reason=f"There is no {operation.kind} {path['id']}"))
        return Said(200, resource.members) if operation.verb == "retrieve" else self._update(resource, body)

    def _create(self, name: str, body: Members) -> Said:
        kind = self._kinds[name]
        self._check_references(body)
        if kind.most:
            day = (name, self._today())
            if self._used.get(day, 0) >= kind.most:
                return refused(Refusal(status=429, code="LIMIT_USED_UP", reason=f"All {kind.most} calls of today are used up"))
            self._used[day] = self._used.get(day, 0) + 1
        members = {**body, **self._player.filled(kind.begins, body)}
        resource = self._resources.add(name, kind.prefix, members, body)
        answer = dict(resource.members)  # as it is now; what the script does comes later
        script = kind.script(body)
        resource.again = script.again
        self._player.begin(resource, script.steps)
        return Said(201, answer)

    def _update(self, resource: Resource, change: Members) -> Said:
        kind = self._kinds[resource.kind]
        state = resource.members.get(kind.state, "")
        if state in kind.ends:
            return _conflict(resource, state, "is at its end")
        self._check_references(change)
        wanted = change.get(kind.state)
        asked = kind.asked.get(wanted) if isinstance(wanted, str) else None
        if asked is not None and asked.from_ and state not in asked.from_:
            return _conflict(resource, state, f"cannot become {wanted}")
        noted = resource.members.get("note", ())
        added = [note for note in change.get("note", ()) if note not in noted]
        own = {name: value for name, value in change.items() if name != "requestId"}
        resource.members = patched(resource.members | self._player.filled(kind.changed, resource.members), own)
        if "requestId" in change:
            resource.members["lastRequestId"] = change["requestId"]
        if asked is not None:
            self._moves(kind, resource, asked.set, own)
            again = kind.scripts[resource.again].steps if resource.again else ()
            self._player.begin(resource, () if resource.members[kind.state] in kind.ends else again)
        elif wanted is None:
            self._step_on(kind, resource, own)
        for note in added:
            if (step := kind.answers.get(note.get("@type", ""))) is not None:
                self._player.beside(resource, step)
        for woken in self._resources.naming(kind.wakes, resource.id) if kind.wakes else ():
            self._step_on(self._kinds[woken.kind], woken, {})
        return Said(200, dict(resource.members))

    def _moves(self, kind: Kind, resource: Resource, to: Members, own: Members) -> None:
        """The state changes by the operator's doing; what the operator said of that itself stays."""
        found = self._player.filled({**kind.moved, **to}, resource.members)
        resource.members |= {name: value for name, value in found.items() if name not in own}

    def _step_on(self, kind: Kind, resource: Resource, own: Members) -> None:
        state = resource.members.get(kind.state, "")
        if (after := kind.patched.get(state)) is not None:
            self._moves(kind, resource, {kind.state: after}, own)
        self._player.changed(resource)

    def _listed(self, name: str, query: Mapping[str, str]) -> list[Members]:
        kind = self._kinds[name]
        over = kind.ends if kind.state == "status" and not any(key in query for key in _FOUND_WHEN_OVER) else frozenset()
        return [
            one.members
            for one in self._resources.of(name)
            if one.members.get(kind.state) not in over and all(fits(one.members, path, value) for path, value in query.items())
        ]

    def _limits(self, name: str) -> Members:
        name = name.removesuffix("Limits")
        most, used = self._kinds[name].most, self._used.get((name, self._today()), 0)
        today = datetime.fromtimestamp(self._now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begins, ends = (moment.isoformat().replace("+00:00", "Z") for moment in (today, today + timedelta(days=1)))
        return {"limit": most, "used": used, "remaining": most - used, "validFor": {"startDateTime": begins, "endDateTime": ends}}

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()

    def _check_references(self, body: Any) -> None:
        """Whatever names one of our resources has to name one that is there."""
        if isinstance(body, dict):
            referred = str(body.get("@referredType", ""))
            kind = referred[:1].lower() + referred[1:]
            if kind in self._kinds and self._resources.get(kind, str(body.get("id"))) is None:
                raise ContractError(f"there is no {kind} {body.get('id')}")
        for part in body.values() if isinstance(body, dict) else body if isinstance(body, list) else ():
            self._check_references(part)


def refused(refusal: Refusal) -> Said:
    """A refusal as an answer."""
    return Said(refusal.status, {"code": refusal.code, "reason": refusal.reason})


def _conflict(resource: Resource, state: str, why: str) -> Said:
    return refused(Refusal(status=409, code="WRONG_STATE", reason=f"{resource.kind} {resource.id} is {state} and {why}"))
