"""How resources go on by themselves: each has a script, which a task of its own plays, step by step."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.nexera.contract import Contract
from simulators.nexera.resources import Members, Resource, Resources
from simulators.nexera.scenario import Act, Kind, Step
from simulators.nexera.telling import Callbacks

_NOW = re.compile(r"\$now(?:\+(\d+))?")
_EVENT = re.compile(r"(Event|Notification)$")


class Player:
    """Plays scripts ``speed`` times as fast as they are written; ``now`` gives seconds since the epoch."""

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        resources: Resources,
        callbacks: Callbacks,
        contract: Contract,
        speed: float,
        now: Callable[[], float],
    ) -> None:
        self._kinds, self._resources, self._callbacks, self._contract = kinds, resources, callbacks, contract
        self._speed, self._now = speed, now
        self._playing: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._changed: dict[tuple[str, str], asyncio.Event] = {}

    def begin(self, resource: Resource, steps: Sequence[Step]) -> None:
        """The resource goes on by these steps, and no longer by those it had."""
        key = (resource.kind, resource.id)
        self.end(resource)
        if steps:
            self._changed[key] = asyncio.Event()
            self._playing[key] = asyncio.create_task(self._play(resource, steps, self._changed[key]))

    def end(self, resource: Resource) -> None:
        """Nothing happens to the resource by itself any more."""
        task = self._playing.pop((resource.kind, resource.id), None)
        if task is not None:
            task.cancel()

    def changed(self, resource: Resource) -> None:
        """The operator changed the resource, or a contact that it names."""
        if (event := self._changed.get((resource.kind, resource.id))) is not None:
            event.set()

    def beside(self, resource: Resource, step: Step) -> None:
        """One step beside the script of the resource."""
        task = asyncio.create_task(self._play(resource, [step], asyncio.Event()))
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def stop(self) -> None:
        """Ends all scripts."""
        tasks = [*self._playing.values(), *self._others]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._playing.clear()

    async def _play(self, resource: Resource, steps: Sequence[Step], changed: asyncio.Event) -> None:
        kind = self._kinds[resource.kind]
        for step in steps:
            if step.until:
                await changed.wait()
                changed.clear()
            await asyncio.sleep(step.after / self._speed)
            if resource.members.get(kind.state) in kind.ends:
                return
            await self.perform(resource, kind.acts[step.act])

    async def perform(self, resource: Resource, act: Act) -> list[int]:
        """Does one act now; the statuses that its callbacks came to."""
        members = resource.members
        members |= {name: self.filled(value, members) for name, value in act.set.items()}
        if act.note is not None:
            note = {"date": self.filled("$now", members), "author": "Nexera", **act.note}
            members["note"] = [*members.get("note", ()), note]
        about = resource
        if act.make:
            kind = self._kinds[act.make]
            about = self._resources.add(act.make, kind.prefix, self.filled({**kind.begins, **act.members}, members))
        if not act.tell:
            return []
        message: Members = {
            "eventId": str(uuid.uuid4()),
            "eventTime": self.filled("$now", members),
            "eventType": _EVENT.sub("Event", act.tell),
            "event": {about.kind: dict(about.members)},
        }
        if act.field_path:
            message["fieldPath"] = act.field_path
        self._contract.check_message(act.tell, message)
        return [await self._callbacks.send(act.spelled or act.tell, about.id, message) for _ in range(act.times)]

    def filled(self, value: Any, members: Mapping[str, Any]) -> Any:
        """The value with times and members of the resource in it; a member that the resource does not have is left out."""
        if isinstance(value, dict):
            parts = {name: self.filled(part, members) for name, part in value.items()}
            return {name: part for name, part in parts.items() if part is not None}
        if isinstance(value, list):
            return [self.filled(part, members) for part in value]
        if not isinstance(value, str) or not value.startswith("$"):
            return value
        if match := _NOW.fullmatch(value):
            moment = datetime.fromtimestamp(self._now(), UTC) + timedelta(seconds=int(match[1] or 0))
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        found: Any = members
        for name in value.removeprefix("$").split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return found
