"""Who sent a request: the client behind its credentials, and what that client may do."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping

from adapter.errors import NotAllowed, NotAuthenticated, TooManyRequests
from adapter.faces.authentication import Authenticator
from adapter.faces.clients import Client, Clients
from adapter.faces.declaration import Credentials
from adapter.faces.incoming import Incoming, spellings
from adapter.faces.rate import Bucket
from adapter.loopback import is_loopback


class Caller:
    """One client at work: what its declaration says of each request, and its share of requests. ``market`` is the one it is taken to mean
    where it names none of its ``markets``."""

    __slots__ = ("_allowed", "_bucket", "_faces", "body_bytes", "depth", "id", "market", "markets")

    def __init__(self, identity: str, client: Client, operations: Iterable[str], clock: Callable[[], float]) -> None:
        self.id, self._faces, self.market, self.markets = identity, client.faces, client.market, client.markets
        self.body_bytes, self.depth = client.limits.body_bytes, client.limits.depth
        self._allowed = frozenset(operation for operation in operations if client.may(operation))
        self._bucket = Bucket(client.limits.per_second, client.limits.burst, clock)

    def take_turn(self) -> None:
        """Raises TooManyRequests where the client's rate is used up."""
        pause = self._bucket.take()
        if pause:
            raise TooManyRequests(headers={"Retry-After": str(math.ceil(pause))})

    def check(self, face: str, operation: str) -> None:
        """Raises NotAllowed where the client may not use the operation on this face."""
        if (self._faces is not None and face not in self._faces) or operation not in self._allowed:
            raise NotAllowed(f"This client may not use {operation} here")

    def check_market(self, market: str) -> None:
        """Raises NotAllowed where the client may not use the market."""
        if market not in self.markets:
            raise NotAllowed("This client may not use this market")


class Spelled:
    """A face's declaration of credentials, with the names of headers as they are looked up."""

    __slots__ = ("id", "open_as", "secret")

    def __init__(self, declared: Credentials) -> None:
        self.id, self.secret = spellings(declared.id), spellings(declared.secret)
        self.open_as = declared.open_as


class Callers:
    """All callers of the service. ``open_here`` says that the service can be reached from this machine only."""

    def __init__(
        self, clients: Clients, operations: Iterable[str], *, open_here: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        names = tuple(operations)
        self._callers: Mapping[str, Caller] = {
            identity: Caller(identity, client, names, clock) for identity, client in clients.clients.items()
        }
        self._authenticator = Authenticator({identity: client.hashes for identity, client in clients.clients.items()}, clock=clock)
        self._open_here = open_here

    async def identify(self, incoming: Incoming, credentials: Spelled) -> Caller:
        """The caller of a request. Raises NotAuthenticated, TooManyRequests."""
        ids = incoming.values(credentials.id)
        secrets = incoming.values(credentials.secret)
        if not ids and not secrets and credentials.open_as and self._open_here and _is_local(incoming.first(b"host")):
            return self._callers[credentials.open_as]
        if len(ids) != 1 or len(secrets) != 1 or not secrets[0]:
            raise NotAuthenticated
        secret = secrets[0].encode("latin-1")
        if not self._authenticator.remembered(ids[0], secret):
            await self._authenticator.check(ids[0], secret, incoming.peer)
        return self._callers[ids[0]]


def _is_local(host: str | None) -> bool:
    """Whether the Host header names this machine; a page that had its own name resolve to 127.0.0.1 does not."""
    name = (host or "").strip()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return is_loopback(name.lower())
