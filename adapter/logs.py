"""Structured logs on stderr: one JSON object a line, or coloured lines for a terminal."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import orjson
import structlog

from adapter.settings import Log


def configure_logs(settings: Log) -> None:
    """Sets up structlog and the standard library's loggers the same way. Levels below the declared one cost nothing."""
    level = getattr(logging, settings.level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    console = settings.format == "console"
    # plain: a traceback with the values of variables would put orders and credentials into the log
    renderer: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_line)]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr) if console else structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _line(event: dict[str, Any], default: Any) -> bytes:
    """One event as JSON. A value that cannot be written (half a surrogate pair, a number of 30 digits) must not fail a request."""
    try:
        return orjson.dumps(event, default=default)
    except TypeError:
        return json.dumps(event, default=repr).encode("ascii")
