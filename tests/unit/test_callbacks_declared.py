"""What is declared about callbacks: in ``config/adapter.yaml``, and the keys of clients."""

from __future__ import annotations

import base64
from ipaddress import ip_network
from pathlib import Path

import pytest

from adapter.errors import CheckFailed
from adapter.faces.clients import load_clients
from adapter.settings import Home, load_settings

ROOT = Path(__file__).parents[2]
KEY, OLD = "0123456789abcdef", "whsec_" + base64.b64encode(b"fedcba9876543210").decode()


def test_as_shipped_nobody_may_be_called():
    callbacks = load_settings(Home(ROOT), {}).callbacks
    assert (callbacks.hosts, callbacks.networks, callbacks.http, callbacks.signing) == ((), (), False, "required")


def test_a_variable_may_hold_several():
    environment = {"ADAPTER_CALLBACK_HOSTS": "Hooks.example.com, *.example.net", "ADAPTER_CALLBACK_NETWORKS": "10.0.0.0/8 ::1/128"}
    callbacks = load_settings(Home(ROOT), environment).callbacks
    assert callbacks.hosts == ("hooks.example.com", "*.example.net")
    assert callbacks.networks == (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize("host", ["https://hooks.example.com", "hooks.example.com/x", "*", "hooks.*.com", "a..b/", "-"])
def test_what_is_no_host_is_named(host: str):
    with pytest.raises(CheckFailed, match="is not a host: write a name"):
        load_settings(Home(ROOT), {"ADAPTER_CALLBACK_HOSTS": host})


def test_a_network_is_one():
    with pytest.raises(CheckFailed, match=r"callbacks\.networks"):
        load_settings(Home(ROOT), {"ADAPTER_CALLBACK_NETWORKS": "10.0.0.1/8"})


def clients(tmp_path: Path, **keys: str) -> Path:
    file = tmp_path / "clients.yaml"
    lines = [f"    {name}: {value}" for name, value in keys.items()]
    file.write_text("\n".join(["clients:", "  shop:", "    markets: [north]", '    operations: ["hub.*"]', *lines, ""]), encoding="utf-8")
    return file


def test_keys_are_given_newest_first_as_text_or_base64_and_are_in_no_text(tmp_path: Path):
    shop = load_clients(clients(tmp_path, callbackKey="${NEW}", oldCallbackKey="${OLD}"), {"NEW": KEY, "OLD": OLD}).clients["shop"]
    assert shop.callback_keys == (KEY.encode(), b"fedcba9876543210")
    assert KEY not in repr(shop)
    assert load_clients(clients(tmp_path)).clients["shop"].callback_keys == ()


@pytest.mark.parametrize(
    ("key", "said"), [("tooshort", "at least 16 bytes"), ("whsec_????????????????", "base64"), ("whsec_QUJD", "at least 16 bytes")]
)
def test_a_key_that_is_none_is_refused_and_not_shown(tmp_path: Path, key: str, said: str):
    with pytest.raises(CheckFailed, match=said) as refused:
        load_clients(clients(tmp_path, callbackKey=f"'{key}'"))
    assert key not in str(refused.value)
