"""``inbound`` of a market's file, and the parties of clients: what may be declared."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.agenda import watched
from adapter.errors import ConfigError
from adapter.faces.clients import Clients
from adapter.market import Market, load_market

MARKET = """\
market: north
title: North
connector: soap
endpoint: http://north/
contract: north.wsdl
operations:
  productOrder.create: {}
  productOrder.status: {idempotent: true}
"""
LEAST = "inbound: {face: tmf, open: true, operations: {productOrder.message: {}}}\n"


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str) -> Market:
        (tmp_path / "north.yaml").write_text(MARKET + text, encoding="utf-8")
        return load_market(tmp_path / "north.yaml", {"SECRET": "s3cret-of-the-desk", "EMPTY": ""})

    return reading


def test_the_least_that_has_to_be_declared(read):
    inbound = read(LEAST).inbound
    assert (inbound.contract, inbound.port, inbound.open, inbound.security.declared) == (None, "", True, False)
    limits = inbound.limits
    assert (limits.body_bytes, limits.depth, limits.body_seconds, limits.in_flight, limits.wait) == (1_048_576, 64, 10, 64, 5)
    assert not inbound.operations["productOrder.message"].creates


def test_secrets_come_from_the_environment_and_are_not_shown(read):
    market = read("inbound: {face: tmf, security: {headers: {X-Key: '${SECRET}'}}, operations: {productOrder.message: {}}}\n")
    assert market.inbound.security.headers["X-Key"].get_secret_value() == "s3cret-of-the-desk"
    assert "s3cret-of-the-desk" not in repr(market)


BASIC = "security: {basic: {username: desk, password: '${SECRET}'}}"


@pytest.mark.parametrize(
    ("inbound", "words"),
    [
        ("face: tmf, operations: {productOrder.message: {}}", "declare credentials under 'security', or write 'open: true'"),
        (f"face: tmf, open: true, {BASIC}, operations: {{productOrder.message: {{}}}}", "not both"),
        ("face: tmf, open: true, operations: {}", "inbound.operations"),
        ("open: true, operations: {productOrder.message: {}}", "inbound.face"),
        (
            "face: tmf, security: {basic: {username: desk, password: '${EMPTY}'}}, operations: {productOrder.message: {}}",
            "basic.password: a secret has at least 8 characters",
        ),
        (
            "face: tmf, security: {headers: {X-Key: short}}, operations: {productOrder.message: {}}",
            "headers.X-Key: a secret has at least 8 characters",
        ),
        ("face: tmf, open: true, operations: {productOrdr.message: {}}", "there is no resource 'productOrdr'"),
        ("face: tmf, open: true, operations: {productOrder.create: {}}", "an operation is either called or received"),
        (
            "face: tmf, open: true, operations: {productOrder.message: {owner: a.b}}",
            "owner: this is about the resources that messages make",
        ),
        ("face: tmf, open: true, operations: {productOrder.message: {creates: true, owner: 'a[b'}}", "owner: "),
        ("face: tmf, open: true, limits: {depth: 1000}, operations: {productOrder.message: {}}", "limits.depth"),
    ],
    ids=["nobody", "both", "nothing", "face", "empty", "short", "resource", "twice", "owner", "path", "depth"],
)
def test_what_cannot_be_meant_is_refused(read, inbound, words):
    with pytest.raises(ConfigError) as refused:
        read(f"inbound: {{{inbound}}}\n")
    assert words in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_orders_that_messages_make_may_be_followed(read):
    creates = "inbound: {face: tmf, open: true, operations: {productOrder.announce: {creates: true}, productOrder.message: {}}}\n"
    follow = "follow: {productOrder.NAME: {by: productOrder.status, cadence: [{every: 60}]}}\n"
    assert read(creates + follow.replace("NAME", "announce")).follow["productOrder.announce"].by == "productOrder.status"
    with pytest.raises(ConfigError, match=r"there is no operation 'productOrder\.message' in this file"):
        read(creates + follow.replace("NAME", "message"))


def test_an_order_that_its_backend_tells_of_is_watched(read):
    assert watched(read(LEAST), "productOrder.create", "acknowledged")
    assert not watched(read(""), "productOrder.create", "acknowledged")


# whose it is


def clients(**parties: tuple[str, ...]) -> Clients:
    def entry(names: tuple[str, ...]) -> dict[str, object]:
        return {"markets": ["north", "south"], "operations": ["*"], "parties": names}

    return Clients.model_validate({"clients": {name: entry(names) for name, names in parties.items()}})


def test_a_party_stands_for_its_client_in_each_of_its_markets():
    assert clients(shop=("B-1", "B-2"), other=()).owners == {
        (market, party): "shop" for market in ("north", "south") for party in ("B-1", "B-2")
    }
