"""What every way of speaking over HTTP needs: declared headers, basic authentication, the media type of a message."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from adapter.errors import ConfigError
from adapter.ports import WireReply

OWN = frozenset(("content-type", "content-length", "accept", "host"))  # set by each connector itself
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._\-]+)""", re.IGNORECASE)
_BREAK = re.compile(r"[\r\n\0]")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def checked_headers(headers: Mapping[str, str], own: Collection[str] = OWN) -> dict[str, str]:
    """The headers, if they can be sent as they are; ``own`` are lower-case names that nobody else may set. Raises ConfigError."""
    for name, value in headers.items():
        if name.lower() in own:
            raise ConfigError(f"the HTTP header {name!r} is set by the connector itself; take it out")
        if not _NAME.fullmatch(name) or not (value.isprintable() or _BREAK.search(value) is None):
            raise ConfigError(f"the HTTP header {name!r} cannot be sent: its name or value has characters that headers cannot carry")
    return dict(headers)


def basic_authentication(user: str, password: str, endpoint: str) -> str:
    """The value of the Authorization header. Raises ConfigError for a user that it cannot hold."""
    if ":" in user:
        raise ConfigError(f"the user of basic authentication for {endpoint} must not contain ':'")
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def media_of(headers: Mapping[str, str]) -> tuple[str, str | None]:
    """The media type in lower case ("" where none is named) and the charset it names; header names are lower case."""
    return _media(headers.get("content-type", ""))


@lru_cache(maxsize=64)
def _media(text: str) -> tuple[str, str | None]:
    charset = _CHARSET.search(text)
    return text.partition(";")[0].strip().lower(), charset.group(1) if charset else None


def with_status(reply: WireReply, text: str) -> str:
    """The reason, led by the status where that says more."""
    if 200 <= reply.status < 300:
        return text
    where = f" to {reply.headers['location']}" if 300 <= reply.status < 400 and "location" in reply.headers else ""
    return f"HTTP {reply.status}{where}: {text}"
