"""The numbers of simulated backends: from the documented first one on, and with a file none is given again after a restart."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapter.cli.hosting import hosted
from adapter.settings import Home, load_settings
from simulators.numbers import Numbers
from simulators.registry import SIMULATORS, running
from tests.service_kit import ROOT, sample, warm

LAB = "/tmf-api/productOrderingManagement/v4/productOrder"
PR = "/ecom-ux/v1/PR/productOrder"
SIGNED_IN = {
    "client-id": "demo-channel",
    "client-secret": "demo-secret",
    "lob": "FIXED",
    "channelId": "ECOM",
    "X-Conversation-Id": "QAHA017633E52B68CF0000",
}


def test_each_kind_counts_by_itself_and_a_documented_number_is_given_once() -> None:
    numbers = Numbers()
    assert [numbers.next(), numbers.next("JM"), numbers.next(), numbers.next("JM")] == [1, 1, 2, 2]
    assert [numbers.first("DJ0001H"), numbers.first("DJ0001H"), numbers.first("FL0070H")] == [True, False, True]
    numbers.clear()
    assert (numbers.next(), numbers.first("DJ0001H")) == (1, True)


def test_with_a_file_they_go_on_behind_those_that_were_given(tmp_path: Path) -> None:
    file = tmp_path / "simulators" / "lab.json"
    before = Numbers()
    before.keep(file)
    assert [before.next(), before.next("message"), before.next(), before.first("S-1")] == [1, 1, 2, True]
    after = Numbers()
    after.keep(file)
    assert [after.next(), after.next("message"), after.first("S-1"), after.first("S-2")] == [3, 2, False, True]
    after.clear()
    again = Numbers()
    again.keep(file)
    assert again.next() == 1, "a backend that forgot everything begins anew"


@pytest.mark.parametrize("text", ["", "[]", '{"counts": {"": -1}}', '{"counts": {}, "orders": []}'])
def test_another_file_is_not_taken_for_one_of_numbers(tmp_path: Path, text: str) -> None:
    file = tmp_path / "lab.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"lab\.json: this is no file of a simulator's numbers; remove it"):
        Numbers().keep(file)
    assert file.read_text(encoding="utf-8") == text


def test_every_simulator_that_is_started_together_keeps_its_numbers(tmp_path: Path) -> None:
    async def start() -> None:
        async with running({}, numbers=tmp_path / "simulators"):
            pass

    asyncio.run(start())
    assert {file.stem for file in (tmp_path / "simulators").iterdir()} == set(SIMULATORS)


def test_the_command_names_a_file_that_holds_no_numbers(tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("odd", encoding="utf-8")
    command = [sys.executable, "-m", "simulators.lab", "--numbers", str(tmp_path / "odd")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"lab: --numbers: {tmp_path / 'odd'}: this is no file of a simulator's numbers")


def test_orders_of_a_service_that_was_restarted_get_no_number_that_its_record_knows(tmp_path: Path) -> None:
    """The first ones are those that are documented."""
    home = Home(ROOT)
    settings = load_settings(home, {"ADAPTER_DATA": str(tmp_path)})
    warm(settings.contract_cache)

    async def placed(reference: str) -> tuple[str, str]:
        async with hosted(home, settings, simulators=True, environment={}) as host, httpx.AsyncClient(trust_env=False) as client:
            lab: dict[str, Any] = {"productOrderItem": [{"id": "1", "action": "add"}], "externalId": reference}
            first = await client.post(host.url + LAB, json=lab)
            documented = {**sample("selfinstall.request.json"), "description": reference}
            second = await client.post(host.url + PR, json=documented, headers={**SIGNED_IN, "correlationId": reference})
            assert (first.status_code, second.status_code) == (201, 201), (first.text, second.text)
            return first.json()["id"], second.json()["id"]

    assert asyncio.run(placed("web-1")) == ("LAB-000001", "1200047552281013")
    assert asyncio.run(placed("web-2")) == ("LAB-000002", "1200060000000201")
