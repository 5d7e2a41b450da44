"""``python -m simulators.nexera``."""

from simulators.command import main

main("nexera")
