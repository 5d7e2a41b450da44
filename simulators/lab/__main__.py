"""``python -m simulators.lab --port 8091``."""

from simulators.command import main

main("lab")
