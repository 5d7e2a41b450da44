"""TLS contexts from settings, and the rule where verification may be off."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from adapter.errors import ConfigError
from adapter.loopback import is_loopback
from adapter.wire.settings import TlsSettings

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def tls_context(settings: TlsSettings) -> ssl.SSLContext:
    """A client context. Reads the declared files at once; raises ConfigError that names the file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigError(f"tls.ca_file {settings.ca_file}: {_reason(error)}; it must be a readable PEM file with certificates") from error
    context.minimum_version = _VERSIONS[settings.minimum_version]
    context.set_alpn_protocols(["http/1.1"])
    if settings.certificate_file is not None:
        password = settings.key_password.get_secret_value() if settings.key_password else ""
        try:
            # Without a password OpenSSL would ask for one on the terminal, so an empty one is given.
            context.load_cert_chain(settings.certificate_file, settings.key_file, lambda: password)
        except (OSError, ValueError) as error:
            files = " and ".join(str(file) for file in (settings.certificate_file, settings.key_file) if file)
            raise ConfigError(
                f"tls.certificate_file, tls.key_file: {files}: {_reason(error)}; they must be readable PEM files that belong together, "
                "with tls.key_password where the key is encrypted"
            ) from error
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_endpoint(url: str, settings: TlsSettings) -> None:
    """Raises ConfigError where calls to ``url`` would never be made: no http(s) address, or unverified TLS beyond loopback."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"the endpoint is not a valid URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ConfigError("the endpoint must be a URL such as https://host:port/path")
    if parts.username is not None:
        raise ConfigError(f"the endpoint at {host} holds credentials; declare them as basic authentication, not in the URL")
    if parts.scheme == "https" and not settings.verify and not is_loopback(host):
        raise ConfigError(f"tls.verify is off for {host}, which is allowed for loopback addresses only; declare tls.ca_file instead")


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no private key, or not its password").lower().replace("_", " ")
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
