"""The whole record as one portable file, and from the file into an empty record: from SQLite to PostgreSQL and back.

The file is JSON lines in Zstandard: a head, then for each table a line with its columns, a line for each row (bytes in Base64), and a
line with the number of rows and their checksum; at last a line that says that it is whole. The checksum of a table is the sum of the
SHA-256 of its lines, so that the order of the rows, which engines see differently, does not matter.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson
import zstandard
from sqlalchemy import LargeBinary, Table

from adapter import clock
from adapter.errors import ConfigError
from adapter.store.address import PostgresAddress, parse
from adapter.store.copying import to_disk
from adapter.store.private import make_private
from adapter.store.schema import HEAD, metadata

Progress = Callable[[str], None]

FORMAT = "tmf-legacy-adapter record"
VERSION = 1
BATCH = 1000
_OWN = "meta"  # what the service notes about itself: no reason to call a record used

TABLES = [metadata.tables[name] for name in sorted(metadata.tables)]


class Reader(Protocol):
    """An open record that is read while nobody writes it."""

    def rows(self, table: Table) -> AsyncIterator[list[tuple[Any, ...]]]:
        """All rows of a table, some at a time."""
        ...


class Writer(Reader, Protocol):
    """An open transaction on a record that nobody else can see or write. It is committed where its context ends well."""

    async def is_empty(self, table: Table) -> bool:
        """Whether the table has no row."""
        ...

    async def clear(self, table: Table) -> None:
        """Deletes all rows."""

    async def insert(self, table: Table, rows: list[tuple[Any, ...]]) -> None:
        """Adds rows, all columns in their order."""


class Tally:
    """Number and checksum of a table's rows, in whatever order they come."""

    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, line: bytes) -> None:
        """Takes the line of one row."""
        self.rows += 1
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest())) % (1 << 256)

    @property
    def checksum(self) -> str:
        """64 hexadecimal digits."""
        return f"{self._sum:064x}"


async def export_record(url: str, file: Path, progress: Progress) -> int:
    """Writes the record at ``url`` into the new file, and returns the number of rows.

    Raises ConfigError where the file exists, StoreUnavailable where the record cannot be read or a service has it open.
    """
    part, total = _part_of(file), 0
    try:
        async with _reading(url) as reader:
            with part.open("wb") as raw, zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False) as out:
                _line(out, {"format": FORMAT, "version": VERSION, "tables": HEAD, "written": clock.iso(clock.now())})
                for table in TABLES:
                    tally = await _export_table(reader, table, out)
                    progress(f"{table.name}: {tally.rows} rows")
                    total += tally.rows
                _line(out, {"whole": len(TABLES), "rows": total})
        to_disk(part)
        part.replace(file)
        to_disk(file.parent)
    finally:
        part.unlink(missing_ok=True)
    return total


def _part_of(file: Path) -> Path:
    """Where the export grows until it is whole."""
    if file.exists():
        raise ConfigError(f"{file} exists already; name a new file for the export")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    make_private(part)
    return part


async def _export_table(reader: Reader, table: Table, out: Any) -> Tally:
    tally, packed = Tally(), _bytes_at(table)
    _line(out, {"table": table.name, "columns": list(table.c.keys())})
    async for rows in reader.rows(table):
        for row in rows:
            line = _encode(row, packed)
            tally.add(line)
            out.write(line + b"\n")
    _line(out, {"end": table.name, "rows": tally.rows, "sum": tally.checksum})
    return tally


async def import_record(url: str, file: Path, progress: Progress) -> int:
    """Reads the file into the empty record at ``url``, whose tables it makes, in one transaction, and returns the number of rows.

    What was written is read again and compared with the file before it is committed. Raises ConfigError where the file is none of
    ours, not whole, or of another release, or where the record holds something; StoreUnavailable where it cannot be written.
    """
    with file.open("rb") as raw:
        lines = _lines(file, raw)
        head = _head(file, next(lines, None))
        progress(f"{file}: written {head['written']}")
        async with _writing(url, progress) as writer:
            for table in TABLES:
                if table.name != _OWN and not await writer.is_empty(table):
                    raise ConfigError(f"the record holds rows in '{table.name}': an import needs an empty one; name another in 'store'")
            total = 0
            for table in TABLES:
                expected = await _import_table(writer, table, file, lines)
                await _verify(writer, table, expected)
                progress(f"{table.name}: {expected.rows} rows, verified")
                total += expected.rows
            if next(lines, None) != orjson.dumps({"whole": len(TABLES), "rows": total}):
                raise _broken(file, "its end is missing")
    return total


async def _import_table(writer: Writer, table: Table, file: Path, lines: Iterator[bytes]) -> Tally:
    if next(lines, None) != orjson.dumps({"table": table.name, "columns": list(table.c.keys())}):
        raise _broken(file, f"table '{table.name}' is missing, or has other columns")
    await writer.clear(table)
    tally, packed = Tally(), _bytes_at(table)
    batch: list[tuple[Any, ...]] = []
    for line in lines:
        if line.startswith(b"{"):
            if line != orjson.dumps({"end": table.name, "rows": tally.rows, "sum": tally.checksum}):
                raise _broken(file, f"the rows of '{table.name}' do not have the checksum that the file names")
            await writer.insert(table, batch)
            return tally
        tally.add(line)
        try:
            batch.append(_decode(line, packed))
        except ValueError:  # no JSON, or no Base64: a line that was cut
            raise _broken(file, f"it ends, or is damaged, within table '{table.name}'") from None
        if len(batch) == BATCH:
            await writer.insert(table, batch)
            batch = []
    raise _broken(file, f"it ends within table '{table.name}'")


async def _verify(writer: Writer, table: Table, expected: Tally) -> None:
    found, packed = Tally(), _bytes_at(table)
    async for rows in writer.rows(table):
        for row in rows:
            found.add(_encode(row, packed))
    if (found.rows, found.checksum) != (expected.rows, expected.checksum):
        raise ConfigError(
            f"table '{table.name}' reads differently from what was written ({found.rows} rows, {expected.rows} expected); nothing was kept"
        )


def _reading(url: str) -> AbstractAsyncContextManager[Reader]:
    address = parse(url)
    if isinstance(address, PostgresAddress):
        from adapter.store import moving_postgres  # noqa: PLC0415 - a move between two files needs no driver of a server

        return moving_postgres.reading(address)
    from adapter.store import moving_sqlite  # noqa: PLC0415

    return moving_sqlite.reading(address)


def _writing(url: str, progress: Progress) -> AbstractAsyncContextManager[Writer]:
    address = parse(url)
    if isinstance(address, PostgresAddress):
        from adapter.store import moving_postgres  # noqa: PLC0415

        return moving_postgres.writing(address, progress)
    from adapter.store import moving_sqlite  # noqa: PLC0415

    return moving_sqlite.writing(address)


def _bytes_at(table: Table) -> tuple[int, ...]:
    return tuple(place for place, column in enumerate(table.c) if isinstance(column.type, LargeBinary))


def _encode(row: Iterable[Any], packed: tuple[int, ...]) -> bytes:
    values = list(row)
    for place in packed:
        if values[place] is not None:
            values[place] = base64.b64encode(values[place]).decode()
    return orjson.dumps(values)


def _decode(line: bytes, packed: tuple[int, ...]) -> tuple[Any, ...]:
    values = orjson.loads(line)
    for place in packed:
        if values[place] is not None:
            values[place] = base64.b64decode(values[place])
    return tuple(values)


def _line(out: Any, value: dict[str, Any]) -> None:
    out.write(orjson.dumps(value) + b"\n")


def _lines(file: Path, raw: BinaryIO) -> Iterator[bytes]:
    try:
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as unpacked:
            rest = b""
            while block := unpacked.read(1 << 20):
                *whole, rest = (rest + block).split(b"\n")
                yield from whole
            if rest:
                yield rest
    except zstandard.ZstdError as error:
        raise _broken(file, "it is damaged, or was not written by 'adapter export'") from error


def _head(file: Path, line: bytes | None) -> dict[str, Any]:
    try:
        head = orjson.loads(line or b"")
    except orjson.JSONDecodeError:
        head = None
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise _broken(file, "it was not written by 'adapter export'")
    if (head.get("version"), head.get("tables")) != (VERSION, HEAD):
        raise ConfigError(
            f"{file} holds the tables of another release ({head.get('tables')}, this one has {HEAD}); "
            f"export and import with the same release"
        )
    return head


def _broken(file: Path, why: str) -> ConfigError:
    return ConfigError(f"{file} cannot be imported: {why}")
