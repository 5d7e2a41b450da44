"""Conversations: packages below ``connectors`` that make operations of their own out of those of a way of speaking.

A market file names one under ``conversation``, so that a backend whose order takes several calls needs a package and no change here.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Protocol, cast

from adapter.contract.shape import OperationContract
from adapter.errors import ConfigError
from adapter.market import Market
from adapter.ports import Connector


class Conversation(Protocol):
    """What such a package offers."""

    def contracts(self, own: Mapping[str, OperationContract], /) -> Mapping[str, OperationContract]:
        """The backend's ``own`` operations and those made of them. Raises ConfigError where one of its own is missing."""

    def connect(self, network: Connector, /) -> Connector:
        """The connector of all of these operations, which speaks through that of the backend's own. Raises ConfigError."""


def conversation_of(market: Market) -> Conversation | None:
    """The conversation that a market names, None where it names none. Raises ConfigError."""
    name = market.conversation
    if not name:
        return None
    try:
        module = importlib.import_module(f"connectors.{name}")
    except ModuleNotFoundError:
        module = None
    if module is None or not all(callable(getattr(module, part, None)) for part in ("contracts", "connect")):
        text = f"there is no conversation '{name}'; it is a package connectors/{name} with 'contracts' and 'connect'"
        raise ConfigError(f"config/markets/{market.market}.yaml: conversation: {text}")
    return cast("Conversation", module)
