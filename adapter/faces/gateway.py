"""One face at work: a request comes in, a Message goes to the service, the face's answer goes out.

The checks stand in the order in which they cost: path and method, credentials, rate, whether anybody here serves it, rights, headers,
then the body. What is wrong with the headers and the body of one request is named in one answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send

from adapter import clock, tracing
from adapter.contract.json_bytes import write_json
from adapter.contract.json_text import read_json
from adapter.errors import (
    AdapterError,
    CallerError,
    InvalidMessage,
    MethodNotAllowed,
    NotOffered,
    Overloaded,
    Problem,
    UnsupportedMedia,
)
from adapter.faces.callers import Caller, Callers, Spelled
from adapter.faces.declaration import HUB_KINDS, Face, Kind
from adapter.faces.events import EventWriter
from adapter.faces.failure import internal, of_error
from adapter.faces.filters import split_query
from adapter.faces.hub import HubDesk
from adapter.faces.incoming import CallerGone, Incoming, check_accept, check_media, drain, read_body
from adapter.faces.listing import names_of, page_headers, parse_list, select
from adapter.faces.marks import KeyMark, MarketMark
from adapter.faces.metrics import FaceMetrics
from adapter.faces.negotiation import Negotiation, written
from adapter.faces.parameters import Headers, path_problems
from adapter.faces.paths import Bound, Paths
from adapter.faces.port import Hub, Schemas, Service
from adapter.faces.rendering import Renderer
from adapter.frozen import frozen, maker
from adapter.logs import Exchange
from adapter.ports import Document, Message, OutcomeKind, Reply, Result

log = structlog.get_logger("adapter.faces")

_GONE, _TOO_LARGE = 499, 413
_message = maker(Message)


@dataclass(slots=True)
class Trace:
    """What becomes known of a request on its way, for its log line and its counters. ``sent_id`` is the correlation id that its caller
    sent, "" where ours is another one or there is none."""

    sent_id: str
    correlation_id: str
    media: str
    operation: str = "none"
    market: str = ""
    client: str = ""


@frozen
class _Request:
    """A request whose caller, market and headers have been checked."""

    incoming: Incoming
    bound: Bound
    caller: Caller
    market: str
    message: Callable[..., Message]  # of what the body holds: the document, and how it came
    pairs: list[tuple[str, str]]
    market_named: bool
    problems: tuple[Problem, ...] = ()  # of headers and parameters, where those of the body are still to be named with them


class Gateway:
    """One face's ASGI application, for every path under its base."""

    def __init__(
        self,
        face: Face,
        renderer: Renderer,
        service: Service,
        callers: Callers,
        *,
        schemas: Schemas,
        metrics: FaceMetrics,
        hub: Hub | None = None,
        now: Callable[[], int] = clock.now,
    ) -> None:
        self.face = face
        self._render, self._service, self._callers, self._metrics, self._now = renderer, service, callers, metrics, now
        self._headers, self._negotiation = Headers(face), Negotiation(face)
        self._market, self._key, self._credentials = MarketMark(face, self._headers), KeyMark(face), Spelled(face.credentials)
        # What is asked for each request; a declaration looks each of its members up.
        self._name, self._under, self._media, self._consumes = face.face, len(face.base), face.media.produces, face.media.consumes
        self._correlation, self._generates = face.correlation.header, face.correlation.generate
        self._most_in_flight, self._body_seconds = face.limits.in_flight, face.limits.body_seconds
        self._in_flight = 0
        metrics.in_flight(face.face, lambda: self._in_flight)
        self._paths = Paths(face, schemas)
        self._handlers = {
            Kind.CREATE: self._create,
            Kind.RETRIEVE: self._retrieve,
            Kind.LIST: self._list,
            Kind.UPDATE: self._update,
            Kind.DELETE: self._delete,
        }
        if face.events is not None:
            self._desk = HubDesk(renderer, EventWriter(renderer, schemas), hub)
            self._handlers |= dict.fromkeys(HUB_KINDS, self._listen)
        self._entry = write_json(_entry_document(face)) if face.entry else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request. Nothing is raised but cancellation."""
        started = time.perf_counter()
        incoming = Incoming(scope, receive)
        sent = self._headers.one(incoming, self._correlation)
        trace = Trace(sent, sent or (str(uuid.uuid4()) if self._generates else ""), self._media)
        parent = _parent(incoming) if tracing.is_on() else {}
        known = Exchange(correlation_id=trace.correlation_id, face=self._name)
        with known, tracing.received("request", parent) as station:
            status, lingering = _GONE, False
            try:
                reply = self._formed(await self._answer(incoming, trace), trace)
                status = reply.status
                lingering = status == _TOO_LARGE and not incoming.whole and incoming.first(b"expect") is None
                await self._send(send, reply, incoming, trace, more=lingering)
            except CallerGone:
                pass
            finally:
                seconds = time.perf_counter() - started
                self._metrics.answered(self._name, trace.operation, status, seconds)
                station.note("operation", trace.operation)
                station.note("status", status)
                write = log.info if status < 500 else log.warning
                ms = round(seconds * 1000, 1)
                write("request.answered", operation=trace.operation, market=trace.market, client=trace.client, status=status, ms=ms)
            if lingering:
                await drain(incoming)
                await send({"type": "http.response.body", "body": b""})

    async def _answer(self, incoming: Incoming, trace: Trace) -> Reply:
        self._in_flight += 1
        try:
            if self._in_flight > self._most_in_flight:
                raise Overloaded
            return await self._serve(incoming, trace)
        except CallerGone:
            raise
        except AdapterError as error:
            if not isinstance(error, CallerError):
                log.error("request.failed", error=type(error).__name__, reason=str(error))
            elif rules := [f"{problem.path}: {problem.rule}" for problem in error.problems if problem.rule]:
                log.info("request.not-taken", rules=rules)
            failure = of_error(error, self.face.outcomes)
            if failure.status == 401:  # HTTP wants a challenge; the scheme is ours, as is the pair of headers
                failure = replace(failure, headers={"WWW-Authenticate": f'client-credentials realm="{self.face.face}"'})
            if failure.status == 500:
                failure = internal(trace.correlation_id)
            return self._render.failure(failure, trace.correlation_id)
        except Exception:  # the last line: whatever went wrong inside, the caller gets an answer and the log the reason
            log.exception("request.crashed")
            return self._render.failure(internal(trace.correlation_id), trace.correlation_id)
        finally:
            self._in_flight -= 1

    def _formed(self, reply: Reply, trace: Trace) -> Reply:
        """The answer in the media type that the request asked for; everything before this writes JSON."""
        if "xml" not in trace.media:
            return reply
        try:
            return replace(reply, body=written(reply.body, trace.media))
        except ValueError:
            log.exception("answer.not-writable", media=trace.media)
            failed = self._render.failure(internal(trace.correlation_id), trace.correlation_id)
            return replace(failed, body=written(failed.body, trace.media))

    async def _serve(self, incoming: Incoming, trace: Trace) -> Reply:
        path = incoming.segmented()[self._under :]
        if self._negotiation.looks:
            pairs = split_query(incoming.query)
            trace.media = self._negotiation.media(pairs)
            path += self._negotiation.step(pairs)
        if path in ("", "/") and self._entry is not None:
            return Reply(200, self._entry) if incoming.method in ("GET", "HEAD") else _other_method(incoming, {"GET"})
        methods, parameters = self._paths.find(path)
        bound = methods.get("GET" if incoming.method == "HEAD" else incoming.method)
        if bound is None or (incoming.method == "HEAD" and bound.kind is Kind.UPDATE):
            return _other_method(incoming, {method for method, other in methods.items() if other.offered})
        trace.operation = operation = bound.operation
        caller = await self._callers.identify(incoming, self._credentials)
        trace.client = caller.id
        caller.take_turn()
        if not bound.offered or (bound.asked and not self._service.serves(bound.asked)):
            raise NotOffered(f"{operation} is declared by the contract and not served by this installation")
        caller.check(self._name, operation)
        check_accept(incoming, trace.media)
        request = self._check(incoming, bound, caller, parameters, trace)
        return await self._handlers[bound.kind](request)

    def _check(self, incoming: Incoming, bound: Bound, caller: Caller, path: dict[str, str], trace: Trace) -> _Request:
        market, named = self._market.of(incoming, path, caller)
        caller.check_market(market)
        trace.market = market
        pairs = split_query(incoming.query) if incoming.query else []
        header, problems = self._headers.read(incoming, market, bound.kind)
        query, wrong = bound.queries.read(pairs, market, bound.kind)
        if "id" in query and "id" not in path:
            path = {**path, "id": query["id"]}
        problems += [*wrong, *path_problems(path)]
        if problems and not bound.creates:
            raise InvalidMessage(problems=problems)
        if trace.correlation_id:
            header[self._correlation] = trace.correlation_id
        received_at, key = self._now(), self._key.of(header, trace.sent_id, creates=bound.creates)

        def message(body: Document, raw: bytes = b"", text: bytes = b"", patch: tuple[Document, ...] | None = None) -> Message:
            return _message(
                face=self._name,
                client=caller.id,
                market=market,
                operation=bound.operation,
                correlation_id=trace.correlation_id,
                body=body,
                raw=raw,
                header=header,
                query=query,
                path=path,
                received_at=received_at,
                key=key,
                patch=patch,
                most_bytes=caller.body_bytes,
                text=text,
            )

        return _Request(incoming, bound, caller, market, message, pairs, named, tuple(problems))

    async def _create(self, request: _Request) -> Reply:
        operation, task = request.bound.operation, request.bound.task
        try:
            check_media(request.incoming, self._consumes)
            validator = None if task else self._service.validator(self._name, request.market, operation)
            message = await self._filled(request)
            if validator is None:
                message = await self._located(request, message)
                validator = self._service.validator(self._name, message.market, operation)
        except (InvalidMessage, UnsupportedMedia) as error:
            if not request.problems:
                raise
            # There is no document, so no more can be said of it; what would be required of one is not what this caller got wrong.
            found = error.problems or (Problem("", error.text),)
            raise InvalidMessage(problems=[*request.problems, *found], headers=error.headers) from error
        problems = validator.problems(message.body)
        if request.problems or problems:
            raise InvalidMessage(problems=self._service.refusal(message, request.problems, problems))
        return await self._service.place(message)

    async def _update(self, request: _Request) -> Reply:
        media = self.face.media
        if request.bound.route.method == "GET":
            message = request.message({})
        elif check_media(request.incoming, (*media.merges, *media.patches)) in media.patches:
            raw, body, _ = await self._body(request)
            if not isinstance(body, list) or not all(isinstance(operation, dict) for operation in body):
                raise InvalidMessage("The body has to be a JSON patch: a list of operations")
            message = request.message({}, raw, patch=tuple(body))
        else:
            message = await self._filled(request)
        return await self._service.place(await self._located(request, message))

    async def _delete(self, request: _Request) -> Reply:
        return await self._service.place(await self._located(request, request.message({})))

    async def _listen(self, request: _Request) -> Reply:
        route = request.bound.route
        if route.kind is not Kind.SUBSCRIBE:
            message = request.message({})
        else:
            check_media(request.incoming, self._consumes)
            message = await self._filled(request)
            if problems := self._desk.validator.problems(message.body):
                raise InvalidMessage(problems=problems)
        return await self._desk.answer(route, message)

    async def _filled(self, request: _Request) -> Message:
        """The message with its body, which is an object."""
        raw, body, text = await self._body(request)
        if not isinstance(body, dict):
            raise InvalidMessage("The body has to be a JSON object")
        return request.message(body, raw, text)

    async def _body(self, request: _Request) -> tuple[bytes, Any, bytes]:
        caller = request.caller
        raw = await read_body(request.incoming, caller.body_bytes, self._body_seconds)
        return raw, *read_json(raw, max_depth=caller.depth)

    async def _located(self, request: _Request, message: Message) -> Message:
        """In the market whose record knows what it is about, where the request itself does not name one."""
        markets = request.caller.markets
        if request.market_named or len(markets) < 2:
            return message
        market = await self._service.market_of(message, (message.market, *(name for name in markets if name != message.market)))
        return message if market is None else replace(message, market=market)

    async def _retrieve(self, request: _Request) -> Reply:
        message = await self._located(request, request.message({}))
        result = await self._service.retrieve(message)
        if result.outcome.kind is not OutcomeKind.ACCEPTED:
            return self._render(message, result)
        document = self._render.document(message.operation, message.path, result)
        shaped = self._render.shaped(message, select(document, _fields(request)))
        return Reply(request.bound.route.success, write_json(shaped))

    async def _list(self, request: _Request) -> Reply:
        message, route = request.message({}), request.bound.route
        markets = (message.market,) if request.market_named else request.caller.markets

        def complete(result: Result) -> Document:
            return self._render.document(message.operation, message.path, result)

        query = parse_list(
            list(self._negotiation.filters(request.pairs, route.query)),
            route.listing,
            request.bound.attributes,
            face=message.face,
            operation=message.operation,
            client=message.client,
            complete=complete,
        )
        page = await self._service.list(markets, query)
        status, headers = page_headers(query, page, request.incoming.path, request.pairs)
        documents = [select(document, query.fields) for document in page.documents]
        return Reply(status, write_json(self._render.shaped_list(message, documents)), headers)

    async def _send(self, send: Send, reply: Reply, incoming: Incoming, trace: Trace, *, more: bool) -> None:
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in reply.headers.items()]
        for encoded, name in self._headers.echoed:
            value = trace.correlation_id if name == self._correlation else self._headers.one(incoming, name)
            if value:
                headers.append((encoded, value.encode("ascii")))
        if reply.status != 204:
            headers += [(b"content-type", trace.media.encode("ascii")), (b"content-length", str(len(reply.body)).encode("ascii"))]
        await incoming.answer(send, reply.status, headers, reply.body, more=more)


def _other_method(incoming: Incoming, offered: set[str]) -> Reply:
    """What a path answers to a method that it does not offer. Raises MethodNotAllowed."""
    allow = ", ".join(sorted({*offered, "OPTIONS", *(["HEAD"] if "GET" in offered else [])}))
    if incoming.method == "OPTIONS":
        return Reply(204, b"", {"Allow": allow})
    raise MethodNotAllowed(f"This path takes {allow}", headers={"Allow": allow})


def _parent(incoming: Incoming) -> dict[str, str]:
    """What the caller says of its trace."""
    return {name: value for name in ("traceparent", "tracestate") if (value := incoming.first(name.encode())) is not None}


def _fields(request: _Request) -> tuple[str, ...]:
    if not request.bound.route.fields:
        return ()
    return names_of(",".join(value for name, value in request.pairs if name == "fields"))


def _entry_document(face: Face) -> Document:
    operations = [{"operation": route.operation, "method": route.method, "href": face.base + route.path} for route in face.offered]
    name, version = (face.entry.name, face.entry.version) if face.entry else (face.title, face.version)
    return {"name": name, "version": version, "operations": operations, "specification": f"/openapi/{face.face}.json"}
