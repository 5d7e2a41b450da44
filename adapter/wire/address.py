"""Which addresses may be called where somebody else chose them: names by declared patterns, networks by declaration, else public ones.

A name is looked up anew for every connection, and what it stands for is checked then: a name that was public yesterday and stands for
an address of ours today is not called, and the connection goes to the very address that was checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from adapter.wire.target import Target, target_of

_EMBEDDING = tuple(
    ipaddress.IPv6Network(network) for network in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16")
)
"""IPv6 addresses that lead to an IPv4 address which is written inside of them."""

_NOT_PUBLIC = tuple(ipaddress.ip_network(network) for network in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16"))
"""What the registries keep for protocols and documents, and some releases of Python call global; 192.0.0.192 is a cloud's metadata."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Found = tuple[Any, Any, int, str, tuple[Any, ...]]
Lookup = Callable[[str, int], Awaitable[Sequence[Found]]]
"""(host, port) → what ``socket.getaddrinfo`` gives. Raises OSError."""


class AddressRefused(OSError):
    """Nothing that a name stands for may be called."""


async def look_up(host: str, port: int) -> Sequence[Found]:
    """The system's own answer."""
    return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)


class AddressPolicy:
    """``hosts``: ``hooks.example.com``, ``*.example.com`` (every name below it) or an address. ``networks`` may be reached although
    they are not public. ``http`` allows calls without TLS."""

    def __init__(self, hosts: Sequence[str], networks: Sequence[Network] = (), *, http: bool = False, lookup: Lookup = look_up) -> None:
        self._names = frozenset(host.strip("[]").lower() for host in hosts if not host.startswith("*."))
        self._below = tuple(host[1:].lower() for host in hosts if host.startswith("*."))
        self._networks, self._http, self._lookup = tuple(networks), http, lookup

    def target(self, url: str) -> Target:
        """The address taken apart. Raises ValueError saying what is wrong with it, in words for whoever sent it."""
        target = target_of(url)
        if "\\" in url or "#" in url:
            raise ValueError("holds a backslash or a fragment")
        if not target.tls and not self._http:
            raise ValueError("has to begin with https://")
        name = target.host.rstrip(".").lower()
        if name not in self._names and not (self._below and name.endswith(self._below)):
            raise ValueError("is at a host that may not be called; ask the operator of this service to allow it")
        address = as_address(name)
        if address is not None and not self.allows(address):
            raise ValueError("is at an address that may not be called")
        return target

    def allows(self, address: Address) -> bool:
        """Whether a connection to this address may be opened."""
        if any(address in network for network in self._networks):
            return True
        if isinstance(address, IPv6Address) and (address.is_site_local or any(address in network for network in _EMBEDDING)):
            return False
        if any(address in network for network in _NOT_PUBLIC):
            return False
        return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)

    async def addresses(self, host: str, port: int) -> list[Found]:
        """Where a host may be reached now. Raises AddressRefused where it has no address that may be called, OSError where it has none."""
        found = await self._lookup(host, port)
        allowed = [one for one in found if (address := as_address(str(one[4][0]))) is not None and self.allows(address)]
        if not allowed:
            there = ", ".join(sorted({str(one[4][0]) for one in found}))
            raise AddressRefused(
                f"{host} stands for {there}, which may not be called; config/adapter.yaml, callbacks.networks can allow it"
            )
        return allowed

    async def check(self, url: str, seconds: float) -> Target:
        """Like ``target``, and looks the name up as a connection would. Raises ValueError."""
        target = self.target(url)
        try:
            async with asyncio.timeout(seconds):
                await self.addresses(target.host, target.port)
        except AddressRefused:
            raise ValueError("is at a host that may not be called: none of its addresses is public") from None
        except (OSError, UnicodeError):
            raise ValueError("is at a host whose name cannot be resolved") from None
        return target


def as_address(text: str) -> Address | None:
    """The address that a host is written as, None for a name."""
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
