"""Exchanges of several requests, of none, and with a request that gets no reply."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapter.errors import MaybeSent, NotSent
from adapter.exchange import Judged, Said, converse, prepare, technical
from adapter.intake import received_rows, scope_of, sent_rows
from adapter.ports import Answer, AnswerKind, Call, Document, Exchange, OutcomeKind, WireReply, WireRequest
from tests.opened_kit import message, opened
from tests.unit.wire.raw_backend import Peer, RawBackend, reply

FOUND = {"receipt": {"@status": "OK"}, "@orderNo": "L-1", "@state": "DONE"}
NOWHERE = "http://127.0.0.1:9/"


@dataclass(frozen=True)
class Scripted:
    """A connector whose conversation a test writes."""

    talk: Callable[[], Exchange]

    def contracts(self) -> Mapping[str, object]:
        return {}

    def exchange(self, _call: Call) -> Exchange:
        return self.talk()


def found(document: Document = FOUND) -> Answer:
    return Answer(AnswerKind.REPLY, 200, document)


def asks(url: str, *, asks: bool = True) -> WireRequest:
    return WireRequest("GET", url, {}, b"", asks=asks)


def hold(data: Path, talk: Callable[[str], Exchange], script: Callable[[Peer], object]) -> tuple[Judged, list[tuple[str, bytes]], int]:
    """What becomes of a conversation with a backend that follows ``script``; the messages for the record; the requests it got."""

    async def scenario() -> tuple[Judged, list[tuple[str, bytes]], int]:
        async with opened(data, ".") as service, RawBackend(script) as backend:
            lab = service.pipeline.backends["lab"]
            scripted = replace(lab, connector=Scripted(lambda: talk(backend.url("/"))))
            asked = message({}, market="lab", operation="productOrder.status", path={"id": "L-1"})
            prepared = prepare(scripted, "productOrder.status", scope_of(scripted, asked, ""))
            judged = await converse(scripted, prepared, time.monotonic() + 5, service.pipeline.observer)
            rows = (*sent_rows(scripted, prepared, 1), *received_rows(scripted, prepared, judged, 2))
            return judged, [(str(row.direction), row.body) for row in rows], len(backend.requests)

    return asyncio.run(scenario())


async def numbered(peer: Peer) -> None:
    """Answers each request with its number."""
    while await peer.request():
        await peer.write(reply(f"<n>{len(peer.backend.requests)}</n>".encode()))


async def silent(peer: Peer) -> None:
    """Closes instead of answering."""
    await peer.request()


def test_an_exchange_may_end_without_a_call(tmp_path):
    def talk(_: str) -> Generator[WireRequest, WireReply, Answer]:
        return found()
        yield  # a generator all the same

    judged, way, calls = hold(tmp_path, talk, numbered)
    assert (judged.outcome.kind, judged.reply, judged.raw) == (OutcomeKind.ACCEPTED, FOUND, None)
    assert (way, calls) == ([], 0)


def test_an_answer_that_no_rule_of_outcome_fits_is_said_to_be_one(tmp_path):
    def talk(_: str) -> Generator[WireRequest, WireReply, Answer]:
        return found({"receipt": {"@status": "PERHAPS"}})
        yield  # a generator all the same

    judged, _, _ = hold(tmp_path, talk, numbered)
    assert judged.outcome.evidence == "no rule of 'outcome' fits the answer"


def test_every_request_and_reply_of_an_exchange_is_for_the_record(tmp_path):
    def talk(url: str) -> Exchange:
        first = yield asks(f"{url}?port=1&password=geheim")
        second = yield WireRequest("POST", url, {"Content-Type": "text/xml"}, b"<order/>")
        assert (first.body, second.body) == (b"<n>1</n>", b"<n>2</n>")
        return found()

    judged, way, calls = hold(tmp_path, talk, numbered)
    assert judged.raw is not None
    assert judged.raw.body == b"<n>2</n>"
    assert [direction for direction, _ in way] == ["backend-request", "backend-reply", "backend-request", "backend-reply"]
    assert [body for _, body in way][1:] == [b"<n>1</n>", b"<order/>", b"<n>2</n>"]
    assert way[0][1].startswith(b"GET http://127.0.0.1:")
    assert way[0][1].endswith(b"/?port=1&password=***")
    assert calls == 2


@pytest.mark.parametrize(("failure", "script", "url"), [(NotSent, numbered, NOWHERE), (MaybeSent, silent, "")])
def test_an_exchange_may_do_without_a_reply(tmp_path, failure, script, url):
    seen = []

    def talk(own: str) -> Exchange:
        try:
            yield asks(url or own)
        except failure as error:
            seen.append(error)
        return found()

    judged, way, _ = hold(tmp_path, talk, script)
    assert judged.outcome.kind is OutcomeKind.ACCEPTED
    assert len(seen) == 1
    assert [direction for direction, _ in way] == ["backend-request"]


def test_after_a_question_without_a_reply_another_request_may_follow(tmp_path):
    def talk(url: str) -> Exchange:
        try:
            yield asks(NOWHERE)
        except NotSent:
            yield WireRequest("POST", url, {}, b"<order/>")
        return found()

    judged, way, calls = hold(tmp_path, talk, numbered)
    assert judged.outcome.kind is OutcomeKind.ACCEPTED
    assert [body for _, body in way] == [f"GET {NOWHERE}".encode(), b"<order/>", b"<n>1</n>"]
    assert calls == 1


@pytest.mark.parametrize(
    ("question", "then", "wanted"),
    [
        (True, NOWHERE, OutcomeKind.UNAVAILABLE),  # only asked before: nothing was done
        (False, NOWHERE, OutcomeKind.IN_DOUBT),  # something was done before, and what should have followed was not
        (True, "", OutcomeKind.UNAVAILABLE),  # a question without a reply does nothing either
    ],
)
def test_what_is_unknown_is_unknown_only_where_something_may_have_been_done(tmp_path, question, then, wanted):
    def talk(url: str) -> Exchange:
        yield asks(url, asks=question)
        yield asks(then or f"{url}second")
        return found()

    async def one_answer(peer: Peer) -> None:
        await peer.request()
        await peer.write(reply(b"<n>1</n>"))
        await peer.request()

    def judged_as(operation_changes: bool) -> OutcomeKind:
        async def scenario() -> OutcomeKind:
            async with opened(tmp_path, ".") as service, RawBackend(one_answer) as backend:
                lab = service.pipeline.backends["lab"]
                changing = {"productOrder.status": lab.market.operations["productOrder.status"].model_copy(update={"idempotent": False})}
                market = lab.market.model_copy(update={"operations": changing}) if operation_changes else lab.market
                scripted = replace(lab, market=market, connector=Scripted(lambda: talk(backend.url("/"))))
                asked = message({}, market="lab", operation="productOrder.status", path={"id": "L-1"})
                prepared = prepare(scripted, "productOrder.status", scope_of(scripted, asked, ""))
                judged = await converse(scripted, prepared, time.monotonic() + 5, service.pipeline.observer)
                return judged.outcome.kind

        return asyncio.run(scenario())

    assert judged_as(True) is wanted
    assert judged_as(False) is OutcomeKind.UNAVAILABLE  # what changes nothing is never in doubt


def test_a_reply_is_dated_by_when_it_came_however_long_it_took_to_be_mapped(tmp_path):
    async def scenario() -> list[int]:
        async with opened(tmp_path, ".") as service:
            lab = service.pipeline.backends["lab"]
            asked = message({}, market="lab", operation="productOrder.status", path={"id": "L-1"})
            prepared = prepare(lab, "productOrder.status", scope_of(lab, asked, ""))
            came = Said(10.0, WireReply(200, {}, b"<a/>"))  # long ago, by this process's clock
            judged = Judged(technical(lab, "productOrder.status", OutcomeKind.UNAVAILABLE, ""), way=(came,), at=10.25)
            return [row.at for row in received_rows(lab, prepared, judged, 1_760_000_000_000)]

    assert asyncio.run(scenario()) == [1_760_000_000_000 - 250]
