"""Where a request goes and the bytes that lead it: nothing in here has left yet, so whatever is wrong is certainly not sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from adapter.loopback import is_loopback
from adapter.ports import WireRequest
from adapter.wire.settings import WireSettings

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PORTS = {"http": 80, "https": 443}
_WITH_BODY = ("POST", "PUT", "PATCH")
_OWN = frozenset(("connection", "content-length", "transfer-encoding"))


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart. ``place`` is host:port for messages, ``path`` as it was written, with its query."""

    tls: bool
    host: str
    port: int
    place: str
    host_header: str
    path: str
    loopback: bool

    @property
    def origin(self) -> tuple[bool, str, int]:
        """What a connection may be used for again."""
        return self.tls, self.host, self.port


@lru_cache(maxsize=256)
def target_of(url: str) -> Target:
    """The address as it was written. Raises ValueError."""
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("holds blanks, control characters or characters that are not ASCII")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError("is not a valid URL") from error
    if parts.scheme not in _PORTS or not host or port == 0:
        raise ValueError("is not a valid http or https URL")
    if parts.username is not None:
        raise ValueError("holds credentials, which belong into the settings of basic authentication")
    usual = _PORTS[parts.scheme]
    written = f"[{host}]" if ":" in host else host
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    place = f"{written}:{port or usual}"
    return Target(parts.scheme == "https", host, port or usual, place, written if port in (None, usual) else place, path, is_loopback(host))


def wrong_header(request: WireRequest) -> str | None:
    """The first header that cannot be sent."""
    if _CONTROL.search("".join((*request.headers, *request.headers.values()))) is None:
        return None
    for name, value in request.headers.items():
        if _CONTROL.search(name) or _CONTROL.search(value):
            return name
    return None


@lru_cache(maxsize=256)
def _lower(names: tuple[str, ...]) -> frozenset[str]:
    """The names of a request's headers in lower case; the same few for all requests of a backend. Raises ValueError."""
    for name in names:
        if not _TOKEN.fullmatch(name) or name.lower() in _OWN:
            raise ValueError(f"the header {name!r} is not a caller's to set, or its name is none")
    return frozenset(name.lower() for name in names)


def head_of(request: WireRequest, target: Target, settings: WireSettings) -> bytes:
    """Request line and headers. Raises ValueError for what HTTP cannot carry."""
    if not _TOKEN.fullmatch(request.method):
        raise ValueError(f"the method {request.method!r} is none")
    names = _lower(tuple(request.headers))
    lines = [f"{request.method} {target.path} HTTP/1.1"]
    if "host" not in names:
        lines.append(f"Host: {target.host_header}")
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if "user-agent" not in names:
        lines.append(f"User-Agent: {settings.user_agent}")
    if "accept" not in names:
        lines.append("Accept: */*")
    if "accept-encoding" not in names:
        lines.append("Accept-Encoding: gzip, deflate")
    if request.body or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body)}")
    if request.body and "content-type" not in names:
        lines.append("Content-Type: application/octet-stream")
    if not settings.keepalive_seconds:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode()
