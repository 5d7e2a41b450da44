"""This machine is known by its name or its addresses; nothing is looked up."""

import pytest

from adapter.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "192.0.2.1", "0.0.0.0", "::", "2001:db8::1", "localhost.example.org", "127.0.0.1.example.org"])
def test_others(host: str) -> None:
    assert not is_loopback(host)
