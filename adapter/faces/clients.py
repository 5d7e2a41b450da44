"""Who may call: ``config/clients.yaml``. Secrets stand there as slow hashes only."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field, field_validator

from adapter.declared import Declared, load_declared
from adapter.errors import ConfigError
from adapter.faces.authentication import SecretHash
from adapter.faces.declaration import Face


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
    names none.
    """

    secret: str = ""
    old_secret: str = ""
    faces: tuple[str, ...] | None = None
    markets: tuple[str, ...]
    operations: tuple[str, ...]
    market: str = ""
    limits: ClientLimits = ClientLimits()
    description: str = ""

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


def load_clients(path: Path, environment: Mapping[str, str] | None = None) -> Clients:
    """Reads the file of clients. Raises ConfigError; a secret is never part of its text."""
    return load_declared(path, Clients, environment)


def check_open_faces(clients: Clients, faces: Sequence[Face]) -> None:
    """Every face that opens itself does so as a client there is. Raises ConfigError."""
    for face in faces:
        name = face.credentials.open_as
        if name and name not in clients.clients:
            raise ConfigError(f"face {face.face}: credentials.openAs is '{name}', which is not in the file of clients")


def check_clients(clients: Clients, faces: Sequence[str], markets: Sequence[str]) -> None:
    """Raises ConfigError naming what a client may use and nothing declares: a face, a market."""
    for identity, client in clients.clients.items():
        wanted = {("face", name) for name in client.faces or ()} | {("market", name) for name in (*client.markets, client.market) if name}
        there = {("face", name) for name in faces} | {("market", name) for name in markets}
        strange = sorted(f"{what} '{name}'" for what, name in wanted - there)
        if strange:
            raise ConfigError(f"clients.{identity}: {', '.join(strange)} is not in config/adapter.yaml")
