"""The log: one JSON object a line or lines for people, and never the values of variables."""

from __future__ import annotations

import asyncio
import json
import logging
import re

import pytest
import structlog

from adapter import tracing
from adapter.logs import Exchange, about, configure_logs
from adapter.settings import Log, Tracing
from tests.service_kit import closed_port


@pytest.fixture(autouse=True)
def _as_before():
    root, config = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    root.handlers = []
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.configure(**config)


def crash(log) -> None:
    password = "hunter22"
    try:
        raise ZeroDivisionError(len(password))
    except ZeroDivisionError:
        log.exception("it.broke", order="O-1")


def test_json_lines_carry_time_level_context_and_traceback_without_values(capsys):
    configure_logs(Log(level="info", format="json"))
    log = structlog.get_logger("x")
    with structlog.contextvars.bound_contextvars(correlation_id="c-1"):
        log.debug("too.quiet")
        log.info("order.placed", order="O-1")
        crash(log)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["order.placed", "it.broke"]
    assert {line["correlation_id"] for line in lines} == {"c-1"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.*Z", lines[0]["timestamp"])
    assert (lines[0]["level"], lines[0]["order"]) == ("info", "O-1")
    assert "ZeroDivisionError" in lines[1]["exception"]
    assert "hunter22" not in str(lines)


def test_lines_for_people_have_a_plain_traceback(capsys):
    configure_logs(Log(level="warning", format="console"))
    log = structlog.get_logger("y")
    log.info("too.quiet")
    crash(log)
    told = capsys.readouterr().err
    assert "it.broke" in told
    assert "ZeroDivisionError" in told
    assert "too.quiet" not in told
    assert "hunter22" not in told.replace('password = "hunter22"', "")


def test_the_standard_librarys_loggers_speak_from_warnings_on(capsys):
    logging.getLogger().handlers = []  # those of the test run
    configure_logs(Log(level="debug", format="json"))
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("careful")
    told = capsys.readouterr().err
    assert "careful" in told
    assert "chatter" not in told


def test_a_value_that_json_cannot_carry_does_not_fail_whoever_logs_it(capsys):
    configure_logs(Log(level="info", format="json"))
    structlog.get_logger("z").info("odd", text="half \ud800", number=10**30, thing=object)
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["text"] == "half \ud800"
    assert json.loads(line)["number"] == 10**30


def test_what_becomes_known_of_an_exchange_is_on_every_later_line_of_it_wherever_it_was_found(capsys):
    configure_logs(Log(level="info", format="json"))
    log = structlog.get_logger("exchange")

    async def inner() -> None:
        log.info("first")
        about(order="O-1", attempt=1)
        log.info("second", attempt=2)

    async def outer() -> None:
        with Exchange():
            await asyncio.create_task(inner())
            log.info("answered")
        about(order="O-2")
        log.info("after")

    asyncio.run(outer())
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line.get("order"), line.get("attempt")) for line in lines] == [
        ("first", None, None),
        ("second", "O-1", 2),
        ("answered", "O-1", 1),
        ("after", None, None),
    ]
    assert not any("trace_id" in line for line in lines)


def test_a_line_of_a_traced_exchange_names_its_trace(capsys):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra 'tracing' is not installed")
    configure_logs(Log(level="info", format="json"))
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = {"traceparent": f"00-{trace}-b7ad6b7169203331-00"}
    log = structlog.get_logger("traced")
    with tracing.traced(Tracing(endpoint=f"http://127.0.0.1:{closed_port()}/v1/traces")):
        with tracing.received("request", parent):
            log.info("inside")
        log.info("outside")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [line.get("trace_id") for line in lines] == [trace, None]
