"""``config/markets/<id>.yaml``: what may be declared, and what an answer without a readable reply comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.errors import CheckFailed, ConfigError
from adapter.market import Market, load_market
from adapter.ports import Fault, OutcomeKind

LEAST = """\
market: north
title: North
connector: soap
endpoint: http://north/
contract: north.wsdl
operations:
  productOrder.create: {}
"""


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str, name: str = "north") -> Market:
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_market(tmp_path / f"{name}.yaml", {"SECRET": "s3cret"})

    return reading


def test_the_least_that_has_to_be_declared(read):
    market = read(LEAST)
    assert (market.limits.total, market.timezone, market.redact) == (20, "UTC", ())
    assert not market.operations["productOrder.create"].authoritative


def test_the_file_has_the_name_of_its_market(read):
    with pytest.raises(ConfigError, match=r"market is 'north', but the file is called 'south\.yaml'"):
        read(LEAST, "south")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("operations: {a: {authoritative: yes}}", "authoritative is about a probe"),
        ("operations: {a: {probe: b}}", "operations.a.probe: there is no operation 'b' in this file"),
        ("operations: {a: {settle: -1}}", "settle"),
        ("operations: {a: {}}\nlimits: {total: 0}", "limits.total"),
        ("operations: {a: {}}\nlimits: {slots: 0}", "limits.slots"),
        ("operations: {a: {}}\noutcomes: {status: {503: maybe}}", "outcomes.status.503"),
        ("operations: {a: {}}\noutcomes: {fault: {Client: accepted}}", "outcomes.fault.Client"),
        ("operations: {a: {}}\nsecurity: {basic: {username: u}}", "security.basic.password"),
        ("operations: {a: {}}\nlimit: {}", "did you mean 'limits'?"),
    ],
)
def test_contradictions_are_named(read, more, words):
    text = LEAST.replace("operations:\n  productOrder.create: {}\n", more)
    with pytest.raises(CheckFailed) as refused:
        read(text)
    assert words in str(refused.value)


def test_settings_are_text_whatever_they_look_like(read):
    market = read(LEAST + "settings: {yes: yes, number: 7, share: 1.5, text: '007'}\n")
    assert all(isinstance(value, str) for value in market.settings.values())
    assert market.settings["text"] == "007"
    assert market.settings["number"] == "7"
    assert Market.model_validate({**market.model_dump(by_alias=True), "settings": {"a": True, "b": False, "c": 2}}).settings == {
        "a": "true",
        "b": "false",
        "c": "2",
    }


def test_secrets_are_not_shown(read):
    market = read(LEAST + "security: {basic: {username: u, password: '${SECRET}'}, headers: {X-Key: '${SECRET}'}}\n")
    assert market.security.basic is not None
    assert market.security.basic.password.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(market)


def test_an_answer_without_a_reply_is_in_doubt_unless_it_is_listed(read):
    market = read(LEAST + "outcomes: {status: {503: unavailable}, fault: {Refused: rejected, Client: rejected, Busy: unavailable}}\n")
    assert market.technical(500, None) is OutcomeKind.IN_DOUBT
    assert market.technical(503, None) is OutcomeKind.UNAVAILABLE
    assert market.technical(500, Fault("Server", "x")) is OutcomeKind.IN_DOUBT
    assert market.technical(503, Fault("Server", "x")) is OutcomeKind.UNAVAILABLE
    assert market.technical(500, Fault("Client", "x")) is OutcomeKind.REJECTED
    assert market.technical(500, Fault("Server", "x", "Refused")) is OutcomeKind.REJECTED
    assert market.technical(500, Fault("Client", "x", "Busy")) is OutcomeKind.UNAVAILABLE  # the detail says most
