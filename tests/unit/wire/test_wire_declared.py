"""What a market declares about its backend reaches the wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from adapter.channel import Tls
from adapter.market import Market
from adapter.wire import WireSettings, settings_of

BASE = {"market": "lab", "title": "Lab", "connector": "soap", "contract": "x.wsdl", "operations": {}}


def test_limits_and_tls_of_a_market():
    market = Market.model_validate(
        BASE
        | {
            "endpoint": "https://backend.example/soap",
            "limits": {"slots": 7, "slot": 1, "connect": 2, "send": 3, "total": 9, "replyBytes": 5000, "keepAlive": 4},
            "security": {
                "tls": {
                    "certificate": "tls/own.pem",
                    "key": "tls/own.key",
                    "authorities": "/etc/ca.pem",
                    "keyPassword": "k",
                    "serverName": "b",
                }
            },
        }
    )
    assert settings_of(market, lambda path: Path("/home/adapter") / path) == WireSettings(
        slots=7,
        slot_seconds=1,
        connect_seconds=2,
        send_seconds=3,
        answer_seconds=9,
        exchange_seconds=9,
        keepalive_seconds=4,
        max_reply_bytes=5000,
        tls=Tls(
            certificate=Path("/home/adapter/tls/own.pem"),
            key=Path("/home/adapter/tls/own.key"),
            authorities=Path("/etc/ca.pem"),
            keyPassword=SecretStr("k"),
            serverName="b",
        ),
    )


def test_a_market_without_tls_uses_the_system_authorities():
    market = Market.model_validate(BASE | {"endpoint": "https://backend.example/soap", "security": {"tls": {}}})
    assert settings_of(market, lambda path: path).tls == Tls()


def test_an_endpoint_that_cannot_be_called_stops_the_start():
    with pytest.raises(ValidationError, match="must be a URL such as"):
        Market.model_validate(BASE | {"endpoint": "backend.example:8080"})
