"""``python -m simulators.liberate --port 8092``."""

from simulators.command import main

main("liberate")
