"""``python -m simulators.spri --port 8095 --tells http://127.0.0.1:8080/inbound/de``."""

from simulators.command import main

main("spri")
