"""What went wrong on a connection, in words that hold neither credentials nor the query of a URL."""

from __future__ import annotations

import socket
import ssl


def connect_words(error: OSError) -> str:
    """Why no connection came about, e.g. "no connection (Connection refused)"."""
    if isinstance(error, socket.gaierror):
        return f"the host name cannot be resolved ({_reason(error)})"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of the backend is not accepted ({error.verify_message or _reason(error)})"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed ({_reason(error)})"
    return f"no connection ({_reason(error)})"


def lost_words(error: Exception | None) -> str:
    """How a connection ended before the answer was whole."""
    if error is None:
        return "the backend closed the connection without a whole answer"
    return f"the connection broke ({_reason(error)})"


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)  # of an SSLError, e.g. SSLV3_ALERT_HANDSHAKE_FAILURE
    if reason:
        return str(reason).lower().replace("_", " ")
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
