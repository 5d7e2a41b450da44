"""One market at work: its declaration joined with the parts that bootstrap built for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from adapter.codes import Catalogue
from adapter.contract.validation import Validator
from adapter.errors import NotOffered
from adapter.mapping.translator import Translator
from adapter.market import Market, Operation
from adapter.ports import Connector, Receiver
from adapter.redaction import Redaction
from adapter.wire import Wire


class Rules(Protocol):
    """What is declared about one market."""

    @property
    def market(self) -> Market:
        """Its declaration."""

    @property
    def translators(self) -> Mapping[str, Translator]:
        """Its mappings by operation."""


@dataclass(frozen=True, slots=True)
class Backend:
    """All that one market's exchanges need. ``translators`` and ``validators`` are by operation. ``receiver`` takes the messages that the
    backend sends of its own accord, where it does; ``arrivals`` are the operations they stand for, by legacy operation."""

    market: Market
    connector: Connector
    wire: Wire
    translators: Mapping[str, Translator]
    validators: Mapping[str, Validator]
    catalogue: Catalogue
    redaction: Redaction
    receiver: Receiver | None = None
    arrivals: Mapping[str, str] = field(default_factory=dict)

    def operation(self, name: str) -> Operation:
        """The declaration of an operation. Raises NotOffered."""
        operation = self.market.operations.get(name)
        if operation is None or name not in self.translators:
            raise NotOffered(f"{self.market.title} does not offer {name}")
        return operation
