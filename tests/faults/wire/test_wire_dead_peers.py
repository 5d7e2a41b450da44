"""Backends that hang, die, restart and close kept connections, with more callers than slots (F37)."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import uvloop

from adapter.channel import Tls
from adapter.errors import MaybeSent, NotSent, WireError
from adapter.wire.client import Wire
from adapter.wire.settings import WireSettings
from tests.unit.wire.raw_backend import CERTS, Peer, RawBackend, obliging, reply, server_tls


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    def on_loop(main):
        async def bounded():
            async with asyncio.timeout(20):
                return await main

        with asyncio.Runner(loop_factory=uvloop.new_event_loop if request.param == "uvloop" else None) as runner:
            return runner.run(bounded())

    return on_loop


async def outcomes(wire: Wire, backend: RawBackend, calls: int) -> dict[str, int]:
    """Starts all calls at once and counts how they ended."""
    ends = await asyncio.gather(*(wire.send(backend.post()) for _ in range(calls)), return_exceptions=True)
    counts: dict[str, int] = {}
    for end in ends:
        name = type(end).__name__
        assert not isinstance(end, BaseException) or isinstance(end, WireError), repr(end)
        counts[name] = counts.get(name, 0) + 1
    return counts


def test_f37_no_dead_slot_after_a_backend_hung_and_restarted(run):
    async def main():
        hanging = False

        async def script(peer: Peer):
            while await peer.request():
                if hanging:
                    return await peer.until_closed()
                await peer.write(reply())
            return None

        async with RawBackend(script) as backend:
            wire = Wire(WireSettings(slots=5, slot_seconds=1, answer_seconds=0.4))
            assert await outcomes(wire, backend, 20) == {"WireReply": 20}
            for _ in range(2):
                hanging = True
                ends = await outcomes(wire, backend, 30)
                assert set(ends) == {"MaybeSent", "NotSent"}
                assert ends["MaybeSent"] % 5 == 0  # full rounds of all slots, until the others have waited too long
                await backend.stop()
                assert await outcomes(wire, backend, 30) == {"NotSent": 30}
                hanging = False
                await backend.listen()
                before = len(backend.requests)
                assert await outcomes(wire, backend, 100) == {"WireReply": 100}
                assert len(backend.requests) - before == 100
            # Every slot is usable at once: the backend answers only when all five are there.
            gate, inside = asyncio.Event(), 0

            async def together(peer: Peer):
                nonlocal inside
                while await peer.request():
                    inside += 1
                    if inside == 5:
                        gate.set()
                    await gate.wait()
                    await peer.write(reply())

            await backend.stop()
            backend.script = together
            await backend.listen()
            ends = await outcomes(wire, backend, 10)
            await wire.close()
            return ends

    assert run(main()) == {"WireReply": 10}


def test_killed_in_the_middle_each_call_reached_the_backend_at_most_once(run):
    async def main():
        inside, all_in = 0, asyncio.Event()

        async def script(peer: Peer):
            nonlocal inside
            while await peer.request():
                inside += 1
                if inside == 8:
                    all_in.set()
                await asyncio.Event().wait()

        async with RawBackend(script) as backend:
            wire = Wire(WireSettings(slots=8))
            calls = asyncio.create_task(outcomes(wire, backend, 8))
            await all_in.wait()
            await backend.stop()
            ends = await calls
            await wire.close()
            return ends, len(backend.requests)

    assert run(main()) == ({"MaybeSent": 8}, 8)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_kept_connection_that_was_closed_meanwhile_is_not_written_to(run, method):
    """The close has arrived at this machine, but the event loop has not yet seen it: nothing is sent, another is taken."""

    async def main():
        async def once(peer: Peer):
            await peer.request()
            await peer.write(reply())

        async with RawBackend(once) as backend:
            wire = Wire(WireSettings())
            for _ in range(20):
                answer = await wire.send(backend.post() if method == "POST" else backend.get())
                assert answer.status == 200
                await backend.gone.acquire()
            await wire.close()
            return backend.connections, len(backend.requests)

    assert run(main()) == (20, 20)


def test_all_kept_connections_closed_by_a_restart_cost_no_order(run):
    async def main():
        async with RawBackend(obliging) as backend:
            wire = Wire(WireSettings(slots=6))
            assert await outcomes(wire, backend, 12) == {"WireReply": 12}
            await backend.stop()
            await backend.listen()
            ends = await outcomes(wire, backend, 12)
            await wire.close()
            return ends, len(backend.requests)

    assert run(main()) == ({"WireReply": 12}, 24)


def test_a_connection_closed_while_the_request_leaves_is_in_doubt_and_not_repeated(run):
    async def main():
        async def script(peer: Peer):
            await peer.request()
            await peer.write(reply())
            await peer.reader.readexactly(1)  # closes on the first byte of the second request

        async with RawBackend(script) as backend:
            wire = Wire(WireSettings())
            await wire.send(backend.post())
            with pytest.raises(MaybeSent):
                await wire.send(backend.post())
            await wire.close()
            return backend.connections

    assert run(main()) == 1


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 30])
def test_an_answer_nobody_asked_for_is_not_taken_for_the_next_one(run, tls, turns):
    """It comes with the real answer, or while the connection is idle, and the event loop has read it already or not."""

    async def main():
        idle, late = asyncio.Event(), asyncio.Event()

        async def script(peer: Peer):
            await peer.request()
            await peer.write(reply(b"1"))
            if peer.number == 1:
                await idle.wait()
                await peer.write(reply(b"late", "408 Request Timeout"))
                late.set()
            while request := await peer.request():
                await peer.write(reply(request[-1:]))

        async with RawBackend(script, tls=server_tls() if tls else None) as backend:
            wire = Wire(WireSettings(tls=Tls(authorities=CERTS / "ca.pem")))
            scheme = "https" if tls else "http"
            first = await wire.send(backend.post(b"1", scheme=scheme))
            idle.set()
            await late.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            second = await wire.send(backend.post(b"1", scheme=scheme))
            third = await wire.send(backend.post(b"3", scheme=scheme))
            await wire.close()
            return [first.body, second.body, third.body], backend.connections

    assert run(main()) == ([b"1", b"1", b"3"], 2)


def test_one_hung_call_makes_the_other_kept_connections_suspect(run):
    """A peer that vanished without a word holds all its connections open; only the first call may pay for that."""

    async def main():
        together, arrived, vanished = asyncio.Event(), 0, False

        async def script(peer: Peer):
            nonlocal arrived
            while await peer.request():
                if vanished and peer.number <= 4:
                    return await peer.until_closed()
                arrived += 1
                if arrived == 4:
                    together.set()
                await together.wait()
                await peer.write(reply())
            return None

        async with RawBackend(script) as backend:
            wire = Wire(WireSettings(slots=4, answer_seconds=0.3))
            assert await outcomes(wire, backend, 4) == {"WireReply": 4}
            vanished = True
            with pytest.raises(MaybeSent):
                await wire.send(backend.post())
            ends = await outcomes(wire, backend, 8)
            await wire.close()
            return ends

    assert run(main()) == {"WireReply": 8}


def test_a_fresh_connection_that_is_closed_at_once_is_tried_once(run):
    async def main():
        async def slam(_peer: Peer):
            return

        async with RawBackend(slam) as backend:
            wire = Wire(WireSettings())
            for number in range(1, 21):
                with pytest.raises((NotSent, MaybeSent)):
                    await wire.send(backend.post())
                assert backend.connections == number
            await wire.close()
            return len(backend.requests)

    assert run(main()) == 0


def test_cancelled_callers_leave_no_slot_taken(run):
    async def main():
        async with RawBackend(obliging) as backend:
            wire = Wire(WireSettings(slots=3))
            for turn in range(60):
                call = asyncio.create_task(wire.send(backend.post()))
                for _ in range(turn % 15):  # cancelled at each point on the way
                    await asyncio.sleep(0)
                call.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await call
            ends = await outcomes(wire, backend, 30)
            await wire.close()
            return ends

    assert run(main()) == {"WireReply": 30}
