"""Calls of listeners: who may be called, what they are sent, and what their answers mean. The listeners are real ones on loopback."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from adapter.errors import ConfigError
from adapter.wire.address import AddressPolicy, AddressRefused
from adapter.wire.callback import MOST_REPLY, CallbackLimits, Callbacks, Called, signed
from tests.unit.wire.raw_backend import CERTS, Peer, RawBackend, reply, server_tls

AT = 1_760_000_000_123
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
BODY = b'{"eventId":"ev-1"}'
KEY, OLD = b"0123456789abcdef", b"fedcba9876543210"


def open_policy(**more: Any) -> AddressPolicy:
    return AddressPolicy(("127.0.0.1", "localhost", "*.test"), LOOPBACK, http=True, **more)


def standing_for(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[Any]]]:
    """Every name stands for these addresses."""

    async def lookup(_host: str, port: int) -> Sequence[Any]:
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port, 0, 0)[: 4 if ":" in address else 2],
            )
            for address in addresses
        ]

    return lookup


async def call(
    script: Callable[[Peer], Awaitable[None]],
    *,
    keys: Sequence[bytes] = (),
    begin_by: float | None = None,
    seconds: float = 5.0,
    **where: str,
) -> tuple[Called, RawBackend]:
    async with RawBackend(script) as listener:
        callbacks = Callbacks(open_policy(), CallbackLimits(seconds, 2.0))
        return await callbacks.send(listener.url(**where), BODY, "ev-1", AT, keys, begin_by), listener


def answering(data: bytes) -> Callable[[Peer], Awaitable[None]]:
    async def script(peer: Peer) -> None:
        if await peer.request():
            await peer.write(data)

    return script


# what is sent


def test_an_event_is_posted_as_it_is_to_the_address_as_it_was_registered(run):
    called, listener = run(call(answering(reply(status="201 Created")), path="/hear?shop=1&x=%2F"))
    assert called == Called(201)
    assert called.taken
    (request,) = listener.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hear?shop=1&x=%2F HTTP/1.1"
    assert {
        f"Host: 127.0.0.1:{listener.port}",
        "Content-Type: application/json;charset=utf-8",
        f"Content-Length: {len(BODY)}",
        "Connection: close",
        "webhook-id: ev-1",
        "webhook-timestamp: 1760000000",
    } <= set(lines)
    assert body == BODY
    assert not [line for line in lines if line.startswith("webhook-signature")]


def test_every_key_signs_so_that_a_receiver_may_still_have_the_old_one(run):
    _, listener = run(call(answering(reply()), keys=(KEY, OLD)))
    fields = dict(line.split(": ", 1) for line in listener.requests[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:])
    text = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + BODY
    # how a receiver does it: one of the signatures is the one of its own key
    mine = {f"v1,{base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()}" for key in (KEY, OLD)}
    assert set(fields["webhook-signature"].split(" ")) == mine
    assert len(mine) == 2


def test_the_signature_is_that_of_the_standards_own_example():
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, b'{"test": 2432232314}', (key,))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_nothing_is_kept_between_calls(run):
    async def twice() -> int:
        async def script(peer: Peer) -> None:
            while await peer.request():
                await peer.write(reply())

        async with RawBackend(script) as listener:
            callbacks = Callbacks(open_policy())
            for _ in range(2):
                assert (await callbacks.send(listener.url(), BODY, "ev-1", AT)).taken
            return listener.connections

    assert run(twice()) == 2


# what answers mean


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_any_2xx_says_that_the_event_is_taken(run, status):
    data = b"HTTP/1.1 204 No Content\r\n\r\n" if status.startswith("204") else reply(status=status)
    called, _ = run(call(answering(data)))
    assert (called.taken, called.error, called.late) == (True, "", False)


@pytest.mark.parametrize("status", ["301 Moved", "307 Temporary Redirect", "400 Bad Request", "410 Gone", "500 Oops", "503 Busy"])
def test_everything_else_says_that_it_is_not_and_no_redirect_is_followed(run, status):
    called, listener = run(call(answering(reply(b"", status, f"Location: http://127.0.0.1:1/{'x' * 10}", "Retry-After: 120"))))
    assert called == Called(int(status[:3]), f"answered {status[:3]}", "120")
    assert not called.taken
    assert listener.connections == 1


def test_a_listener_that_refuses_is_named_with_what_went_wrong(run):
    async def refused() -> Called:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            return await Callbacks(open_policy()).send(f"http://127.0.0.1:{taken.getsockname()[1]}/x", BODY, "ev-1", AT)

    called = run(refused())
    assert (called.status, called.late) == (0, False)
    assert "no connection" in called.error
    assert "127.0.0.1" in called.error


def test_a_listener_that_hangs_costs_no_more_than_the_calls_own_time(run):
    async def hangs(peer: Peer) -> None:
        await peer.request()
        await peer.until_closed()

    called, listener = run(call(hangs, seconds=0.2))
    assert (called.status, called.late) == (0, False)
    assert "no answer within" in called.error
    assert "(callbacks.seconds: 0.2 in all)" in called.error
    assert len(listener.requests) == 1


def test_a_listener_that_acts_and_closes_has_not_taken_it(run):
    async def closes(peer: Peer) -> None:
        await peer.request()

    called, listener = run(call(closes))
    assert not called.taken
    assert called.error.endswith("the listener closed the connection without a whole answer")
    assert len(listener.requests) == 1


def test_what_is_no_http_and_an_endless_answer_count_as_none(run):
    assert "not valid HTTP" in run(call(answering(b"SSH-2.0-OpenSSH\r\n\r\n")))[0].error
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {MOST_REPLY + 1}\r\n\r\n".encode()
    assert "max_reply_bytes" in run(call(answering(head)))[0].error


def test_a_proxy_of_the_environment_is_not_asked(run, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert run(call(answering(reply())))[0].taken


def test_after_its_time_nothing_leaves_any_more(run):
    called, listener = run(call(answering(reply()), begin_by=time.monotonic() - 1))
    assert called == Called(error="the call could not be begun in time", late=True)
    assert listener.requests == []
    assert run(call(answering(reply()), begin_by=time.monotonic() + 60))[0].taken


# tls


def test_a_listener_is_known_by_its_certificate(run):
    async def over_tls(certificate: str, authorities: Any) -> Called:
        async with RawBackend(answering(reply()), tls=server_tls(certificate)) as listener:
            callbacks = Callbacks(open_policy(), CallbackLimits(authorities=authorities))
            return await callbacks.send(listener.url(scheme="https", host="localhost"), BODY, "ev-1", AT)

    assert run(over_tls("server", CERTS / "ca.pem")).taken
    assert "certificate of the listener is not accepted" in run(over_tls("other", CERTS / "ca.pem")).error
    assert "certificate of the listener is not accepted" in run(over_tls("server", None)).error
    with pytest.raises(ConfigError, match=r"tls\.authorities"):
        Callbacks(open_policy(), CallbackLimits(authorities=CERTS / "nosuch.pem"))


# who may be called


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep their credentials
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.0.0.192",  # and others keep theirs
        "192.88.99.1",
        "3fff::1",
        "5f00::1",
        "::1",
        "::",
        "::10.0.0.1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "2001:0:a00:1::",
        "2002:a00:1::",
        "64:ff9b::a00:1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.216.34",
    ],
)
def test_no_address_but_a_public_one_may_be_called(run, address):
    policy = AddressPolicy(("*.test",), http=True, lookup=standing_for(address))
    assert not policy.allows(ip_address(address))
    called = run(Callbacks(policy).send("http://hooks.test/x", BODY, "ev-1", AT))
    assert "may not be called" in called.error
    assert address.lower() in called.error
    with pytest.raises(ValueError, match="none of its addresses is public"):
        run(policy.check("http://hooks.test/x", 1.0))
    written = f"[{address}]" if ":" in address else address
    with pytest.raises(ValueError, match="is at an address that may not be called"):
        AddressPolicy((address,), http=True).target(f"http://{written}/x")


@pytest.mark.parametrize(
    ("network", "address"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("::1/128", "::1"),
        ("fc00::/7", "fd12::1"),
        ("::ffff:0:0/96", "::ffff:10.0.0.1"),
        ("0.0.0.0/0", "127.0.0.1"),
    ],
)
def test_a_declared_network_may_be(network, address):
    assert AddressPolicy((), (ip_network(network),)).allows(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_address_may_be(run, address):
    policy = AddressPolicy(("hooks.test",), lookup=standing_for(address, "10.0.0.1"))
    (found,) = run(policy.addresses("hooks.test", 443))
    assert found[4][0] == address


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        (("hooks.test",), "https://hooks.test/x", True),
        (("hooks.test",), "https://HOOKS.test./x", True),
        (("hooks.test",), "https://hooks.test.evil.example/x", False),
        (("hooks.test",), "https://xhooks.test/x", False),
        (("*.test",), "https://a.b.test/x", True),
        (("*.test",), "https://test/x", False),
        (("*.test",), "https://eviltest/x", False),
        ((), "https://hooks.test/x", False),
        (("93.184.216.34",), "https://93.184.216.34/x", True),
        (("[2606:2800:220:1:248:1893:25c8:1946]",), "https://[2606:2800:220:1:248:1893:25c8:1946]/x", True),
    ],
)
def test_hosts_are_declared(hosts, url, allowed):
    policy = AddressPolicy(hosts)
    if allowed:
        assert policy.target(url).tls
    else:
        with pytest.raises(ValueError, match="is at a host that may not be called; ask the operator"):
            policy.target(url)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "017700000001"])
def test_other_spellings_of_an_address_are_names_and_are_looked_up(run, host):
    """The system's own lookup takes them for 127.0.0.1; what counts is what it finds."""
    policy = AddressPolicy((host,), http=True)
    with pytest.raises(ValueError, match=r"none of its addresses is public|cannot be resolved"):
        run(policy.check(f"http://{host}/x", 2.0))


def test_a_name_that_means_something_else_by_now_is_not_called(run):
    """DNS rebinding: public when it was registered, loopback when it is called."""

    async def rebound() -> tuple[Called, int]:
        answers = [standing_for("93.184.216.34"), standing_for("127.0.0.1")]

        async def lookup(host: str, port: int) -> Sequence[Any]:
            return await answers.pop(0)(host, port)

        async with RawBackend(answering(reply())) as listener:
            policy = AddressPolicy(("hooks.test",), http=True, lookup=lookup)
            url = listener.url(host="hooks.test")
            await policy.check(url, 1.0)
            return await Callbacks(policy).send(url, BODY, "ev-1", AT), listener.connections

    called, connections = run(rebound())
    assert "hooks.test stands for 127.0.0.1, which may not be called" in called.error
    assert connections == 0


def test_the_connection_goes_to_the_address_that_was_checked(run):
    async def pinned() -> tuple[Called, int, list[str]]:
        asked = []

        async def lookup(host: str, port: int) -> Sequence[Any]:
            asked.append(host)
            return await standing_for("127.0.0.1")(host, port)

        async with RawBackend(answering(reply())) as listener:
            called = await Callbacks(open_policy(lookup=lookup)).send(listener.url(host="a.test"), BODY, "ev-1", AT)
            return called, listener.connections, asked

    called, connections, asked = run(pinned())
    assert called.taken
    assert (connections, asked) == (1, ["a.test"])


def test_a_name_nobody_knows_and_a_lookup_that_hangs_are_told_apart_from_a_refusal(run):
    async def unknown(_host: str, _port: int) -> Sequence[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async def hangs(_host: str, _port: int) -> Sequence[Any]:
        await asyncio.Event().wait()
        return []

    for lookup in (unknown, hangs):
        with pytest.raises(ValueError, match="is at a host whose name cannot be resolved"):
            run(open_policy(lookup=lookup).check("http://a.test/x", 0.05))
    called = run(Callbacks(open_policy(lookup=unknown)).send("http://a.test/x", BODY, "ev-1", AT))
    assert "cannot be resolved" in called.error
    called = run(Callbacks(open_policy(lookup=hangs), CallbackLimits(5, 0.05)).send("http://a.test/x", BODY, "ev-1", AT))
    assert "no connection within 0.05 s" in called.error
    with pytest.raises(AddressRefused):
        run(open_policy(lookup=standing_for()).addresses("a.test", 80))


def test_a_callback_that_is_no_longer_allowed_fails_without_a_call(run):
    called = run(Callbacks(AddressPolicy(("elsewhere.test",))).send("https://hooks.test/x", BODY, "ev-1", AT))
    assert called.error == "the callback is at a host that may not be called; ask the operator of this service to allow it"
    assert not called.late
