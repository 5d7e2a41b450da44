"""What a face asks of the rest of the adapter; bootstrap joins both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from adapter.errors import Problem
from adapter.ports import Document, Message, Reply, Result
from adapter.store.outbox import ListenerRow

if TYPE_CHECKING:
    from adapter.faces.listing import ListQuery, Page


class Validator(Protocol):
    """Checks a parsed body against the contract of one operation."""

    def problems(self, document: Document) -> list[Problem]:
        """Everything wrong with the document, each with its place; empty where it fits."""


class Service(Protocol):
    """The operations behind the faces. Every method may raise CallerError, StoreUnavailable and MappingFailed."""

    async def place(self, message: Message) -> Reply:
        """Carries out a message that changes something, once per ``message.key``; a repeat gets the recorded answer."""

    async def retrieve(self, message: Message) -> Result:
        """Reads the resource ``message.path["id"]`` of ``message.market``."""

    async def market_of(self, message: Message, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows the resource that the message is about; None where none does."""

    async def list(self, markets: Sequence[str], query: ListQuery) -> Page:
        """The recorded resources of ``query.operation``, newest first; ``query.page`` filters, sorts, cuts and counts them."""

    def serves(self, operation: str) -> bool:
        """Whether any market carries out the operation; one that reads, whether any has such resources."""

    def validator(self, face: str, market: str, operation: str) -> Validator:
        """The check for one operation. Raises NotOffered where the market has no such operation."""

    def refusal(self, message: Message, parameters: Sequence[Problem], members: Sequence[Problem]) -> Sequence[Problem]:
        """All that is wrong with a message that is refused: ``parameters`` and ``members``, which the face and the check found, and what
        the operation requires beyond them. Each place once, headers first, then members in the contract's order."""


class Hub(Protocol):
    """The listeners behind the faces. Every method may raise StoreUnavailable."""

    async def subscribe(self, wish: ListenerRow) -> ListenerRow:
        """Registers a listener; the answer is the wish with its id. Raises InvalidMessage for a callback that may not be called,
        Conflict where the client has the same one, or too many."""

    async def unsubscribe(self, face: str, client: str, identity: str) -> None:
        """Ends a subscription of this client: when this returns, no call to it starts any more. Raises NotFound."""

    async def subscription(self, face: str, client: str, identity: str) -> ListenerRow:
        """One subscription of this client. Raises NotFound."""

    async def subscriptions(self, face: str, client: str) -> Sequence[ListenerRow]:
        """All subscriptions of this client, the oldest first."""


Form = Literal["create", "full", "update"]
"""Of a resource: what a caller sends to make it, what it gets, what a merge patch may hold."""

Schemas = Callable[[str, str, Form], Mapping[str, Any] | None]
"""JSON Schema of (view, resource) in one form. None where there is none."""

Readiness = Callable[[], Awaitable[Sequence[str]]]
"""Why the service cannot take orders now, one sentence each; empty where it can."""
