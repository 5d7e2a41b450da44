"""Client secrets: a slow hash at rest, a fast keyed digest of the ones that were found right in memory.

Wrong secrets and unknown clients cost the same time. The slow hash runs in a thread, one at a time, and attempts per caller
are bounded, so that a flood of wrong secrets takes neither the loop nor the secrets that are already known. A secret that was
found wrong lately is refused at once and costs no attempt, so that one instance with an old secret, which repeats it for ever,
does not use up the attempts of another one at the same address that has the new secret.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from adapter.errors import NotAuthenticated, TooManyRequests
from adapter.faces.rate import Buckets

COST, BLOCK, PARALLEL = 2**14, 8, 1
_SHORTEST = 8
_MOST_WRONG = 1024


@dataclass(frozen=True, slots=True)
class SecretHash:
    """``scrypt$<n>$<r>$<p>$<salt>$<hash>``, salt and hash in base64."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, without repeating the text, where it is no hash or one that is too weak to keep."""
        parts = text.split("$")
        if len(parts) != 6 or parts[0] != "scrypt":
            raise ValueError("expected scrypt$n$r$p$salt$hash, as 'adapter client' prints it")
        try:
            n, r, p = (int(part) for part in parts[1:4])
            salt, digest = (base64.b64decode(part, validate=True) for part in parts[4:])
        except (ValueError, binascii.Error):
            raise ValueError("expected scrypt$n$r$p$salt$hash with three numbers and two base64 texts") from None
        if not (COST <= n <= 2**20 and n & (n - 1) == 0 and 8 <= r <= 32 and 1 <= p <= 16) or len(salt) < 16 or len(digest) != 32:
            raise ValueError(f"the hash is too weak or too costly: n at least {COST} and a power of two, r at least {BLOCK}")
        return cls(n, r, p, salt, digest)

    def matches(self, secret: bytes) -> bool:
        """Whether the secret is the one; takes tens of milliseconds of CPU, whatever the answer."""
        return hmac.compare_digest(self.digest, _scrypt(secret, self.salt, self.n, self.r, self.p))

    def __str__(self) -> str:
        texts = (base64.b64encode(part).decode("ascii") for part in (self.salt, self.digest))
        return "$".join(["scrypt", str(self.n), str(self.r), str(self.p), *texts])


def hash_secret(secret: str) -> str:
    """The text for ``config/clients.yaml``. Raises ValueError where the secret is shorter than 8 characters."""
    if len(secret) < _SHORTEST:
        raise ValueError(f"a secret has at least {_SHORTEST} characters")
    salt = os.urandom(16)
    return str(SecretHash(COST, BLOCK, PARALLEL, salt, _scrypt(secret.encode(), salt, COST, BLOCK, PARALLEL)))


def _scrypt(secret: bytes, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r * p, dklen=32)


class Authenticator:
    """Answers whether a pair of client id and secret is right. One per process and file of clients.

    ``idle`` is how many seconds a secret that was found right is remembered after its last use.
    """

    def __init__(
        self,
        hashes: Mapping[str, Sequence[str]],
        *,
        clock: Callable[[], float] = time.monotonic,
        idle: float = 900.0,
        tries_per_second: float = 1.0,
        tries_burst: int = 10,
        waiting: int = 32,
    ) -> None:
        self._hashes = {identity: tuple(map(SecretHash.parse, texts)) for identity, texts in hashes.items() if texts}
        every = [stored for stored_list in self._hashes.values() for stored in stored_list]
        dearest = max(every, key=lambda stored: stored.n * stored.r * stored.p, default=SecretHash(COST, BLOCK, PARALLEL, b"", b""))
        self._decoy = SecretHash(dearest.n, dearest.r, dearest.p, os.urandom(16), os.urandom(32))
        self._width = max((len(stored) for stored in self._hashes.values()), default=1)
        self._key = os.urandom(32)
        self._clock, self._idle, self._waiting = clock, idle, waiting
        self._right: dict[str, dict[bytes, float]] = {}
        self._wrong: OrderedDict[bytes, None] = OrderedDict()  # hashes do not change in here: what is wrong stays wrong
        self._running: dict[bytes, asyncio.Task[bool]] = {}
        self._tries = Buckets(tries_per_second, tries_burst, clock)
        self._one = asyncio.Semaphore(1)

    def remembered(self, identity: str, secret: bytes) -> bool:
        """Whether this very pair was found right before; costs microseconds."""
        known = self._right.get(identity)
        if known is None:
            return False
        digest, now, found = self._digest(identity, secret), self._clock(), False
        for candidate, until in list(known.items()):
            if until < now:
                del known[candidate]
            elif hmac.compare_digest(candidate, digest):
                known[candidate] = now + self._idle
                found = True
        return found

    async def check(self, identity: str, secret: bytes, peer: str) -> None:
        """Raises NotAuthenticated where the pair is not right, TooManyRequests where ``peer`` was wrong too often."""
        if self.remembered(identity, secret):
            return
        digest = self._digest(identity, secret)
        if digest in self._wrong:
            self._wrong.move_to_end(digest)
            raise NotAuthenticated
        task = self._running.get(digest)
        if task is None:
            task = self._start(identity, secret, digest, peer)
        if not await asyncio.shield(task):
            raise NotAuthenticated

    def _start(self, identity: str, secret: bytes, digest: bytes, peer: str) -> asyncio.Task[bool]:
        # unknown ids share one bucket per peer, so that making up ids buys no further tries
        bucket = f"{identity if identity in self._hashes else ''}\0{peer}"
        pause = self._tries.take(bucket)
        if pause or len(self._running) >= self._waiting:
            raise TooManyRequests("Too many attempts with credentials that are not known", headers={"Retry-After": str(int(pause) + 1)})
        task = asyncio.get_running_loop().create_task(self._verify(identity, secret, digest, bucket))
        self._running[digest] = task
        task.add_done_callback(lambda _: self._running.pop(digest, None))
        return task

    async def _verify(self, identity: str, secret: bytes, digest: bytes, bucket: str) -> bool:
        stored = self._hashes.get(identity, ())
        candidates = [*stored, *[self._decoy] * (self._width - len(stored))]
        async with self._one:
            # all are tried, so that the time does not tell which of them matched
            results = [await asyncio.to_thread(candidate.matches, secret) for candidate in candidates]
        right = any(results[: len(stored)])
        if right:
            self._tries.give_back(bucket)
            self._right.setdefault(identity, {})[digest] = self._clock() + self._idle
        else:
            self._wrong[digest] = None
            if len(self._wrong) > _MOST_WRONG:
                self._wrong.popitem(last=False)
        return right

    def _digest(self, identity: str, secret: bytes) -> bytes:
        name = identity.encode("utf-8", "surrogateescape")
        return hashlib.blake2b(len(name).to_bytes(4) + name + secret, key=self._key, digest_size=32).digest()
