"""What went wrong on a connection, in words that hold neither credentials nor the query of a URL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp

# All that aiohttp raises for a request that cannot be made, a connection that breaks, or a reply that cannot be read.
BROKEN = (aiohttp.ClientError, OSError, ValueError, RuntimeError)


def describe(error: Exception) -> str:
    """One clause for any exception of aiohttp or the operating system, e.g. "no connection (Connection refused)"."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return f"the exchange cannot be carried on ({error})"


def _reason(error: OSError) -> str:
    reason = getattr(error, "reason", None)  # of an SSLError, e.g. SSLV3_ALERT_HANDSHAKE_FAILURE
    if reason:
        return str(reason).lower().replace("_", " ")
    return error.strerror or str(error) or type(error).__name__


def _certificate(error: aiohttp.ClientConnectorCertificateError) -> str:
    inner = error.certificate_error
    return f"the certificate of the backend is not accepted ({getattr(inner, 'verify_message', '') or inner})"


def _malformed(error: aiohttp.ClientResponseError) -> str:
    return f"the answer is not valid HTTP ({(error.message or str(error.status)).splitlines()[0]})"


# From the special to the general: the first kind that fits speaks.
_WORDS: tuple[tuple[type[Exception], Callable[[Any], str]], ...] = (
    (aiohttp.ClientConnectorDNSError, lambda error: f"the host name cannot be resolved ({_reason(error.os_error)})"),
    (aiohttp.ClientConnectorCertificateError, _certificate),
    (aiohttp.ClientConnectorSSLError, lambda error: f"the TLS handshake failed ({_reason(error.os_error)})"),
    (aiohttp.ClientConnectorError, lambda error: f"no connection ({_reason(error.os_error)})"),
    (aiohttp.ServerDisconnectedError, lambda _error: "the backend closed the connection without a whole answer"),
    (aiohttp.ClientPayloadError, lambda _error: "the answer broke off before its end, or cannot be unpacked"),
    (aiohttp.ClientResponseError, _malformed),
    (OSError, lambda error: f"the connection broke ({_reason(error)})"),
    (aiohttp.ClientConnectionError, lambda _error: "the connection broke"),
)
