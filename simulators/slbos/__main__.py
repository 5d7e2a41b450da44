"""``python -m simulators.slbos --port 8090``."""

from simulators.command import main

main("slbos")
