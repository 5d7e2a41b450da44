"""A market whose operations take several calls names the package that makes them."""

from __future__ import annotations

import pytest

from adapter.bootstrap.connectors import way_of
from adapter.bootstrap.conversations import conversation_of
from adapter.errors import ConfigError
from adapter.market import load_market
from adapter.recording import RECORD
from connectors.citynetwork import CityNetworkConnector

ENVIRONMENT = {"ADAPTER_CITYNETWORK_ENDPOINT": "http://network.example"}


@pytest.fixture
def market(request):
    return load_market(request.config.rootpath / "config" / "markets" / "se.yaml", ENVIRONMENT)


def test_the_operations_of_the_conversation_stand_beside_the_backends_own(market, request):
    contracts = way_of(market).contracts(market, request.config.rootpath / market.contract, None)
    assert {"port_status", "service_order", "activate_service", "find_activation", RECORD} <= contracts.keys()
    connector = way_of(market).connect(market, request.config.rootpath / market.contract, None)
    assert connector.contracts().keys() == contracts.keys()


def test_a_market_without_one_speaks_as_its_connector_does(market):
    assert conversation_of(market.model_copy(update={"conversation": ""})) is None
    assert conversation_of(market).connect is CityNetworkConnector


@pytest.mark.parametrize("name", ["nowhere", "xml"])
def test_a_conversation_that_is_none_is_named(market, name):
    wrong = market.model_copy(update={"conversation": name})
    with pytest.raises(ConfigError, match=rf"config/markets/se\.yaml: conversation: there is no conversation '{name}'; it is a package"):
        way_of(wrong)
