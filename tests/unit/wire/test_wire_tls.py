"""TLS towards a backend: whom we trust, and who we say we are.

The certificates under certs/ are made by certs/make.sh; they are static, so that no tool is needed to run the tests.
"""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from adapter.channel import Tls
from adapter.errors import ConfigError, NotSent, WireError
from adapter.ports import WireReply
from adapter.wire.client import Wire
from adapter.wire.settings import WireSettings
from adapter.wire.tls import check_endpoint, tls_context
from tests.unit.wire.raw_backend import CERTS, Peer, RawBackend, obliging, server_tls

CA = CERTS / "ca.pem"


async def call(tls: Tls, certificate: str = "server", *, ask_client: bool = False, host: str = "localhost") -> WireReply:
    async with RawBackend(obliging, tls=server_tls(certificate, ask_client=ask_client)) as backend:
        wire = Wire(WireSettings(tls=tls))
        try:
            return await wire.send(backend.post(scheme="https", host=host))
        finally:
            await wire.close()
            call.requests = backend.requests


def test_a_backend_of_the_declared_authority_is_trusted(run):
    assert run(call(Tls(authorities=CA))).body == b"<ok/>"


@pytest.mark.parametrize(
    ("tls", "certificate", "text"),
    [
        (Tls(), "server", "unable to get local issuer certificate"),
        (Tls(authorities=CA), "other", "Hostname mismatch"),
        (Tls(authorities=CA, serverName="elsewhere.example"), "server", "Hostname mismatch"),
        (Tls(authorities=CA), "expired", "certificate has expired"),
    ],
)
def test_another_backend_is_not_and_nothing_is_sent(run, tls, certificate, text):
    with pytest.raises(NotSent, match=f"localhost:.*the certificate of the backend is not accepted .*{text}.*; nothing was sent"):
        run(call(tls, certificate))
    assert call.requests == []


def test_the_declared_server_name_is_the_one_that_counts(run):
    assert run(call(Tls(authorities=CA, serverName="backend.example"), "other")).status == 200


@pytest.mark.parametrize(
    "identity",
    [
        {"certificate": CERTS / "client.pem"},
        {"certificate": CERTS / "client-certificate.pem", "key": CERTS / "client-key-encrypted.pem", "keyPassword": "secret"},
    ],
)
def test_a_client_certificate_is_shown(run, identity):
    assert run(call(Tls(authorities=CA, **identity), ask_client=True)).status == 200


def test_without_the_client_certificate_the_backend_does_nothing(run):
    # With TLS 1.3 the client has sent before it learns that it was refused, so this is no NotSent.
    with pytest.raises(WireError):
        run(call(Tls(authorities=CA), ask_client=True))
    assert call.requests == []


def test_a_backend_that_speaks_no_tls_is_not_reached(run):
    async def plain(peer: Peer):
        await peer.reader.read(5)
        await peer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async def main():
        async with RawBackend(plain) as backend:
            wire = Wire(WireSettings(tls=Tls(authorities=CA)))
            try:
                await wire.send(backend.post(scheme="https"))
            finally:
                await wire.close()

    with pytest.raises(NotSent, match=r"127.0.0.1:.*the TLS handshake failed \(.*\); nothing was sent"):
        run(main())


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"authorities": "no-such.pem"}, "tls.authorities no-such.pem: No such file or directory; it must be"),
        ({"authorities": CERTS / "make.sh"}, "tls.authorities .*make.sh: no certificate or crl found"),
        ({"certificate": "no-such.pem"}, "tls.certificate, tls.key: no-such.pem: No such file"),
        ({"certificate": CERTS / "client-certificate.pem"}, "client-certificate.pem: no private key, or not its password; they must"),
        (
            {"certificate": CERTS / "client-certificate.pem", "key": CERTS / "client-key-encrypted.pem"},
            "client-certificate.pem and .*client-key-encrypted.pem: .*; they must be readable PEM files that belong together",
        ),
        ({"certificate": CERTS / "client-certificate.pem", "key": CERTS / "server.pem"}, "key values mismatch"),
    ],
)
def test_files_that_cannot_be_used_are_named_at_start(settings, text):
    with pytest.raises(ConfigError, match=text):
        Wire(WireSettings(tls=Tls(**settings)))


def test_a_key_without_certificate_is_refused():
    with pytest.raises(ValidationError, match="there is no certificate that it belongs to"):
        Tls(key=CERTS / "client.pem")


def test_the_least_version_is_kept():
    assert tls_context(Tls(minimumVersion="TLSv1.3")).minimum_version.name == "TLSv1_3"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("ftp://host/x", "must be a URL such as"),
        ("https:///x", "must be a URL such as"),
        ("http://host:0/x", "must be a URL such as"),
        ("http://[::1/x", "not a valid URL"),
        ("http://host:port/x", "not a valid URL"),
        ("http://user:pass@host/x", "at host holds credentials"),
    ],
)
def test_an_endpoint_that_would_never_be_called_is_refused_at_start(url, text):
    with pytest.raises(ConfigError, match=text) as caught:
        check_endpoint(url)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://host/x", "https://localhost:8443/", "https://127.8.8.8/", "https://[::1]:1/"])
def test_an_endpoint_that_may_be_called_passes(url):
    check_endpoint(url)
