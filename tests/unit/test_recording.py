"""The operation that calls nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapter.contract.openapi import load_openapi
from adapter.contract.shape import Kind, OperationContract, Shape
from adapter.ports import AnswerKind, Call
from adapter.recording import RECORD, Recording, with_record
from connectors.rest import RestConnector

CONTRACT = load_openapi(Path(__file__).parents[2] / "mappings" / "se" / "schema" / "citynetwork.openapi.yaml")


def test_what_is_written_is_what_is_read_and_no_request_leaves():
    connector = Recording(RestConnector(CONTRACT, "http://network.example"))
    with pytest.raises(StopIteration) as done:
        next(connector.exchange(Call(RECORD, {"status": "new"})))
    answer = done.value.value
    assert (answer.kind, answer.document) == (AnswerKind.REPLY, {"status": "new"})
    assert connector.contracts()[RECORD].output.open


def test_every_other_operation_is_the_connectors():
    connector = Recording(RestConnector(CONTRACT, "http://network.example"))
    request = next(connector.exchange(Call("port_status", {"query": {"method": "port_status", "socket": "1"}})))
    assert request.url == "http://network.example/api?method=port_status&socket=1"


def test_an_operation_of_the_contract_that_is_called_so_stays():
    own = OperationContract(RECORD, Shape(Kind.OBJECT, "own"), Shape(Kind.OBJECT, "own"))

    class Connector:
        def contracts(self):
            return {RECORD: own}

        def exchange(self, call):
            yield call

    assert with_record({RECORD: own}) == {RECORD: own}
    assert next(Recording(Connector()).exchange(Call(RECORD, {"a": 1}))).document == {"a": 1}
