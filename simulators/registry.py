"""The simulators by name, as the command line and the service start them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping

from simulators.cerillion.backend import cerillion
from simulators.lab.backend import lab
from simulators.liberate.backend import liberate
from simulators.life import speed_from
from simulators.slbos.backend import slbos
from simulators.soap_server import Simulator

SIMULATORS: dict[str, Callable[..., Simulator]] = {"slbos": slbos, "lab": lab, "liberate": liberate, "cerillion": cerillion}

# Those whose orders go on by themselves, at a speed.
LIVING = frozenset({"slbos", "lab", "liberate", "cerillion"})

# The variable by which the markets' files get the address of a backend.
VARIABLES: dict[str, str] = {
    "slbos": "ADAPTER_PR_ENDPOINT",
    "lab": "ADAPTER_LAB_ENDPOINT",
    "liberate": "ADAPTER_LIBERATE_ENDPOINT",
    "cerillion": "ADAPTER_CERILLION_ENDPOINT",
}


@contextlib.asynccontextmanager
async def running(environment: Mapping[str, str] = os.environ) -> AsyncIterator[dict[str, str]]:
    """All simulators in this loop, on free loopback ports: their SOAP endpoints by name. They end with the block. How fast orders go on
    is a matter of the environment. Raises ValueError where that holds no speed."""
    speed = speed_from(environment)
    async with contextlib.AsyncExitStack() as stack:
        made = {name: make(speed=speed) if name in LIVING else make() for name, make in SIMULATORS.items()}
        yield {name: (await stack.enter_async_context(simulator)).url for name, simulator in made.items()}
