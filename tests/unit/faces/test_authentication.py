"""Client secrets: what is stored, what is remembered, what a flood can and cannot do."""

from __future__ import annotations

import asyncio
import threading
from functools import cache

import pytest

from adapter.errors import CheckFailed, NotAuthenticated, TooManyRequests
from adapter.faces.authentication import Authenticator, SecretHash, hash_secret
from adapter.faces.clients import load_clients
from adapter.faces.rate import Bucket, Buckets


@cache
def stored(secret):
    return hash_secret(secret)


class Time:
    def __init__(self):
        self.seconds = 100.0

    def __call__(self):
        return self.seconds


def authenticator(**more):
    return Authenticator({"shop": [stored("shop-secret")], "two": [stored("new-secret"), stored("old-secret")], "none": []}, **more)


@pytest.fixture
def hashing(monkeypatch):
    """Counts the slow hashes, and how many ran at one time."""
    seen = {"count": 0, "now": 0, "most": 0, "gate": threading.Event()}
    seen["gate"].set()
    slow = SecretHash.matches

    def counted(self, secret):
        seen["count"] += 1
        seen["now"] += 1
        seen["most"] = max(seen["most"], seen["now"])
        seen["gate"].wait(10)
        try:
            return slow(self, secret)
        finally:
            seen["now"] -= 1

    monkeypatch.setattr(SecretHash, "matches", counted)
    return seen


def test_hash_says_its_parameters_and_is_salted():
    one, two = hash_secret("demo-secret"), hash_secret("demo-secret")
    assert one != two
    assert one.startswith("scrypt$16384$8$1$")
    assert SecretHash.parse(one).matches(b"demo-secret")
    assert not SecretHash.parse(one).matches(b"demo-secret ")
    assert str(SecretHash.parse(one)) == one
    assert SecretHash.parse(hash_secret("geheimnis-ü")).matches("geheimnis-ü".encode())


def test_short_secrets_are_not_hashed():
    with pytest.raises(ValueError, match="at least 8"):
        hash_secret("short")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain-secret",
        "md5$1$8$1$aa$bb",
        "scrypt$x$8$1$aa$bb",
        "scrypt$16384$8$1$!$!",
        "scrypt$1024$8$1$" + "A" * 24 + "$" + "A" * 44,
        "scrypt$16385$8$1$a$b",
    ],
)
def test_what_is_no_strong_hash_is_refused_without_repeating_it(text):
    with pytest.raises(ValueError, match=r"scrypt|too weak") as refusal:
        SecretHash.parse(text)
    assert not text or text not in str(refusal.value)


def test_right_secret_is_hashed_once_and_then_remembered(hashing):
    async def run():
        found = authenticator()
        await found.check("shop", b"shop-secret", "1.2.3.4")
        slow = hashing["count"]
        for _ in range(100):
            await found.check("shop", b"shop-secret", "1.2.3.4")
        assert hashing["count"] == slow
        assert found.remembered("shop", b"shop-secret")
        assert not found.remembered("shop", b"other")
        assert not found.remembered("two", b"shop-secret")

    asyncio.run(run())


def test_remembered_secret_is_forgotten_when_it_is_not_used(hashing):
    async def run():
        time = Time()
        found = authenticator(clock=time, idle=60)
        await found.check("shop", b"shop-secret", "")
        time.seconds += 59
        assert found.remembered("shop", b"shop-secret")
        time.seconds += 59
        assert found.remembered("shop", b"shop-secret")  # every use counts
        time.seconds += 61
        assert not found.remembered("shop", b"shop-secret")

    asyncio.run(run())


def test_unknown_clients_cost_what_wrong_secrets_cost(hashing):
    async def run():
        found = authenticator()
        costs = []
        for identity in ("shop", "two", "none", "nobody"):
            before = hashing["count"]
            with pytest.raises(NotAuthenticated):
                await found.check(identity, b"wrong-secret", "")
            costs.append(hashing["count"] - before)
        assert costs == [2, 2, 2, 2]  # as many as the client with most hashes has

    asyncio.run(run())


def test_both_secrets_hold_while_one_replaces_the_other():
    async def run():
        found = authenticator()
        await found.check("two", b"new-secret", "")
        await found.check("two", b"old-secret", "")
        assert found.remembered("two", b"new-secret")

    asyncio.run(run())


def test_equal_first_requests_share_one_hash(hashing):
    async def run():
        found = authenticator()
        await asyncio.gather(*(found.check("shop", b"shop-secret", "") for _ in range(64)))
        assert hashing["count"] == 2
        results = await asyncio.gather(*(found.check("shop", b"wrong", "") for _ in range(8)), return_exceptions=True)
        assert all(isinstance(result, NotAuthenticated) for result in results)

    asyncio.run(run())


def test_hashes_run_one_at_a_time_and_the_waiting_are_bounded(hashing):
    async def run():
        found = authenticator(waiting=4, tries_burst=100)
        hashing["gate"].clear()
        flood = [asyncio.create_task(found.check("shop", f"guess-{number}".encode(), f"10.0.0.{number}")) for number in range(10)]
        done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
        assert all(isinstance(task.exception(), TooManyRequests) for task in done)
        hashing["gate"].set()
        results = await asyncio.gather(*flood, return_exceptions=True)
        assert [type(result) for result in results].count(TooManyRequests) == 6
        assert hashing["most"] == 1

    asyncio.run(run())


def test_a_flood_of_wrong_secrets_does_not_keep_known_clients_out(hashing):
    async def run():
        found = authenticator(waiting=2)
        await found.check("shop", b"shop-secret", "9.9.9.9")
        hashing["gate"].clear()
        flood = [asyncio.create_task(found.check("shop", f"guess-{number}".encode(), "1.1.1.1")) for number in range(5)]
        await asyncio.sleep(0)
        await found.check("shop", b"shop-secret", "1.1.1.1")  # at once, although every slot is taken
        hashing["gate"].set()
        await asyncio.gather(*flood, return_exceptions=True)

    asyncio.run(run())


def test_tries_per_peer_are_bounded_and_a_right_secret_costs_none():
    async def run():
        time = Time()
        found = authenticator(clock=time, tries_burst=2)
        for guess in (b"guess-1", b"guess-2"):
            with pytest.raises(NotAuthenticated):
                await found.check("nobody", guess, "1.1.1.1")
        with pytest.raises(TooManyRequests) as refusal:
            await found.check("somebody", b"wrong", "1.1.1.1")  # another made-up id buys no further try
        assert refusal.value.headers == {"Retry-After": "2"}
        await found.check("shop", b"shop-secret", "1.1.1.1")
        await found.check("two", b"new-secret", "1.1.1.1")
        await found.check("two", b"old-secret", "1.1.1.1")
        with pytest.raises(NotAuthenticated):
            await found.check("nobody", b"wrong", "2.2.2.2")
        time.seconds += 2
        with pytest.raises(NotAuthenticated):
            await found.check("nobody", b"wrong", "1.1.1.1")

    asyncio.run(run())


def test_an_old_secret_that_is_repeated_for_ever_does_not_lock_the_new_one_out(hashing):
    async def run():
        found = authenticator(clock=Time())
        with pytest.raises(NotAuthenticated):
            await found.check("shop", b"old-secret", "1.1.1.1")
        slow = hashing["count"]
        for _ in range(100):
            with pytest.raises(NotAuthenticated):
                await found.check("shop", b"old-secret", "1.1.1.1")
        assert hashing["count"] == slow
        await found.check("shop", b"shop-secret", "1.1.1.1")
        with pytest.raises(NotAuthenticated):
            await found.check("none", b"old-secret", "1.1.1.1")  # wrong for one client says nothing of another
        assert hashing["count"] > slow + 2

    asyncio.run(run())


def test_only_so_many_wrong_secrets_are_remembered(hashing, monkeypatch):
    monkeypatch.setattr("adapter.faces.authentication._MOST_WRONG", 2)

    async def run():
        found = authenticator()
        for guess in (b"guess-1", b"guess-2", b"guess-1", b"guess-3", b"guess-1"):  # guess-2 is the one used least lately
            with pytest.raises(NotAuthenticated):
                await found.check("shop", guess, "1.1.1.1")
        assert hashing["count"] == 3 * 2
        with pytest.raises(NotAuthenticated):
            await found.check("shop", b"guess-2", "1.1.1.1")
        assert hashing["count"] == 4 * 2

    asyncio.run(run())


def test_a_caller_that_leaves_does_not_stop_the_check_for_others(hashing):
    async def run():
        found = authenticator()
        hashing["gate"].clear()
        first = asyncio.create_task(found.check("shop", b"shop-secret", ""))
        second = asyncio.create_task(found.check("shop", b"shop-secret", ""))
        await asyncio.sleep(0)
        first.cancel()
        hashing["gate"].set()
        await second
        assert first.cancelled()

    asyncio.run(run())


def test_bucket_fills_with_time_up_to_its_burst():
    time = Time()
    bucket = Bucket(2.0, 3, time)
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    time.seconds += 0.5
    assert bucket.take() == 0
    time.seconds += 100
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]
    bucket.give_back()
    assert bucket.take() == 0


def test_buckets_forget_the_ones_used_least_lately():
    time = Time()
    buckets = Buckets(1.0, 1, time)
    assert buckets.take("first") == 0
    assert buckets.take("first") == 1
    for number in range(4096):
        buckets.take(str(number))
    assert buckets.take("first") == 0  # forgotten, so full again
    buckets.give_back("never seen")


def write(folder, text):
    path = folder / "clients.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_clients_file_names_what_is_wrong_and_never_the_secret(tmp_path):
    path = write(tmp_path, "clients:\n  shop:\n    secret: my-plain-secret\n    markets: [pr]\n    operations: ['*']\n    limit: {}\n")
    with pytest.raises(CheckFailed) as failed:
        load_clients(path)
    wrong, unknown = failed.value.findings
    assert (wrong.code, wrong.at.line) == ("F203", 3)
    assert "expected scrypt$" in wrong.text
    assert (unknown.code, unknown.at.line, unknown.hint) == ("F201", 6, "did you mean 'limits'?")
    assert "my-plain-secret" not in str(failed.value)


def test_shipped_clients_are_those_of_the_demo(request):
    root = request.config.rootpath
    clients = load_clients(root / "config" / "clients.yaml")
    assert SecretHash.parse(clients.clients["demo-channel"].secret).matches(b"demo-secret")
    assert clients.clients["demo-open"].hashes == ()
