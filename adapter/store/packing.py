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
from adapter.store.words import KNOWN, NONE, WRITTEN, words

LEVEL = 1  # most of a body is in the dictionary: looking further costs nothing, for there is less to write
_LARGEST = 1 << 30  # bytes of a body that is unpacked; a frame that claims more is not ours


# For bodies of the usual size. The table that a body is searched with is as large as it has to be for it; that of the dictionary, 16 kB, is
# made once and shared by all threads. One of 32 kB finds a 30th more, and would push all else out of the processor's first cache.
_PARAMETERS = zstandard.ZstdCompressionParameters.from_level(
    LEVEL, source_size=4000, dict_size=len(words(WRITTEN)), hash_log=12, write_checksum=True, write_dict_id=True
)
words(WRITTEN).precompute_compress(compression_params=_PARAMETERS)


class _Codecs(threading.local):
    """A compressor belongs to one thread; making one costs as much as using it."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(dict_data=words(WRITTEN), compression_params=_PARAMETERS).compress
        self._decompressors: dict[int, zstandard.ZstdDecompressor] = {}

    def decompressor(self, number: int) -> zstandard.ZstdDecompressor:
        """The one for bodies that name this dictionary."""
        if number not in self._decompressors:
            self._decompressors[number] = zstandard.ZstdDecompressor(dict_data=None if number == NONE else words(number))
        return self._decompressors[number]


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
    """A packed body as it was; ``what`` names it. Raises StoreUnavailable where it is not what was written, which its checksum tells, and
    where only a newer version can read it."""
    try:
        frame = zstandard.get_frame_parameters(blob)
        if _LARGEST < frame.content_size != zstandard.CONTENTSIZE_UNKNOWN:  # so much memory would be taken at once, limit or not
            raise zstandard.ZstdError(f"it claims {frame.content_size} bytes")
        number = frame.dict_id
        if number != NONE and number not in KNOWN:
            raise StoreUnavailable(
                f"{what} was packed with dictionary {number}, which this version does not have: update the adapter to the version that "
                f"wrote it. Where there is none, it is damaged in the record: keep the record, look at its disk, and restore a backup"
            )
        return _CODECS.decompressor(number).decompress(blob, max_output_size=_LARGEST)
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
