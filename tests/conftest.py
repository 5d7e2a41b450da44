"""How tests log that set up no log of their own: plainly, for a traceback in colours with the values of its names takes half a second, and
to the standard library's loggers. So pytest shows the lines with the test that failed, tests find them in ``caplog``, and what a service
says in its thread is no part of what a command says meanwhile, whose streams are caught."""

from __future__ import annotations

import pytest
import structlog


def pytest_configure(config: pytest.Config) -> None:
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain], logger_factory=structlog.stdlib.LoggerFactory())
