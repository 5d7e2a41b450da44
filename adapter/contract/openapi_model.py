"""An OpenAPI document as plain data: what can be called, what comes in, and the form of each message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from adapter.contract.openapi_xml import XmlMember
from adapter.contract.shape import Member, OperationContract, Shape

Where = Literal["path", "query", "header"]
Form = Literal["none", "json", "xml", "form", "text"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value outside of the body. ``name`` is that on the wire, ``member`` that in the document (headers: in lower case).

    ``reserved``: the characters that separate parts of a URL are sent as they are.
    """

    name: str
    where: Where
    member: str
    explode: bool
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """One way to write a message: its media type ("" where it has no body) and the whole document that goes with it.

    ``schema`` is a JSON Schema that stands alone; ``xml`` says how elements are called where the body is XML.
    """

    media: str
    form: Form
    schema: Mapping[str, Any]
    shape: Shape
    xml: XmlMember | None = None

    @property
    def body(self) -> Member | None:
        """The body's place, None where there is none."""
        return self.shape.members.get("body")


@dataclass(frozen=True, slots=True)
class MessageModel:
    """A request or a reply. ``contents`` has one entry at least; the first is the one that is written."""

    parameters: tuple[Parameter, ...]
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class RestOperation:
    """One operation. ``replies`` are by status: ``200``, ``4XX``, ``default``.

    ``path`` has ``{name}`` where path parameters stand; ``aliases`` are other paths of a webhook. ``contract`` holds the shapes
    of its documents; the output is the union of all replies.
    """

    name: str
    method: str
    path: str
    request: MessageModel
    replies: Mapping[str, MessageModel]
    contract: OperationContract
    aliases: tuple[str, ...] = ()

    def reply(self, status: int) -> MessageModel | None:
        """The reply that is documented for a status, None where none is."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.replies:
                return self.replies[key]
        return None


@dataclass(frozen=True, slots=True)
class OpenApi:
    """One document. ``operations`` are those of ``paths``, ``webhooks`` what the backend sends; both by operationId."""

    location: Path
    operations: Mapping[str, RestOperation] = field(default_factory=dict)
    webhooks: Mapping[str, RestOperation] = field(default_factory=dict)
