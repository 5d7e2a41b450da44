"""Where the record is: what may be written as ``store``, and how it is shown without its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from adapter.errors import ConfigError

POOL = 8
"""Connections of one node to PostgreSQL, unless ``?pool=`` says otherwise."""

_PRAGMAS = ("max_page_count",)
_DRIVERS = ("postgresql", "postgresql+asyncpg")


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A file, and the pragmas that its URL names."""

    file: Path
    pragmas: Mapping[str, int]

    def __str__(self) -> str:
        return str(self.file)


@dataclass(frozen=True, slots=True, repr=False)
class PostgresAddress:
    """A database. ``dsn`` is libpq's URL with its options (``sslmode``, ``host``, …) and the password: never to be shown."""

    dsn: str
    shown: str
    pool: int

    def __str__(self) -> str:
        return self.shown

    __repr__ = __str__


def parse(url: str) -> SqliteAddress | PostgresAddress:
    """The address that a URL names. Raises ConfigError, which never shows a password."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            f"store: the value is no database URL{_hint(url)}; write sqlite:///var/adapter.db or postgresql://user:password@host/database"
        ) from error
    if parsed.drivername in _DRIVERS:
        return _postgres(parsed)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise ConfigError(
            f"store: {parsed.render_as_string()} is not served; "
            f"write sqlite:///var/adapter.db for a file, postgresql://user:password@host/database for PostgreSQL"
        )
    pragmas = {}
    for name, value in parsed.query.items():
        if name not in _PRAGMAS or not isinstance(value, str) or not value.isdecimal():
            raise ConfigError(f"store: {name}={value} in {url} is not known; a number may be given for {', '.join(_PRAGMAS)}")
        pragmas[name] = int(value)
    return SqliteAddress(Path(parsed.database), pragmas)


def _postgres(parsed: URL) -> PostgresAddress:
    shown = _shown(parsed)
    if not parsed.database:
        raise ConfigError(f"store: {shown} names no database; write postgresql://user:password@host/database")
    pool = parsed.query.get("pool", str(POOL))
    if not isinstance(pool, str) or not pool.isdecimal() or not 2 <= int(pool) <= 100:
        raise ConfigError(f"store: pool={pool} in {shown} is no number of connections from 2 to 100")
    plain = parsed.set(drivername="postgresql").difference_update_query(["pool"])
    return PostgresAddress(plain.render_as_string(hide_password=False), shown, int(pool))


def _shown(parsed: URL) -> str:
    plain = parsed.set(drivername="postgresql")
    if "password" in plain.query:
        plain = plain.update_query_dict({"password": "***"})
    return plain.render_as_string(hide_password=True)


def _hint(url: str) -> str:
    return "" if "@" in url else f": {url!r}"
