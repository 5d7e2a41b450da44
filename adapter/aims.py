"""What a message is about: something new, or something that is on record."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

from adapter.ports import Message
from adapter.resource import Resource


class Aim(StrEnum):
    """What a message is to do."""

    NEW = "new"  # a resource that stands for itself
    TASK = "task"  # a resource that asks for something to be done about another one
    UPDATE = "update"  # members of a resource change
    DELETE = "delete"

    def __init__(self, aim: str) -> None:
        self.makes = aim in ("new", "task")
        """Whether there is a resource of its own afterwards."""


@cache
def aim_of(operation: str) -> Aim:
    """By the verb: ``create`` makes something, ``delete`` takes it away, every other verb changes it. Raises ConfigError."""
    resource, _, verb = operation.partition(".")
    if verb == "create":
        return Aim.TASK if Resource.load(resource).subject is not None else Aim.NEW
    return Aim.DELETE if verb == "delete" else Aim.UPDATE


def named_by(message: Message) -> tuple[str, str]:
    """The kind and the id of the resource that a message is about: that of its path, or the one that a task names ("": none)."""
    name = message.operation.partition(".")[0]
    subject = Resource.load(name).subject if "id" not in message.path else None
    if subject is not None:
        return subject.resource, subject.named_in(message.body) or ""
    return name, message.path.get("id", "")
