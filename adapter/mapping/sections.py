"""The sections of a mapping file: which document each writes, and what its rules may read.

A file that calls an operation (``legacy:``) has the sections of CALL, that of a received message (``receives:``) those of RECEIVED.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapter.contract.shape import Shape
from adapter.mapping.model import Direction
from adapter.mapping.types import Contracts, Facts, ScopeShapes

_NO_FACTS: Final = Facts()


@dataclass(frozen=True, slots=True)
class Scoped:
    """A part of the file whose expressions may read the documents ``reads``, as far as the operation has them."""

    name: str
    reads: tuple[str, ...]

    def scope(self, contracts: Contracts, facts: Facts = _NO_FACTS) -> ScopeShapes:
        """What is known of each name; ``facts`` is what is certain beyond the contracts."""
        known = contracts.documents()
        return ScopeShapes(
            documents={name: known[name] for name in self.reads if name in known},
            stores={"header": contracts.header, "query": contracts.query, "path": contracts.path, "setting": frozenset(contracts.setting)},
            setting=contracts.setting,
            facts=facts,
        )


@dataclass(frozen=True, slots=True)
class Section(Scoped):
    """A part that writes one document. ``direction`` is its side, ``target`` its contract (None where the operation has no such
    document); ``source`` the document that two-way rules read, "" where they take no part. ``of_caller``: what its rules cannot take
    is the caller's mistake."""

    direction: Direction
    target: Callable[[Contracts], Shape | None]
    source: str = ""
    of_caller: bool = False


_ASKED: Final = ("request", "asked", "stored", "known")
_ANSWERED: Final = (*_ASKED, "reply")

REQUEST: Final = Section("request", _ASKED, Direction.REQUEST, lambda contracts: contracts.legacy.input, "request", of_caller=True)
OUTCOME: Final = Scoped("outcome", _ANSWERED)
REPLY: Final = Section(
    "reply",
    (*_ANSWERED, "warnings"),
    Direction.REPLY,
    lambda contracts: None if contracts.legacy.one_way else contracts.resource,
    "reply",
)
SUBJECT: Final = Section("subject", REPLY.reads, Direction.REPLY, lambda contracts: contracts.subject)
VIEW: Final = Scoped("view", (*REPLY.reads, "answer"))

IDENTITY: Final = Scoped("identity", ("message",))
REPORT: Final = Section("report", ("message", "known"), Direction.REPLY, lambda contracts: contracts.resource, "message")
ANSWER: Final = Section(
    "answer",
    ("message", "known", "report", "outcome"),
    Direction.REQUEST,
    lambda contracts: None if contracts.legacy.one_way else contracts.legacy.output,
)

CALL: Final = (REQUEST, REPLY, SUBJECT)
RECEIVED: Final = (REPORT, ANSWER)


def sections_of(received: bool) -> tuple[Section, ...]:
    """The sections of one kind of file."""
    return RECEIVED if received else CALL
