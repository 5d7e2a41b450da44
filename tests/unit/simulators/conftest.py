from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import zeep
from lxml import etree

from simulators.slbos.backend import WSDL
from simulators.soap_server import Simulator
from tests.loop_kit import LoopThread


@pytest.fixture
def in_loop() -> Iterator[Callable[[Any], Any]]:
    """Runs a coroutine in an event loop of another thread and returns its result, so that blocking clients can be used."""
    with LoopThread() as thread:
        yield thread.run


@pytest.fixture
def serve(in_loop: Callable[[Any], Any]) -> Iterator[Callable[[Simulator], Simulator]]:
    """Starts a simulator; it is stopped after the test."""
    running: list[Simulator] = []

    def start(simulator: Simulator) -> Simulator:
        in_loop(simulator.start())
        running.append(simulator)
        return simulator

    yield start
    for simulator in running:
        in_loop(simulator.stop())


@pytest.fixture
def soap() -> Iterator[Callable[[Simulator], Any]]:
    """A zeep client made from the WSDL that the simulator serves."""
    sessions: list[requests.Session] = []

    def client(simulator: Simulator) -> Any:
        session = requests.Session()
        sessions.append(session)
        transport = zeep.Transport(session=session, operation_timeout=5)
        return zeep.Client(f"{simulator.url}?wsdl", transport=transport)

    yield client
    for session in sessions:
        session.close()


@pytest.fixture
def order() -> Callable[..., dict[str, Any]]:
    """An order of SLBOS like the documented self-install sample, with single members changed."""

    def make(**changes: Any) -> dict[str, Any]:
        return {
            "conversationId": "QAHA017633E52B68CF0000",
            "clientReference": "ref-1",
            "channel": {"channelId": "ECOM", "lineOfBusiness": "FIXED", "correlationId": "644e1dd7-2a7f-18fb-b8ed-ed78c3f92c2b"},
            "temporaryOrderId": "0000000000005555",
            "accountNumber": "#190150638551501",
            "category": "RES",
            "houseId": "00918424400656",
            "requestedDate": "4444-12-31T00:00:00.000Z",
            "reasonCode": "SF",
            "campaignCode": "SIN",
            "requestedFunction": "NEW",
            "creditLimit": "100",
            "job": {"type": "CS", "installation": "SelfInstall"},
            "telephoneNumber": "9395455945",
            "party": [{"id": "1901506147568", "name": "DEV TESTING001", "role": "Buyer Contact", "kind": "Customer"}],
            "line": [
                {"offerCode": "F7B3I", "serviceCode": "RV3BC", "kind": "P", "action": "A", "quantity": 1, "serviceType": "CV"},
                {"offerCode": "0MSIN", "serviceCode": "0MSIN", "kind": "A", "action": "A", "quantity": 1, "serviceType": "NU"},
            ],
            **changes,
        }

    return make


@pytest.fixture
def raw_order(order: Callable[..., dict[str, Any]]) -> Callable[..., bytes]:
    """The same as an envelope, written by zeep, for clients that look below SOAP."""
    client = zeep.Client(str(WSDL))

    def make(**changes: Any) -> bytes:
        return etree.tostring(client.create_message(client.service, "UpdateOrderDetail", order=order(**changes)))

    return make
