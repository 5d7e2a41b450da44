"""Operations that change the record and call nobody: a mapping file says ``legacy: Record``.

What its rules of ``request`` write is what those of ``reply`` and ``outcome`` read; every market has this operation beside those of its
contract.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapter.contract.shape import Kind, OperationContract, Shape
from adapter.ports import Answer, AnswerKind, Call, Connector, Exchange

RECORD = "Record"
"""The name of the operation that calls nobody."""


def with_record(contracts: Mapping[str, OperationContract]) -> Mapping[str, OperationContract]:
    """The operations of a legacy contract and ``Record``; one of the contract's own that is called so stays."""
    note = Shape(Kind.OBJECT, "the note", open=True)
    return {RECORD: OperationContract(RECORD, note, note), **contracts}


class Recording:
    """A connector with ``Record`` beside the operations of its contract."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        own = connector.contracts()
        self._records = RECORD not in own
        self._contracts = with_record(own)

    def contracts(self) -> Mapping[str, OperationContract]:
        """The legacy operations and ``Record``."""
        return self._contracts

    def exchange(self, call: Call) -> Exchange:
        """Of ``Record``: the document itself, and no request."""
        return _nobody(call) if self._records and call.operation == RECORD else self._connector.exchange(call)


def _nobody(call: Call) -> Exchange:
    return Answer(AnswerKind.REPLY, 200, call.document)
    yield  # a generator that ends before its first request
