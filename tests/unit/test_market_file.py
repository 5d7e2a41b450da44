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
        ("operations: {a: {}}\ndelivery: later", "delivery"),
        ("operations: {a: {}}\nrate: {perSecond: 0}", "rate.perSecond"),
        ("operations: {a: {}}\nrate: {perSecond: 5, burst: 2, reserve: 2}", "of 2 permits at once (burst) 2 are kept for orders"),
        ("operations: {a: {}}\nwindows: [{minutes: 120}]", "windows.0.cron"),
        ("operations: {a: {}}\nwindows: [{cron: '0 2 * * *', minutes: 0}]", "windows.0.minutes"),
        ("operations: {a: {}}\nbreaker: {failures: 0, pause: 1}", "breaker.failures"),
    ],
)
def test_contradictions_are_named(read, more, words):
    text = LEAST.replace("operations:\n  productOrder.create: {}\n", more)
    with pytest.raises(CheckFailed) as refused:
        read(text)
    assert words in str(refused.value)


FOLLOWED = """\
market: north
title: North
connector: soap
endpoint: http://north/
contract: north.wsdl
operations:
  productOrder.create: {}
  productOrder.status: {idempotent: true}
  productOrder.statusList: {idempotent: true}
"""
FOLLOW = "follow: {productOrder.create: {by: productOrder.status, cadence: [%s]}}\n"


def test_how_orders_are_followed(read):
    market = read(
        FOLLOWED
        + """\
delivery: deferred
rate: {perSecond: 20, burst: 10, reserve: 3}
windows: [{cron: "0 2 * * *", minutes: 120}]
breaker: {failures: 5, pause: 30}
follow:
  productOrder.create:
    by: productOrder.status
    cadence:
      - {state: acknowledged, until: 3600, every: "${POLL:-30}"}
      - {until: 86400, every: 60}
      - {every: 900}
    bulk: {operation: productOrder.statusList, most: 100}
timers:
  - {name: held-too-long, when: held, after: 604800, attention: "held for seven days: ask the back office"}
  - {name: no-answer, when: pending, after: 2592000, state: cancelled}
"""
    )
    follow = market.follow["productOrder.create"]
    assert [(row.state, row.until, row.every) for row in follow.cadence] == [("acknowledged", 3600, 30), ("", 86400, 60), ("", None, 900)]
    assert (follow.jitter, follow.at_most, follow.bulk and follow.bulk.most) == (0.1, 2592000, 100)
    assert (market.delivery, market.windows[0].cron, market.breaker and market.breaker.pause) == ("deferred", "0 2 * * *", 30)
    assert (market.rate and market.rate.reserve, market.timers[0].name, market.timers[1].state) == (3, "held-too-long", "cancelled")


def test_a_market_that_says_nothing_of_it_is_direct_and_follows_nothing(read):
    market = read(LEAST)
    assert (market.delivery, market.rate, market.windows, market.breaker, market.follow, market.timers) == (
        "direct",
        None,
        (),
        None,
        {},
        (),
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            FOLLOW.replace("productOrder.create", "productOrder.change") % "{every: 9}",
            "there is no operation 'productOrder.change' in this file",
        ),
        (
            FOLLOW.replace("by: productOrder.status", "by: productOrder.read") % "{every: 9}",
            "productOrder.create.by: there is no operation 'productOrder.read'",
        ),
        (
            FOLLOW.replace("by: productOrder.status", "by: productOrder.create") % "{every: 9}",
            "declare productOrder.create with 'idempotent: true'",
        ),
        (
            "follow: {productOrder.create: {by: productOrder.status, cadence: [{every: 9}], bulk: {operation: productOrder.all, most: 9}}}",
            "productOrder.create.bulk.operation: there is no operation 'productOrder.all'",
        ),
        (
            FOLLOW.replace("}}", ", bulk: {operation: productOrder.statusList, most: 1}}}") % "{every: 9}",
            "follow.productOrder.create.bulk.most",
        ),
        (FOLLOW % "", "the last row must have neither state nor until"),
        (FOLLOW % "{until: 60, every: 9}", "the last row must have neither state nor until"),
        (FOLLOW % "{every: 9}, {state: held, every: 9}", "the last row must have neither state nor until"),
        (FOLLOW % "{every: 9}, {every: 99}", "cadence.1: this row is never reached: row 1 takes all that it is about"),
        (FOLLOW % "{until: 60, every: 9}, {state: held, until: 60, every: 9}, {every: 9}", "cadence.1: this row is never reached"),
        (FOLLOW % "{state: held, every: 9}, {state: held, until: 60, every: 9}, {every: 9}", "cadence.1: this row is never reached"),
        (FOLLOW % "{state: completed, every: 9}, {every: 9}", "cadence.0.state: 'completed' is an end, which nothing comes after"),
        (FOLLOW % "{state: hold, every: 9}, {every: 9}", "cadence.0.state: there is no state 'hold' (did you mean 'held'?)"),
        (FOLLOW % "{every: 0}", "cadence.0.every"),
        ("timers: [{name: t, when: held, after: 9}]", "write either attention"),
        ("timers: [{name: t, when: held, after: 9, attention: x, state: failed}]", "write either attention"),
        (
            "timers: [{name: t, when: failed, after: 9, attention: x}]",
            "timers.0.when: 'failed' is an end, which nothing comes after (something comes after acknowledged, ",
        ),
        ("timers: [{name: t, when: held, after: 9, state: gone}]", "timers.0.state: there is no state 'gone'"),
        ("timers: [{name: 't t', when: held, after: 9, attention: x}]", "timers.0.name"),
        (
            "timers: [{name: t, when: held, after: 9, attention: x}, {name: t, when: pending, after: 9, attention: x}]",
            "there are two timers",
        ),
    ],
)
def test_contradictions_of_following_are_named(read, more, words):
    with pytest.raises(CheckFailed) as refused:
        read(FOLLOWED + more)
    assert words in str(refused.value)


def test_only_orders_that_have_a_life_can_be_followed(read):
    text = FOLLOWED.replace("productOrder.create", "order.create")
    with pytest.raises(CheckFailed, match=r"operations\.order\.create: there is no resource 'order'"):
        read(text + FOLLOW.replace("productOrder.create", "order.create") % "{every: 9}")
    with pytest.raises(CheckFailed, match=r"operations\.order\.create: there is no resource 'order'"):
        read(text + "timers: [{name: t, when: held, after: 9, attention: x}]")


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


def test_the_party_that_sees_an_order_as_well_is_named_by_its_path(read):
    assert read(f"{LEAST}visibility: client\nvisibleTo: 'relatedParty[role=Provider].id'\n").visible_to == "relatedParty[role=Provider].id"
    with pytest.raises(CheckFailed, match="visibleTo"):
        read(f"{LEAST}visibleTo: 'relatedParty['\n")
    assert read(f"{LEAST}related: 'agreement[agreementType=preAgreement].id'\n").related == "agreement[agreementType=preAgreement].id"
    with pytest.raises(CheckFailed, match="related"):
        read(f"{LEAST}related: 'agreement['\n")
