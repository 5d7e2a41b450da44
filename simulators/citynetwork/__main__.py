"""``python -m simulators.citynetwork --port 8094``."""

from simulators.command import main

main("citynetwork")
