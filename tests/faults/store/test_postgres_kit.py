"""The server of the tests goes with the tests, however they end."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

START = """
    import sys, time
    from tests import postgres_kit
    server = postgres_kit.Server()
    print(server.keeper, server.folder)
    sys.stdout.flush()
    time.sleep(600)
"""


def test_a_test_process_that_is_killed_leaves_no_server_behind(python):
    process = python(START)
    number, folder = process.stdout.readline().split()
    keeper = psutil.Process(int(number))
    family = [keeper, *keeper.children(recursive=True)]
    assert len(family) > 3
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -9
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert not Path(folder).exists()
