"""The simulators by name, as the command line and the service start them."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simulators.calling import CallingTwin
from simulators.cerillion.backend import cerillion
from simulators.citynetwork.server import citynetwork
from simulators.lab.backend import lab
from simulators.liberate.backend import liberate
from simulators.life import speed_from
from simulators.nexera.backend import nexera
from simulators.slbos.backend import slbos
from simulators.spri.server import spri
from simulators.twin import Twin


class Calling(NamedTuple):
    """How a simulator calls the service of its own accord: where, as whom (HTTP basic authentication), and in which variable the
    market's file has the password."""

    path: str
    user: str
    variable: str

    def headers(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Its credentials."""
        text = f"{self.user}:{environment.get(self.variable, '')}"
        return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


class Simulated(NamedTuple):
    """One backend: how its simulator is made, and the variable by which the markets' files get its address. ``living``: its orders go on
    by themselves, at a ``speed``. ``calling`` is there where it calls the service of its own accord."""

    make: Callable[..., Twin[Any]]
    variable: str
    living: bool = True
    calling: Calling | None = None


_BACKENDS = {
    "slbos": Simulated(slbos, "ADAPTER_PR_ENDPOINT"),
    "lab": Simulated(lab, "ADAPTER_LAB_ENDPOINT"),
    "liberate": Simulated(liberate, "ADAPTER_LIBERATE_ENDPOINT"),
    "cerillion": Simulated(cerillion, "ADAPTER_CERILLION_ENDPOINT"),
    "citynetwork": Simulated(citynetwork, "ADAPTER_CITYNETWORK_ENDPOINT", living=False),
    "spri": Simulated(spri, "ADAPTER_DE_ENDPOINT", calling=Calling("/inbound/de", "spri", "ADAPTER_DE_INBOUND_PASSWORD")),
    "nexera": Simulated(nexera, "ADAPTER_PL_ENDPOINT", calling=Calling("/inbound/pl", "nexera", "ADAPTER_PL_INBOUND_PASSWORD")),
}

SIMULATORS = {name: backend.make for name, backend in _BACKENDS.items()}
LIVING = frozenset(name for name, backend in _BACKENDS.items() if backend.living)
CALLING = {name: backend.calling for name, backend in _BACKENDS.items() if backend.calling is not None}
VARIABLES = {name: backend.variable for name, backend in _BACKENDS.items()}


def passwords(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Of each simulator that calls the service, the variable of its password: as it is set, else with a new one."""
    return {one.variable: environment.get(one.variable) or secrets.token_urlsafe(24) for one in CALLING.values()}


def without_backends(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the endpoints of real backends: whoever shows what the service does orders from simulators only."""
    return {name: value for name, value in environment.items() if name not in VARIABLES.values()}


@contextlib.asynccontextmanager
async def running(
    environment: Mapping[str, str] = os.environ, service: str = "", numbers: Path | None = None
) -> AsyncIterator[dict[str, str]]:
    """The simulators in this loop, on free loopback ports, of all backends whose endpoint the environment does not name: their own
    endpoints by name. They end with the block. How fast orders go on is a matter of the environment, and so are the passwords of those
    that call the ``service`` at its URL ("": they call nobody). ``numbers`` is a folder for those that they give, so that none is given
    again after a restart. Raises ValueError where the speed is none, or a file of numbers cannot be read."""
    speed = speed_from(environment)
    wanted = {name: make for name, make in SIMULATORS.items() if not environment.get(VARIABLES[name])}
    async with contextlib.AsyncExitStack() as stack:
        made = {name: make(speed=speed) if name in LIVING else make() for name, make in wanted.items()}
        if numbers is not None:
            for name, twin in made.items():
                twin.numbers.keep(numbers / f"{name}.json")
        for name, calling in CALLING.items() if service else ():
            if name not in made:
                continue
            twin = made[name]
            assert isinstance(twin, CallingTwin), f"{name} calls nobody"
            twin.tells(f"{service}{calling.path}", calling.headers(environment))
        yield {name: (await stack.enter_async_context(simulator)).url for name, simulator in made.items()}
