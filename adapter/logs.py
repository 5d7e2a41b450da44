"""Structured logs on stderr: one JSON object a line, or coloured lines for a terminal.

What every line of an exchange carries is kept in one place for all that happens in it: what a later station finds out (which order it
became, which attempt) stands on the lines of the earlier ones too, the line that ends the exchange included. Tasks bind their own.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar, Token
from typing import Any, Self

import orjson
import structlog

from adapter import clock, tracing
from adapter.settings import Log

_known: ContextVar[dict[str, Any] | None] = ContextVar("known", default=None)


class Exchange:
    """A block around one exchange. ``names`` are known from its beginning, others become known on its way."""

    __slots__ = ("_names", "_token")

    def __init__(self, **names: Any) -> None:
        self._names = names

    def __enter__(self) -> Self:
        self._token: Token[dict[str, Any] | None] = _known.set(self._names)
        return self

    def __exit__(self, *_: object) -> None:
        _known.reset(self._token)


def about(**names: Any) -> None:
    """What has become known of the exchange under way; outside of any it is forgotten."""
    known = _known.get()
    if known is not None:
        known.update(names)


def add_known(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Puts what is known of the exchange on the line, and the trace it is a part of. What the line says itself goes before."""
    known = _known.get()
    if known is not None:
        event = {**known, **event}
    if tracing.is_on() and (trace := tracing.trace_id()):
        event["trace_id"] = trace
    return event


def add_time(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Puts on the line when it was written, to the microsecond."""
    seconds, rest = divmod(time.time_ns() // 1000, 1_000_000)
    event["timestamp"] = f"{clock.second(seconds)}.{rest:06d}Z"
    return event


def configure_logs(settings: Log) -> None:
    """Sets up structlog and the standard library's loggers the same way. Levels below the declared one cost nothing."""
    level = getattr(logging, settings.level.upper())
    console = settings.format == "console"
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_known,
        structlog.processors.add_log_level,
        add_time,
        # plain: a traceback with the values of variables would put orders and credentials into the log
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback) if console else _line,
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr) if console else structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _line(logger: Any, method: str, event: MutableMapping[str, Any]) -> bytes:
    """One event as JSON. A value that cannot be written (half a surrogate pair, a number of 30 digits) must not fail a request."""
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    try:
        return orjson.dumps(event, default=repr)
    except TypeError:
        return json.dumps(event, default=repr).encode("ascii")
