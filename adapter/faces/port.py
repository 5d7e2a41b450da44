"""What a face asks of the rest of the adapter; bootstrap joins both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from adapter.errors import Problem
from adapter.ports import Document, Message, Reply, Result

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

    async def market_of(self, identity: str, markets: Sequence[str]) -> str | None:
        """The first of ``markets`` whose record knows a resource with this id; None where none does."""

    async def list(self, markets: Sequence[str], query: ListQuery) -> Page:
        """The recorded resources of ``query.operation``, newest first; ``query.page`` filters, sorts, cuts and counts them."""

    def validator(self, face: str, market: str, operation: str) -> Validator:
        """The check for one operation. Raises NotOffered where the market has no such operation."""


Schemas = Callable[[str, str, Literal["create", "full"]], Mapping[str, Any] | None]
"""JSON Schema of (view, resource): ``create`` is what a caller sends, ``full`` what it gets. None where there is none."""

Readiness = Callable[[], Awaitable[Sequence[str]]]
"""Why the service cannot take orders now, one sentence each; empty where it can."""
