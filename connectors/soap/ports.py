"""Several ports of one WSDL as one connector: each operation goes to the port that has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from adapter.contract.shape import OperationContract
from adapter.errors import SerialisationFailed
from adapter.ports import Call, Exchange
from connectors.soap.connector import SoapConnector


class SoapPorts:
    """Speaks to several ports. No operation has the name of another one, in whichever of them."""

    def __init__(self, ports: Iterable[SoapConnector]) -> None:
        self._ports = {name: port for port in ports for name in port.contracts()}

    def contracts(self) -> Mapping[str, OperationContract]:
        """The operations of all ports with the shapes of their documents."""
        return {name: port.contracts()[name] for name, port in self._ports.items()}

    def exchange(self, call: Call) -> Exchange:
        """As the port's own. Raises SerialisationFailed before the request, nothing after it."""
        port = self._ports.get(call.operation)
        if port is None:
            raise SerialisationFailed(f"no port that is called has an operation '{call.operation}'; there are: {', '.join(self._ports)}")
        return (yield from port.exchange(call))
