"""``python -m simulators.<name>``: says where it is, serves, and ends when told to."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import requests

from simulators import registry

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(registry.SIMULATORS))
def test_the_command_serves_until_it_is_told_to_stop(name):
    scenarios = ROOT / "simulators" / name / "scenarios.yaml"
    command = [sys.executable, "-m", f"simulators.{name}", *(["--scenarios", str(scenarios)] if name == "lab" else [])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        contract = process.stdout.readline().split()[2].strip("(,")
        content = requests.get(contract, timeout=5).content
        assert b"definitions" in content or b"openapi:" in content
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_port_that_is_taken_is_named_with_what_to_do():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "simulators.lab", "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"lab: cannot listen on 127.0.0.1:{port}: ")
    assert done.stderr.rstrip().endswith("choose another with --port")


def test_all_run_together_in_one_loop_and_each_has_a_variable():
    async def run():
        async with registry.running() as urls, httpx.AsyncClient(trust_env=False) as client:
            assert sorted(urls) == sorted(registry.VARIABLES) == sorted(registry.SIMULATORS)
            for url in urls.values():
                assert 200 in [(await client.get(f"{url}?{contract}")).status_code for contract in ("wsdl", "openapi")]

    asyncio.run(run())
