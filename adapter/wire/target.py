"""Where a request goes and the bytes that lead it: nothing in here has left yet, so whatever is wrong is certainly not sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

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
    return Target(parts.scheme == "https", host, port or usual, place, written if port in (None, usual) else place, path)


def wrong_header(request: WireRequest) -> str | None:
    """The first header that cannot be sent."""
    if "".join((*request.headers, *request.headers.values())).isprintable():
        return None  # as nearly always
    for name, value in request.headers.items():
        if _CONTROL.search(name) or _CONTROL.search(value):
            return name
    return None


@lru_cache(maxsize=256)
def _usual(method: str, names: tuple[str, ...], host: str, agent: str, body: bool, keeps: bool) -> str:
    """The headers beside a request's own ones, which have ``names``; the same for all requests of one kind. Raises ValueError."""
    if not _TOKEN.fullmatch(method):
        raise ValueError(f"the method {method!r} is none")
    for name in names:
        if not _TOKEN.fullmatch(name) or name.lower() in _OWN:
            raise ValueError(f"the header {name!r} is not a caller's to set, or its name is none")
    headers = {"Host": host, "User-Agent": agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
    if body:
        headers["Content-Type"] = "application/octet-stream"
    given = {name.lower() for name in names}
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name.lower() not in given]
    return "".join([*lines, *([] if keeps else ["Connection: close\r\n"])])


def head_of(request: WireRequest, target: Target, settings: WireSettings) -> bytes:
    """Request line and headers. Raises ValueError for what HTTP cannot carry."""
    method, headers, size = request.method, request.headers, len(request.body)
    names, keeps = tuple(headers), settings.keepalive_seconds > 0
    usual = _usual(method, names, target.host_header, settings.user_agent, size > 0, keeps)
    own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    length = f"Content-Length: {size}\r\n" if size or method in _WITH_BODY else ""
    return f"{method} {target.path} HTTP/1.1\r\n{usual}{own}{length}\r\n".encode()
