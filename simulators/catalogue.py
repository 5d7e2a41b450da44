"""The simulators by name, as the command line and the service start them."""

from __future__ import annotations

from collections.abc import Callable

from simulators.lab.backend import lab
from simulators.slbos.backend import slbos
from simulators.soap_server import Simulator

SIMULATORS: dict[str, Callable[..., Simulator]] = {"slbos": slbos, "lab": lab}
