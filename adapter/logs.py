"""Structured logs on stderr: one JSON object a line, or coloured lines for a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Any

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
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
