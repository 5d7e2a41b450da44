"""The simulators by name, as the command line and the service start them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from simulators.lab.backend import lab
from simulators.slbos.backend import slbos
from simulators.soap_server import Simulator

SIMULATORS: dict[str, Callable[..., Simulator]] = {"slbos": slbos, "lab": lab}

# The variable by which a market's file gets the address of its backend.
VARIABLES: dict[str, str] = {"slbos": "ADAPTER_PR_ENDPOINT", "lab": "ADAPTER_LAB_ENDPOINT"}


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[dict[str, str]]:
    """All simulators in this loop, on free loopback ports: their SOAP endpoints by name. They end with the block."""
    async with contextlib.AsyncExitStack() as stack:
        yield {name: (await stack.enter_async_context(make())).url for name, make in SIMULATORS.items()}
