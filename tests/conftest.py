"""How tests log that set up no log of their own: plainly, for a traceback in colours with the values of its names takes half a second, and
to the standard error of the process, as the service does. It is the process's own and not ``sys.stderr``: what a service logs in its thread
is no part of what a command says meanwhile, whose streams are caught."""

from __future__ import annotations

import sys

import pytest
import structlog


def pytest_configure(config: pytest.Config) -> None:
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*structlog.get_config()["processors"][:-1], plain], logger_factory=structlog.WriteLoggerFactory(file=sys.__stderr__)
    )
