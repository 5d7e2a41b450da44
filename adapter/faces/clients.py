"""Who may call: ``config/clients.yaml``. Secrets stand there as slow hashes only."""

from __future__ import annotations

import base64
import fnmatch
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from adapter.declared import At, Declared, Mistake, load_declared
from adapter.faces.authentication import SecretHash
from adapter.faces.declaration import Face
from adapter.finding import suggest

LEAST_KEY = 16
"""Bytes of a key that signs events."""


def signing_key(text: str) -> bytes:
    """The bytes of a key: those of the text, or what its base64 stands for behind ``whsec_``. Raises ValueError."""
    prefix, _, encoded = text.partition("whsec_")
    return text.encode() if prefix or not encoded else base64.b64decode(encoded, validate=True)


class ClientLimits(Declared):
    """``bodyBytes`` and ``depth`` bound one request, ``perSecond`` and ``burst`` their number, per process of the service."""

    body_bytes: int = Field(1_048_576, ge=1, le=104_857_600)
    depth: int = Field(64, ge=1, le=512)
    per_second: float = Field(100.0, gt=0, le=1_000_000)
    burst: int = Field(200, ge=1, le=1_000_000)


class Client(Declared):
    """One client. ``secret`` is the hash; ``oldSecret`` one that still holds while it is being replaced. Without any, nobody
    can sign in.

    Without ``faces`` it may use all. ``operations`` are patterns (``productOrder.*``); ``market`` is taken where a request
    names none. ``callbackKey`` signs the events that are sent to the client's listeners; ``oldCallbackKey`` signs them as well while the
    key is being replaced. ``parties`` are the ids by which backends call the client: what a backend's message makes for one of them
    belongs to the client.
    """

    secret: str = ""
    old_secret: str = ""
    faces: tuple[str, ...] | None = None
    markets: tuple[str, ...]
    operations: tuple[str, ...]
    market: str = ""
    limits: ClientLimits = ClientLimits()
    description: str = ""
    parties: tuple[str, ...] = ()
    callback_key: SecretStr = SecretStr("")
    old_callback_key: SecretStr = SecretStr("")

    @field_validator("callback_key", "old_callback_key")
    @classmethod
    def _key_is_one(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and len(signing_key(text)) < LEAST_KEY:
            raise ValueError(f"a key has at least {LEAST_KEY} bytes; 'openssl rand -base64 32' makes a good one")
        return value

    @property
    def callback_keys(self) -> tuple[bytes, ...]:
        """What events to the client's listeners are signed with, the newest first."""
        texts = (self.callback_key.get_secret_value(), self.old_callback_key.get_secret_value())
        return tuple(signing_key(text) for text in texts if text)

    @field_validator("secret", "old_secret")
    @classmethod
    def _hash_is_one(cls, value: str) -> str:
        if value:
            SecretHash.parse(value)
        return value

    @property
    def hashes(self) -> tuple[str, ...]:
        """The hashes of the secrets that hold, the newest first."""
        return tuple(filter(None, (self.secret, self.old_secret)))

    def may(self, operation: str) -> bool:
        """Whether one of the client's patterns covers the operation."""
        return any(fnmatch.fnmatchcase(operation, pattern) for pattern in self.operations)


class Clients(Declared):
    """All clients by id."""

    clients: dict[str, Client] = Field(min_length=1)

    @property
    def owners(self) -> dict[tuple[str, str], str]:
        """The client that a party stands for, by market and party."""
        return {(market, party): name for name, each in self.clients.items() for market in each.markets for party in each.parties}


def load_clients(path: Path, environment: Mapping[str, str] | None = None) -> Clients:
    """Reads the file of clients. Raises ConfigError; a secret is never part of its text."""
    return load_declared(path, Clients, environment)


def opens_as_nobody(clients: Clients, face: Face) -> Iterator[Mistake]:
    """K112: a face opens itself as a client that there is not."""
    name = face.credentials.open_as
    if name and name not in clients.clients:
        text = f"'{name}' is not in the file of clients"
        yield Mistake(("credentials", "openAs"), text, suggest(name, clients.clients, "there are"), "K112", value=True)


def strange_clients(clients: Clients, faces: Collection[str], markets: Collection[str]) -> Iterator[Mistake]:
    """K112: faces and markets that nothing declares; F203: a party that two clients are."""
    taken: dict[tuple[str, str], str] = {}
    for identity, client in clients.clients.items():
        at: At = ("clients", identity)
        named = [((*at, "faces", name), "face", name, faces) for name in client.faces or ()]
        named += [((*at, "markets", name), "market", name, markets) for name in client.markets]
        named += [((*at, "market"), "market", client.market, markets)] if client.market else []
        for place, what, name, known in named:
            if name not in known:
                text = f"there is no {what} '{name}' in config/{what}s"
                yield Mistake(place, text, suggest(name, known, "there are"), "K112", value=True)
        for market, party in ((market, party) for market in client.markets for party in client.parties):
            if (other := taken.setdefault((market, party), identity)) != identity:
                text = f"'{party}' of market '{market}' is {other} already"
                yield Mistake((*at, "parties", party), text, "a party stands for one client", value=True)
