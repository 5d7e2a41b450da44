"""``adapter orders``, ``codes`` and ``client``: beside a running service, after it, and after a killed one."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sqlite3
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapter.cli.columns import columns, printable
from adapter.cli.main import app, run
from adapter.cli.place import here
from adapter.cli.running import ServiceNotReachable, ask
from adapter.errors import AdapterError, ConfigError, NotFound, StoreUnavailable
from adapter.faces.authentication import SecretHash
from adapter.settings import Home, load_settings
from adapter.store import Store
from tests.service_kit import ROOT, Running, closed_port, pr_order, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("data")) as started:
        yield started


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    """Runs the command line on a data folder, in a narrow terminal."""

    def call(data: Path, *arguments: str, text: str | None = None) -> Result:
        monkeypatch.setenv("ADAPTER_DATA", str(data))
        monkeypatch.setenv("ADAPTER_HOME", str(ROOT))
        monkeypatch.setenv("COLUMNS", "79")
        return CliRunner().invoke(app, arguments, input=text)

    return call


@pytest.fixture(scope="module")
def placed(service: Running) -> dict[str, Any]:
    """One order with a warning, one refused, one whose number looks like markup."""
    correlation = f"c-{uuid.uuid4()}"
    warned = service.place(pr_order(house="00918424400901"), correlation=correlation)
    assert warned.status_code == 201
    assert service.place(pr_order(house="00918424400911")).status_code == 400
    assert service.place(pr_order(externalId="[/bold][red]7")).status_code == 201
    return {**warned.json(), "correlation": correlation}


def test_orders_lists_the_newest_with_their_state(service, placed, command):
    listed = command(service.data, "orders")
    assert listed.exit_code == 0
    assert placed["id"] in listed.output
    assert "rejected" in listed.output
    assert "[/bold][red]7" in listed.output
    assert placed["id"] not in command(service.data, "orders", "--limit", "1").output
    only = command(service.data, "orders", "--state", "rejected").output
    assert "rejected" in only
    assert placed["id"] not in only
    assert "no orders in state a&b=c on record" in command(service.data, "orders", "--state", "a&b=c").output


def test_lists_are_whole_lines_in_a_narrow_terminal(service, placed, command):
    heads, *lines = command(service.data, "orders").output.splitlines()
    assert heads.split("  ")[0] == "created"
    [line] = [line for line in lines if placed["id"] in line]
    assert len(line) > 80
    assert line.split()[2] in command(service.data, "orders", placed["id"]).output, "the id is whole"
    assert {row.index(" pr ") for row in lines} == {heads.index(" market ")}
    [code] = [line for line in command(service.data, "codes").output.splitlines() if "ORV59I" in line]
    assert "ORV59I - EXISTING CUSTOMER AT LOCATION" in code


def test_what_steers_a_terminal_is_spelled_out_and_no_cell_is_empty():
    shown = list(columns(("a", "b"), [("x\ny\x1b[31m", "é…"), ("", "2")]))
    assert shown == ["a             b", "x\\ny\\x1b[31m  é…", "-             2"]
    assert printable("a\n\tb\r", keep="\n\t") == "a\n\tb\\r"


def test_orders_shows_one_orders_whole_way_by_either_id(service, placed, command):
    by_backend = command(service.data, "orders", placed["id"])
    assert by_backend.exit_code == 0, by_backend.output
    for text in ("attempt 1", "accepted", "client-request", "backend-request", "backend-reply", "client-reply", placed["correlation"]):
        assert text in by_backend.output
    assert "existing-customer-at-location: ORV59I - EXISTING CUSTOMER AT LOCATION" in by_backend.output
    assert "demo-secret" not in by_backend.output
    own = next(line.split()[1] for line in by_backend.output.splitlines() if line.startswith("id "))
    assert command(service.data, "orders", own).output == by_backend.output


@pytest.mark.parametrize("identifier", ["nothing", "a/b", "../codes", "x?y=1#z", "%2e"])
def test_an_order_that_is_not_there_is_told(service, command, identifier):
    missing = command(service.data, "orders", identifier)
    assert isinstance(missing.exception, NotFound)


def test_codes_counts_what_backends_said(service, placed, command):
    seen = command(service.data, "codes")
    assert seen.exit_code == 0
    assert "ORV59I" in seen.output
    assert "existing-customer-at-location" in seen.output
    assert command(service.data, "codes", "--unknown").output == "no unknown codes on record\n"


def test_after_the_service_the_commands_open_the_record_themselves(tmp_path, command):
    order = pr_order(house="00918424400901")
    with running(tmp_path) as started:
        placed = started.place(order).json()
    assert not (tmp_path / "service.json").exists()
    assert placed["id"] in command(tmp_path, "orders").output
    assert "attempt 1" in command(tmp_path, "orders", placed["id"]).output
    assert isinstance(command(tmp_path, "orders", "nothing").exception, NotFound)
    assert "ORV59I" in command(tmp_path, "codes").output


def test_on_an_empty_record_there_is_nothing_to_show(tmp_path, command):
    made(tmp_path)
    assert "no orders on record" in command(tmp_path, "orders").output
    assert "no codes on record" in command(tmp_path, "codes").output
    assert command(tmp_path, "tasks").stdout == "no tasks on record\n"
    assert command(tmp_path, "tasks", "--parked").stdout == "no parked tasks on record\n"


@pytest.mark.parametrize("asked", [("orders",), ("orders", "X"), ("codes",), ("backup", "copy.db")])
def test_where_there_is_no_record_none_is_made(tmp_path, command, asked):
    data = tmp_path / "new"
    refused = command(data, *asked)
    assert isinstance(refused.exception, NotFound)
    assert str(refused.exception).startswith(f"there is no record {data / 'adapter.db'}; name its folder with ADAPTER_DATA")
    assert not data.exists()


@pytest.mark.parametrize("asked", ["backup", "export"])
def test_a_file_that_has_no_folder_is_not_begun(tmp_path, command, asked):
    made(tmp_path)
    refused = command(tmp_path, asked, str(tmp_path / "none" / "copy"))
    assert isinstance(refused.exception, ConfigError)
    assert str(refused.exception).endswith(f"there is no folder {tmp_path / 'none'}; make it first, or name a file elsewhere")


def made(data: Path) -> None:
    async def opened() -> None:
        await (await Store.open(f"sqlite:///{data / 'adapter.db'}")).close()

    asyncio.run(opened())


def test_backup_copies_the_record_of_a_running_service_and_of_none(service, placed, tmp_path, command):
    (tmp_path / "a").mkdir()
    assert command(service.data, "backup", str(tmp_path / "a/adapter.db")).exit_code == 0
    assert placed["id"] in command(tmp_path / "a", "orders").output
    refused = command(service.data, "backup", str(tmp_path / "a/adapter.db"))
    assert isinstance(refused.exception, ConfigError)
    assert "exists already" in str(refused.exception)
    assert "copied to" in command(tmp_path / "a", "backup", str(tmp_path / "again.db")).output
    assert (tmp_path / "again.db").stat().st_size > 0


def test_what_is_logged_while_a_copy_is_opened_is_no_part_of_what_is_listed(tmp_path):
    made(tmp_path)

    async def copied() -> None:
        store = await Store.open(f"sqlite:///{tmp_path / 'adapter.db'}")
        await store.backup(tmp_path / "copy" / "adapter.db")
        await store.close()

    (tmp_path / "copy").mkdir()
    asyncio.run(copied())
    told = subprocess.run(
        [sys.executable, "-c", "from adapter.cli.main import run; run()", "orders"],
        env={**os.environ, "ADAPTER_HOME": str(ROOT), "ADAPTER_DATA": str(tmp_path / "copy")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "no orders on record\n"
    logged, said = told.stderr.splitlines()
    assert json.loads(logged)["event"] == "record.restored"
    assert said == f"no service is running here: the record is {tmp_path / 'copy' / 'adapter.db'}"


@pytest.mark.parametrize("left", ["killed", "half", "another"])
def test_what_a_killed_service_left_behind_is_no_obstacle(tmp_path, command, left):
    made(tmp_path)
    announced = {"url": f"http://127.0.0.1:{closed_port()}", "token": "t", "pid": 1}
    with HTTPServer(("127.0.0.1", 0), Another) as other:
        Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        if left == "another":
            announced["url"] = f"http://127.0.0.1:{other.server_address[1]}"
        text = json.dumps(announced)
        (tmp_path / "service.json").write_text(text[:10] if left == "half" else text, encoding="utf-8")
        listed = command(tmp_path, "orders")
        missing = command(tmp_path, "orders", "nothing")
        other.shutdown()
    assert listed.stdout == "no orders on record\n"
    assert listed.stderr == f"no service is running here: the record is {tmp_path / 'adapter.db'}\n"
    assert isinstance(missing.exception, NotFound)


class Another(BaseHTTPRequestHandler):
    """Some other program that has got the port since."""

    def do_GET(self) -> None:
        body = b"<html>hello</html>" if "orders?" in self.path else b'{"detail": "who are you"}'
        self.send_response(200 if b"<" in body else 403)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_record_that_another_process_holds_is_told(tmp_path, command):
    held = sqlite3.connect(tmp_path / "adapter.db")
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    refused = command(tmp_path, "orders")
    held.close()
    assert isinstance(refused.exception, StoreUnavailable)
    assert "another process has the file open" in str(refused.exception)


def test_a_service_whose_record_fails_says_so(service, monkeypatch, command):
    async def full(*_: object) -> None:
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(service.hosted.service.pipeline.store, "orders", full)
    refused = command(service.data, "orders")
    assert isinstance(refused.exception, StoreUnavailable)
    assert str(refused.exception) == "the disk is full"


def test_a_service_that_knows_another_token_is_not_believed(service, tmp_path, monkeypatch):
    (tmp_path / "service.json").write_text(json.dumps({"url": service.url, "token": "other"}), encoding="utf-8")
    made(tmp_path)
    settings = load_settings(Home(ROOT), {"ADAPTER_DATA": str(tmp_path)})

    async def own(store: Any) -> str:
        return "opened"

    assert ask(settings, "/admin/orders", own) == "opened"
    assert issubclass(ServiceNotReachable, AdapterError)


def test_client_prints_an_entry_whose_hash_fits_the_secret(tmp_path, command):
    made = command(tmp_path, "client", "shop", "--make-secret")
    assert made.exit_code == 0
    secret = next(line.split(": ")[1] for line in made.stderr.splitlines() if line.startswith("secret,"))
    stored = next(line.split(": ")[1] for line in made.stdout.splitlines() if "secret:" in line)
    assert SecretHash.parse(stored).matches(secret.encode())
    assert secret not in made.stdout
    [(_, printed)] = yaml.safe_load(made.stdout).items()
    assert {key: printed[key] for key in ("faces", "markets", "operations")} == {"faces": [], "markets": [], "operations": []}
    assert "    faces: []         # none yet; without this line, all of them\n" in made.stdout
    typed = command(tmp_path, "client", "shop", text="my own secret\nmy own secret\n")
    stored = next(line.split(": ")[1] for line in typed.stdout.splitlines() if line.startswith("    secret:"))
    assert SecretHash.parse(stored).matches(b"my own secret")
    for name in ("a: b", "7", "#x", "true", "a b", "- x", ""):
        assert command(tmp_path, "client", name, "--make-secret").exit_code == 2
    assert "my own secret" not in typed.stdout
    short = command(tmp_path, "client", "shop", text="short\nshort\n")
    assert short.exit_code == 2
    assert "at least 8 characters" in short.output


def test_errors_of_the_project_are_told_in_a_line_and_exit_2(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ADAPTER_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["adapter", "orders"])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("adapter: config/adapter.yaml was not found in")


def test_a_file_of_another_users_is_told_in_a_line_and_exit_2(monkeypatch, capsys):
    def refused() -> None:  # root reads whatever there is, so that no file can stand for it here
        raise PermissionError(errno.EACCES, "Permission denied", "/var/lib/adapter/service.json")

    monkeypatch.setattr("adapter.cli.main.app", refused)
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith("adapter: /var/lib/adapter/service.json: ")
    assert told.endswith(" has no right to it; give the command as the user that runs the service\n")


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path, command):
    (tmp_path / "file").write_text("", encoding="utf-8")
    refused = command(tmp_path / "file" / "data", "demo")
    assert "the data folder cannot be made" in str(refused.exception)
    assert "ADAPTER_DATA" in str(refused.exception)


def test_version_and_help(tmp_path, command):
    assert command(tmp_path, "--version").output.strip()
    helped = command(tmp_path, "--help").output
    for name in ("serve", "demo", "check", "map", "test", "orders", "codes", "backup", "client"):
        assert name in helped


def test_check_and_map_need_no_place_to_write(tmp_path, command):
    (tmp_path / "file").write_text("not a folder")
    checked = command(tmp_path / "file" / "data", "check")
    assert (checked.exit_code, checked.exception) == (0, None), checked.output
    headers = [word for name in ("X-Conversation-Id", "lob", "channelId") for word in ("-H", f"{name}=X")]
    wanted = ["--market", "pr", "--operation", "productOrder.create", *headers]
    mapped = command(tmp_path / "file" / "data", "map", "-", *wanted, text=json.dumps(pr_order()))
    assert "clientReference" in mapped.output, mapped.output
    with pytest.raises(ConfigError, match="the data folder cannot be made"):
        here()


def test_a_data_folder_is_made_for_the_service_alone_and_holds_the_contract_cache(tmp_path, command):
    data = tmp_path / "new" / "data"
    assert command(data, "check").exit_code == 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {path.name.rpartition("-")[0] for path in (data / "contracts").iterdir()} == {
        path.stem for path in ROOT.glob("mappings/*/schema/*.wsdl")
    }
