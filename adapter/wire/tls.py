"""TLS contexts from what is declared, and endpoints that can be called."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from adapter.channel import Tls
from adapter.errors import ConfigError

_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def tls_context(declared: Tls) -> ssl.SSLContext:
    """A client context. Reads the declared files at once; raises ConfigError that names the file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=declared.authorities)
    except OSError as error:
        raise ConfigError(
            f"tls.authorities {declared.authorities}: {_reason(error)}; it must be a readable PEM file with certificates"
        ) from error
    context.minimum_version = _VERSIONS[declared.minimum_version]
    context.set_alpn_protocols(["http/1.1"])
    if declared.certificate is not None:
        password = declared.key_password.get_secret_value() if declared.key_password else ""
        try:
            # Without a password OpenSSL would ask for one on the terminal, so an empty one is given.
            context.load_cert_chain(declared.certificate, declared.key, lambda: password)
        except (OSError, ValueError) as error:
            files = " and ".join(str(file) for file in (declared.certificate, declared.key) if file)
            raise ConfigError(
                f"tls.certificate, tls.key: {files}: {_reason(error)}; they must be readable PEM files that belong together, "
                "with tls.keyPassword where the key is encrypted"
            ) from error
    return context


def check_endpoint(url: str) -> None:
    """Raises ConfigError where calls to ``url`` would never be made: no http(s) address, or one with credentials."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"the endpoint is not a valid URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ConfigError("the endpoint must be a URL such as https://host:port/path")
    if parts.username is not None:
        raise ConfigError(f"the endpoint at {host} holds credentials; declare them as basic authentication, not in the URL")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no private key, or not its password").lower().replace("_", " ")
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
