"""``python -m simulators.cerillion --port 8093``."""

from simulators.command import main

main("cerillion")
