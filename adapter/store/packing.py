"""Bodies and small structures as the columns keep them: Zstandard, and JSON as text."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import orjson
import zstandard

from adapter.errors import StoreUnavailable
from adapter.ports import Issue
from adapter.store.rows import MessageRow

LEVEL = -3  # the messages of a documented order shrink to a third; level 1 takes almost twice as long for a fifth less
_LARGEST = 1 << 30  # bytes of a body that is unpacked; a frame that claims more is not ours


class _Codecs(threading.local):
    """A compressor belongs to one thread; making one costs as much as using it."""

    def __init__(self) -> None:
        # The level's parameters for bodies of any size: those for small ones alone would take a tenth longer for a 27th less. Its table
        # of 32 kB would push all else out of the processor's first cache, for a body that is hardly smaller with it than with one of 8.
        parameters = zstandard.ZstdCompressionParameters.from_level(LEVEL, hash_log=11, write_checksum=True)
        self.compress = zstandard.ZstdCompressor(compression_params=parameters).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_CODECS = _Codecs()


class Packer:
    """Compresses the bodies of one transaction; a body that is kept in several places is compressed once."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []  # they are few, and compared at once; a hash would have to read each of them whole
        self._packed: list[bytearray] = []

    def pack(self, body: bytes) -> bytearray:
        """Compressed. No bytes: of each of these, unlike of a bytearray, SQLite's driver asks how it wants to be adapted."""
        if body in self._bodies:
            return self._packed[self._bodies.index(body)]
        packed = bytearray(_CODECS.compress(body))
        self._bodies.append(body)
        self._packed.append(packed)
        return packed

    def messages(self, order_id: str, attempt: int, messages: Iterable[MessageRow]) -> list[dict[str, Any]]:
        """The parameters that insert messages; those that name no attempt belong to ``attempt``."""
        return [
            {
                "order_id": order_id,
                "order": order_id,  # for the sub-select that numbers it
                "seq": seq,  # for the first ones of an order
                "attempt": message.attempt or attempt,
                "direction": message.direction._value_,
                "operation": message.operation,
                "at": message.at,
                "content_type": message.content_type,
                "status": message.status,
                "body": self.pack(message.body),
            }
            for seq, message in enumerate(messages)
        ]


def unpack(blob: bytes, what: str) -> bytes:
    """A packed body as it was; ``what`` names it. Raises StoreUnavailable where it is not what was written, which its checksum tells."""
    try:
        return _CODECS.decompress(blob, max_output_size=_LARGEST)
    except zstandard.ZstdError as error:
        raise StoreUnavailable(
            f"{what} is damaged in the record ({error}); the rest can be read. Keep the record, look at its disk, and restore a backup"
        ) from error


def readable(blob: bytes, what: str) -> tuple[bytes, str]:
    """A packed body for people, who are to see the rest even so: no bytes, and what ``unpack`` says of it, where it is damaged."""
    try:
        return unpack(blob, what), ""
    except StoreUnavailable as error:
        return b"", str(error)


def pack_issues(issues: tuple[Issue, ...]) -> str:
    """Issues as JSON text, "" where there are none."""
    return orjson.dumps(issues).decode() if issues else ""


def unpack_issues(text: str | None) -> tuple[Issue, ...]:
    """The inverse of ``pack_issues``."""
    return tuple(Issue(**issue) for issue in orjson.loads(text)) if text else ()
