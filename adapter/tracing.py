"""Spans of the stations that an exchange or a task passes, for an OpenTelemetry collector. Off unless ``tracing`` is declared.

A station is a ``with`` block around what happens there. While tracing is off it is one object for all, which does nothing; OpenTelemetry
is not even imported. Attributes are declared names, ids and outcomes: never a text of a caller or of a backend.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from adapter.errors import ConfigError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from adapter.settings import Tracing

Role = Literal["INTERNAL", "SERVER", "CLIENT", "PRODUCER"]
"""What a station is to others: inside of the service, asked by a caller, asking a backend, telling a listener."""

_W3C = ("traceparent", "tracestate")
_STOP_MILLISECONDS = 5_000
_SEND_SECONDS = 3


class Station(Protocol):
    """What happens at one place, while its block lasts."""

    def note(self, name: str, value: str | int) -> None:
        """What became known there, e.g. the outcome."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class _Nothing:
    """The station of a service that is not traced."""

    __slots__ = ()

    def note(self, name: str, value: str | int) -> None:
        """Is told to nobody."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class _Live:
    """A span that is the current one of its task while the block lasts."""

    __slots__ = ("_span", "_token")

    def __init__(self, tracer: Tracer, name: str, role: Role, parent: Context | None, attributes: Mapping[str, str]) -> None:
        from opentelemetry.context import attach  # noqa: PLC0415 - see the module's first lines
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415

        self._span: Span = tracer.start_span(name, parent, SpanKind[role], attributes)
        self._token = attach(set_span_in_context(self._span, parent))

    def note(self, name: str, value: str | int) -> None:
        """Becomes an attribute of the span."""
        self._span.set_attribute(f"adapter.{name}", value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        from opentelemetry.context import detach  # noqa: PLC0415
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415

        if kind is not None:  # its name alone: the text of an error may repeat what a caller sent
            self._span.set_status(Status(StatusCode.ERROR, kind.__name__))
        self._span.end()
        detach(self._token)


_NOTHING = _Nothing()
_tracer: Tracer | None = None


def station(name: str, market: str = "", operation: str = "", role: Role = "INTERNAL") -> Station:
    """The station ``name``, as a block; a part of the station around it."""
    if _tracer is None:
        return _NOTHING
    return _Live(_tracer, name, role, None, _attributes(market, operation))


def received(name: str, headers: Mapping[str, str], role: Role = "SERVER") -> Station:
    """The first station of an exchange or a task. ``headers`` (lower case) may say which trace it is a part of."""
    if _tracer is None:
        return _NOTHING
    from opentelemetry.context import Context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    given = {header: headers[header] for header in _W3C if header in headers}
    return _Live(_tracer, name, role, TraceContextTextMapPropagator().extract(given, Context()), {})


def carried() -> dict[str, str]:
    """The headers that tell a backend or a listener which trace its request is a part of; none while tracing is off."""
    headers: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        TraceContextTextMapPropagator().inject(headers)
    return headers


def is_on() -> bool:
    """Whether stations become spans. For what costs something to find out, such as the caller's headers."""
    return _tracer is not None


def trace_id() -> str:
    """The current trace's id in hexadecimal; "" outside of any."""
    if _tracer is None:
        return ""
    from opentelemetry.trace import INVALID_SPAN_CONTEXT, format_trace_id, get_current_span  # noqa: PLC0415

    context = get_current_span().get_span_context()
    return "" if context == INVALID_SPAN_CONTEXT else format_trace_id(context.trace_id)


@contextlib.contextmanager
def traced(settings: Tracing | None) -> Iterator[None]:
    """Tracing as declared, while the block lasts; what waits to be sent at its end is sent for a few seconds more.

    A collector that does not answer costs spans, never an exchange. Raises ConfigError where the packages are not installed.
    """
    global _tracer  # noqa: PLW0603 - stations are everywhere, as loggers are
    if settings is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"config/adapter.yaml: tracing is declared, and '{error.name}' is not installed; "
            "install the extra 'tracing' (pip install 'tmf-legacy-adapter[tracing]'), or take the section out"
        ) from error
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    exporter = OTLPSpanExporter(endpoint=settings.endpoint, headers=headers, timeout=_SEND_SECONDS)
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.share),
        resource=Resource.create({"service.name": settings.service}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=_STOP_MILLISECONDS))
    before, _tracer = _tracer, provider.get_tracer("adapter")
    try:
        yield
    finally:
        _tracer = before
        provider.shutdown()


def _attributes(market: str, operation: str) -> dict[str, str]:
    return {name: value for name, value in (("adapter.market", market), ("adapter.operation", operation)) if value}
