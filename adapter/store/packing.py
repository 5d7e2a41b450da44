"""Bodies and small structures as the columns keep them: Zstandard, and JSON as text."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from typing import Any

import orjson
import zstandard

from adapter.ports import Issue
from adapter.store.rows import MessageRow

LEVEL = -1  # a documented order shrinks to a fifth; level 1 takes half as long again for a seventh less, zlib nearly three times as long
_LARGEST = 1 << 30  # bytes of a body that is unpacked; a frame that claims more is not ours


class _Codecs(threading.local):
    """A compressor belongs to one thread; making one costs as much as using it."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_CODECS = _Codecs()


class Packer:
    """Compresses the bodies of one transaction; a body that is kept in several places is compressed once."""

    def __init__(self) -> None:
        self._packed: dict[bytes, bytes] = {}

    def pack(self, body: bytes) -> bytes:
        """Compressed."""
        packed = self._packed.get(body)
        if packed is None:
            packed = self._packed[body] = _CODECS.compress(body)
        return packed

    def messages(self, order_id: str, attempt: int, messages: Iterable[MessageRow]) -> list[dict[str, Any]]:
        """The parameters that insert messages; those that name no attempt belong to ``attempt``."""
        return [
            {
                "order_id": order_id,
                "order": order_id,  # for the sub-select that numbers it
                "attempt": message.attempt or attempt,
                "direction": message.direction.value,
                "operation": message.operation,
                "at": message.at,
                "content_type": message.content_type,
                "status": message.status,
                "body": self.pack(message.body),
                "digest": hashlib.sha256(message.body).hexdigest(),
            }
            for message in messages
        ]


def unpack(blob: bytes) -> bytes:
    """A packed body as it was."""
    return _CODECS.decompress(blob, max_output_size=_LARGEST)


def pack_issues(issues: tuple[Issue, ...]) -> str | None:
    """Issues as JSON text, None where there are none."""
    return orjson.dumps(issues).decode() if issues else None


def unpack_issues(text: str | None) -> tuple[Issue, ...]:
    """The inverse of ``pack_issues``."""
    return tuple(Issue(**issue) for issue in orjson.loads(text)) if text else ()
