"""What went wrong between a transaction and PostgreSQL, whether it may simply run again, and what people can do about it."""

from __future__ import annotations

import asyncio
from enum import Enum, auto

import asyncpg

from adapter.errors import AdapterError, InvalidMessage, StoreUnavailable
from adapter.store.failures import OutcomeUnknown


class Kind(Enum):
    """What a failed transaction calls for."""

    CONFLICT = auto()  # another one was quicker: run it again
    LOST = auto()  # the connection is gone, nothing was written: run it again on another one
    FAILED = auto()  # it would fail again


_CONFLICTS = {
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "55P03",  # lock_not_available, within lock_timeout
    "23505",  # unique_violation: somebody took the next number at the same moment
}
_LOST = {
    "25P03",  # idle_in_transaction_session_timeout: this process stood still
    "25006",  # read_only_sql_transaction: the server has become a standby
    "57P01",
    "57P02",
    "57P03",  # it is shut down, has crashed, or is starting
    "57P05",
    "53300",  # too_many_connections
}
_AGAIN = "a running service goes on by itself then, a start or a command is to be repeated"
_REMEDIES = {
    "28": "check user and password in the store's URL, and pg_hba.conf of the server",
    "3D": "create the database, or name another one in the store's URL; then run 'adapter migrate'",
    "42501": "grant the user of the store's URL SELECT, INSERT, UPDATE and DELETE on all tables of the record",
    "42P01": "run 'adapter migrate': the tables are not there",
    "42703": "run 'adapter migrate': the tables are older than this release",
    "53100": "free space on the database's disk; nothing of this request was written",
    "53300": f"raise max_connections of the server, or lower 'pool' in the store's URL; {_AGAIN}",
    "53": "the server is out of resources: look at its log",
    "57014": "the statement took longer than allowed: look for a long transaction in pg_stat_activity, or for a table that needs VACUUM",
    "57": f"the server is going down or coming up; {_AGAIN}",
    "40": "other transactions were in the way several times; repeat the request",
    "55P03": "a lock was held too long: look for a long transaction in pg_stat_activity",
    "25006": "the server takes no writes: name the primary in the store's URL, or add ?target_session_attrs=read-write to a list of hosts",
    "25P03": f"this process stood still within a transaction; {_AGAIN}",
    "08": f"see that the server runs and can be reached; {_AGAIN}",
}
_NO_CONNECTION = f"see that the server runs and can be reached under this address; {_AGAIN}"
_FAULT = "this is a fault of the program, not of the database; please report it with this text"


def kind_of(error: BaseException, driver: asyncpg.Connection) -> Kind:
    """What a transaction calls for that failed before its COMMIT was sent."""
    state = getattr(error, "sqlstate", None) or ""
    if state in _CONFLICTS or isinstance(error, asyncpg.InvalidCachedStatementError | asyncpg.OutdatedSchemaCacheError):
        return Kind.CONFLICT
    if state in _LOST or state.startswith("08") or isinstance(error, OSError | asyncio.TimeoutError) or driver.is_closed():
        return Kind.LOST
    return Kind.FAILED


def is_database_error(error: BaseException) -> bool:
    """Whether an error comes from the database or the way to it, and not from the function that was run."""
    return isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | asyncpg.InternalClientError | OSError | asyncio.TimeoutError)


def explained(error: BaseException, place: str) -> AdapterError:
    """The driver's error as one that names the database, the cause and the remedy. ``place`` is its URL without the password."""
    state = getattr(error, "sqlstate", None) or ""
    if state in ("22021", "22P05"):
        return InvalidMessage("The request holds a character that cannot be recorded (U+0000)")
    keys = (state, state[:2]) if state else ()
    fallback = _FAULT if state or isinstance(error, asyncpg.DataError) else _NO_CONNECTION
    remedy = next((_REMEDIES[key] for key in keys if key in _REMEDIES), fallback)
    said = str(error) or type(error).__name__
    return StoreUnavailable(f"the record {place} cannot be used: {said} ({state or type(error).__name__}); {remedy}")


def unknown(error: BaseException, place: str) -> OutcomeUnknown:
    """The connection was lost while the transaction was committed."""
    said = str(error) or type(error).__name__
    return OutcomeUnknown(
        f"the record {place} cannot be used: the connection was lost during a commit ({said}); "
        f"what was to be written may be there: a repeat of the request finds out"
    )
